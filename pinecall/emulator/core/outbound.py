"""Calls that go out: dialled numbers with the outcome a test asks for, and bridges between agents."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, frozen

from ..errors import EmulatorError
from .caller import Saying
from .connections import Connection
from .names import normal_number
from .outbox import Frame
from .records import Agent
from .refusals import Refused, text_of
from .timeline import Timer
from .voice import VoiceCall

if TYPE_CHECKING:
    from .server import Server

__all__ = ["OUTCOMES", "Outbound", "Outcome"]

OUTCOMES = ("answer", "busy", "no-answer", "failed", "canceled", "silent", "error")


@frozen
class Outcome:
    """What happens when a number is dialled; ``delay`` seconds later, else after a ring at the pace."""

    what: str = "answer"
    delay: float | None = None
    times: int | None = None


@define(eq=False)
class _Dialling:
    call: VoiceCall
    timer: Timer | None


class Outbound:
    """Dials by call id, answered dials by number until somebody takes the callee's end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._outcomes: dict[str, list[Outcome]] = {}
        self._dialling: dict[str, _Dialling] = {}
        self.answered: dict[str, deque[VoiceCall]] = {}

    def on_dial(self, to: str, outcome: Outcome) -> None:
        """What dialling ``to`` (a number, or ``*``) leads to from now on.

        Raises:
            EmulatorError: an unknown outcome, or no number.
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
        """The callee's end of the next answered dial to ``to``, once each."""
        waiting = self.answered.get(to)
        return waiting.popleft() if waiting else None

    def dial(self, link: Connection, frame: Frame) -> None:
        """``call.dial``."""
        server = self._server
        agent = server.registry.held(link, frame)
        try:
            to, from_ = normal_number(text_of(frame, "to")), normal_number(text_of(frame, "from"))
        except EmulatorError as why:
            raise Refused("BAD_REQUEST", f"call.dial: {why}") from None
        channel = agent.channel(from_)
        if channel is None or channel.type != "phone":
            raise Refused("CALLER_ID", f"{from_} is not a phone number of agent '{agent.id}'")
        if server.settings.credits is not None and server.settings.credits <= 0:
            raise Refused("INSUFFICIENT_CREDITS", "no credit left for an outbound call")
        call = VoiceCall(
            server, server.new_ids.phone_call(), agent, "phone", from_, to, "outbound", contact=to,
            metadata=_object(frame, "metadata"), channel_config=channel.config,
        )  # fmt: skip
        call.overrides.update(_object(frame, "config"))
        server.sessions[call.id] = call
        outcome = self._outcome(to)
        call.emit("call.dialing", **{"from": from_}, to=to)
        timer = None
        if outcome.what != "silent":
            settings = server.settings
            rings = settings.ring_delay * settings.pace if outcome.delay is None else outcome.delay
            timer = server.timeline.after(rings, lambda: self._picked(call, outcome, frame))
        self._dialling[call.id] = _Dialling(call, timer)

    def gave_up(self, call: VoiceCall) -> bool:
        """The agent hangs up a call that still rings: whether it did."""
        dialling = self._dialling.pop(call.id, None)
        if dialling is None:
            return False
        if dialling.timer is not None:
            dialling.timer.cancel()
        call.end("canceled")
        return True

    def bridge(self, link: Connection, frame: Frame) -> None:
        """``call.bridge``: two calls whose audio is crossed; each hears the other as its user."""
        server = self._server
        agent = server.registry.held(link, frame)
        target = server.registry.find(link.org, text_of(frame, "target"))
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

    def crossed(self, call: VoiceCall, text: str) -> None:
        """The other side of a bridge hears what this one said, until they talked long enough."""
        peer = call.peer
        if peer is None or peer.ended or not text:
            return
        call.crossed += 1
        if call.crossed > self._server.settings.bridge_turns:
            call.end("hangup")
        else:
            peer.caller.say(Saying(text, source="bot"))

    def _side(
        self, agent: Agent, target: Agent, direction: str, metadata: dict[str, Any], owner: Agent
    ) -> VoiceCall:
        call = VoiceCall(
            self._server, self._server.new_ids.uuid(), owner, None, agent.id, target.id, direction,
            metadata=metadata,
        )  # fmt: skip
        self._server.sessions[call.id] = call
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
            self._server.session_over(call, "error")
        else:
            call.end(outcome.what)


def _object(frame: Frame, key: str) -> dict[str, Any]:
    value = frame.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("BAD_REQUEST", f"{frame['event']}: {key} must be an object")
    return value
