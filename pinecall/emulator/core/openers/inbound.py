"""Inbound calls: to a number, or from a browser."""

from __future__ import annotations

from typing import Any

from ...errors import Nobody
from ..kernel.names import caller_id, normal_number
from ..kernel.outbox import Frame
from ..kernel.records import Agent, Connection, Line
from ..kernel.refusals import Refused, text_of
from ..registry import Registry
from ..sessions.live import Sessions
from ..voice.call import VoiceCall
from ..world import World
from .lines import LineCalls

__all__ = ["Inbound"]


class Inbound:
    """Places inbound calls, and accepts or rejects those that ring."""

    def __init__(
        self, world: World, sessions: Sessions, registry: Registry, lines: LineCalls
    ) -> None:
        self._world = world
        self._sessions = sessions
        self._registry = registry
        self._lines = lines

    def phone(
        self, to: str, from_: str | None, *, transport: str = "phone", extension: str | None = None,
        metadata: dict[str, Any] | None = None, language: str | None = None,
    ) -> VoiceCall:  # fmt: skip
        """Ring a number; returns the call, which is over already when it was refused.

        Args:
            to: the number to ring.
            from_: a number, or what a carrier reports for a withheld one: ``"anonymous"``, ``""``, None.
            transport: the transport the call names.
            extension: keys dialled behind the number of a line.
            metadata: the call's metadata.
            language: the caller's language.

        Raises:
            Nobody: the number has no owner online.
        """
        to, from_ = normal_number(to), caller_id(from_)
        owner = self._registry.answers(to, from_)
        if owner is None:
            known = ", ".join(self._registry.numbers()) or "none"
            raise Nobody(f"nobody answers {to}; numbers that are answered: {known}")
        channel = owner.channel(to) if isinstance(owner, Agent) else None
        call = VoiceCall(
            self._world, self._world.new_ids.phone_call(), owner, transport, from_, to, "inbound",
            metadata=metadata, language=language, extension=extension, contact=from_,
            channel_config=channel.config if channel else None,
        )  # fmt: skip
        if self._no_credit(call):
            return call
        self._sessions.add(call)
        if isinstance(owner, Line):
            self._lines.ring(call)
        elif channel is not None and channel.ringing:
            self._ring(call)
        else:
            call.start(call.config("greeting"))
        return call

    def webrtc(
        self, agent_id: str, *, metadata: dict[str, Any] | None = None, language: str | None = None
    ) -> VoiceCall:
        """Call an agent from a browser.

        Raises:
            Nobody: the agent is not online.
        """
        agent = self._registry.online(agent_id)
        channel = next((c for c in agent.channels if c.type == "webrtc"), None)
        call = VoiceCall(
            self._world, self._world.new_ids.uuid(), agent, "webrtc", "webrtc", "webrtc", "inbound",
            metadata=metadata, language=language, channel_config=channel.config if channel else None,
        )  # fmt: skip
        if not self._no_credit(call):
            self._sessions.add(call)
            call.start(call.config("greeting"))
        return call

    def accept(self, link: Connection, frame: Frame) -> None:
        """Carry out ``call.accept``."""
        self._accept(self._waiting(link, frame))

    def reject(self, link: Connection, frame: Frame) -> None:
        """Carry out ``call.reject``: the caller hears busy or nothing; no ``call.ended`` follows."""
        call = self._waiting(link, frame)
        reason = frame.get("reason") if frame.get("reason") in ("busy", "rejected") else "busy"
        call.stop_ringing()
        call.emit("call.rejected", reason=reason)
        call.over(str(reason))

    def _ring(self, call: VoiceCall) -> None:
        timeout = self._world.settings.ringing_timeout
        call.ringing = self._world.later(timeout, lambda: self._accept(call))
        call.emit("call.ringing", **{"from": call.from_}, to=call.to, direction="inbound")

    def _accept(self, call: VoiceCall) -> None:
        call.stop_ringing()
        if not call.ended:
            call.start(call.config("greeting"))

    def _waiting(self, link: Connection, frame: Frame) -> VoiceCall:
        call = self._sessions.get(text_of(frame, "call_id"))
        if not isinstance(call, VoiceCall) or call.ringing is None or call.owner.link is not link:
            raise Refused("CALL_NOT_FOUND", f"Call '{frame['call_id']}' is not ringing")
        return call

    def _no_credit(self, call: VoiceCall) -> bool:
        left = self._world.settings.credits
        if left is None or left > 0:
            return False
        self._world.tell(call.owner, "credits.rejected", call_id=call.id)
        call.reason = "credits_rejected"
        return True
