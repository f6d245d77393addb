"""Outbound calls: dialled numbers with the outcome a test sets, and bridges between agents."""

from __future__ import annotations

from collections import deque
from typing import Any

from attrs import define, evolve, frozen

from ...errors import EmulatorError
from ..kernel.names import normal_number
from ..kernel.outbox import Frame
from ..kernel.records import Agent, Connection
from ..kernel.refusals import Refused, text_of
from ..kernel.timeline import Timer
from ..registry import Registry
from ..sessions.live import Sessions
from ..voice.call import VoiceCall
from ..world import World

__all__ = ["OUTCOMES", "Outbound", "Outcome"]

OUTCOMES = ("answer", "busy", "no-answer", "failed", "canceled", "silent", "error")


@frozen
class Outcome:
    """The outcome of a dial, after ``delay`` seconds or else after one ring at the pace."""

    what: str = "answer"
    delay: float | None = None
    times: int | None = None


@define(eq=False)
class _Dialling:
    call: VoiceCall
    timer: Timer | None


class Outbound:
    """Dials numbers, and keeps answered calls until the callee's end is taken."""

    def __init__(self, world: World, sessions: Sessions, registry: Registry) -> None:
        self._world = world
        self._sessions = sessions
        self._registry = registry
        self._outcomes: dict[str, list[Outcome]] = {}
        self._dialling: dict[str, _Dialling] = {}
        self.answered: dict[str, deque[VoiceCall]] = {}

    def on_dial(self, to: str, outcome: Outcome) -> None:
        """Set the outcome of dialling ``to`` (a number, or ``*``) from now on.

        Raises:
            EmulatorError: an unknown outcome, or not a number.
        """
        if outcome.what not in OUTCOMES:
            raise EmulatorError(f"on_dial(outcome={outcome.what!r}): one of {', '.join(OUTCOMES)}")
        key = to if to == "*" else normal_number(to)
        planned = self._outcomes.setdefault(key, [])
        if outcome.times is None:
            planned.clear()
            planned.append(outcome)
        else:
            planned.extend([evolve(outcome, times=1)] * outcome.times)

    def take_answered(self, to: str) -> VoiceCall | None:
        """Take the callee's end of the next answered dial to ``to``, once each."""
        waiting = self.answered.get(to)
        return waiting.popleft() if waiting else None

    def dial(self, link: Connection, frame: Frame) -> None:
        """Carry out ``call.dial``."""
        world = self._world
        agent = self._registry.held(link, frame)
        try:
            to, from_ = normal_number(text_of(frame, "to")), normal_number(text_of(frame, "from"))
        except EmulatorError as why:
            raise Refused("BAD_REQUEST", f"call.dial: {why}") from None
        channel = agent.channel(from_)
        if channel is None or channel.type != "phone":
            raise Refused("CALLER_ID", f"{from_} is not a phone number of agent '{agent.id}'")
        if world.settings.credits is not None and world.settings.credits <= 0:
            raise Refused("INSUFFICIENT_CREDITS", "no credit left for an outbound call")
        call = VoiceCall(
            world, world.new_ids.phone_call(), agent, "phone", from_, to, "outbound", contact=to,
            metadata=_object(frame, "metadata"), channel_config=channel.config,
        )  # fmt: skip
        call.overrides.update(_object(frame, "config"))
        self._sessions.add(call)
        outcome = self._outcome(to)
        call.emit("call.dialing", **{"from": from_}, to=to)
        timer = None
        if outcome.what != "silent":
            settings = world.settings
            rings = settings.ring_delay * settings.pace if outcome.delay is None else outcome.delay
            timer = world.later(rings, lambda: self._picked(call, outcome, frame))
        self._dialling[call.id] = _Dialling(call, timer)

    def gave_up(self, call: VoiceCall) -> bool:
        """Cancel a call that still rings; False when it does not ring."""
        dialling = self._dialling.pop(call.id, None)
        if dialling is None:
            return False
        if dialling.timer is not None:
            dialling.timer.cancel()
        call.end("canceled")
        return True

    def bridge(self, link: Connection, frame: Frame) -> None:
        """Carry out ``call.bridge``: two calls with crossed audio; each hears the other as its user."""
        agent = self._registry.held(link, frame)
        target = self._registry.find(link.org, text_of(frame, "target"))
        if target is None or target.link is None:
            raise Refused("AGENT_OFFLINE", f"Agent '{frame['target']}' is not online")
        metadata, media = _object(frame, "metadata"), _object(frame, "media")
        ours = self._side(agent, target, "outbound", metadata, agent)
        theirs = self._side(agent, target, "inbound", metadata, target)
        ours.overrides.update(_object(frame, "config"))
        if media:
            ours.overrides["media"] = media
        ours.peer, theirs.peer = theirs, ours
        waits = frame.get("detect_turn_end") is not False
        theirs.start(theirs.config("greeting"))
        if not ours.ended:
            ours.start(frame.get("greeting"), waits=waits and bool(theirs.config("greeting")))

    def _side(
        self, agent: Agent, target: Agent, direction: str, metadata: dict[str, Any], owner: Agent
    ) -> VoiceCall:
        call = VoiceCall(
            self._world, self._world.new_ids.uuid(), owner, None, agent.id, target.id, direction,
            metadata=metadata,
        )  # fmt: skip
        self._sessions.add(call)
        return call

    def _outcome(self, to: str) -> Outcome:
        for key in (to, "*"):
            planned = self._outcomes.get(key)
            if planned:
                return planned[0] if planned[0].times is None else planned.pop(0)
        return Outcome()

    def _picked(self, call: VoiceCall, outcome: Outcome, frame: Frame) -> None:
        if self._dialling.pop(call.id, None) is None or call.ended:
            return
        if outcome.what == "answer":
            call.start(frame.get("greeting"), waits=frame.get("detect_turn_end") is True)
            if not call.ended:
                self.answered.setdefault(call.to, deque()).append(call)
        elif outcome.what == "error":
            call.emit("call.error", error="the carrier refused the call", code="CARRIER_ERROR")
            call.over("error")
        else:
            call.end(outcome.what)


def _object(frame: Frame, key: str) -> dict[str, Any]:
    value = frame.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("BAD_REQUEST", f"{frame['event']}: {key} must be an object")
    return value
