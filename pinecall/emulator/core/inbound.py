"""Calls that come in: to a number, or from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Nobody
from .connections import Connection
from .names import caller_id, normal_number
from .outbox import Frame
from .records import Agent, Line
from .refusals import Refused, text_of
from .timeline import Timer
from .voice import VoiceCall

if TYPE_CHECKING:
    from .server import Server

__all__ = ["Inbound"]


class Inbound:
    """Places inbound calls and keeps those that still ring."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ringing: dict[str, tuple[VoiceCall, Timer]] = {}

    def phone(
        self, to: str, from_: str | None, *, transport: str = "phone", extension: str | None = None,
        metadata: dict[str, Any] | None = None, language: str | None = None,
    ) -> VoiceCall:  # fmt: skip
        """Ring a number; the caller's end of the call, which may be over already when it was refused.

        from_: a number, or what a carrier says of a withheld one: ``"anonymous"``, ``""``, None

        Raises:
            Nobody: nobody answers that number.
        """
        to, from_ = normal_number(to), caller_id(from_)
        owner = self._server.registry.answers(to, from_)
        if owner is None:
            known = ", ".join(self._server.registry.numbers()) or "none"
            raise Nobody(f"nobody answers {to}; numbers somebody answers: {known}")
        channel = owner.channel(to) if isinstance(owner, Agent) else None
        call = VoiceCall(
            self._server, self._server.new_ids.phone_call(), owner, transport, from_, to, "inbound",
            metadata=metadata, language=language, extension=extension, contact=from_,
            channel_config=channel.config if channel else None,
        )  # fmt: skip
        if self._no_credit(call):
            return call
        self._server.sessions[call.id] = call
        if isinstance(owner, Line):
            self._server.line_calls.ring(call)
        elif channel is not None and channel.ringing:
            self._ring(call)
        else:
            call.start(call.config("greeting"))
        return call

    def webrtc(
        self, agent_id: str, *, metadata: dict[str, Any] | None = None, language: str | None = None
    ) -> VoiceCall:
        """A browser's call to an agent.

        Raises:
            Nobody: the agent is not online.
        """
        agent = self._server.online(agent_id)
        channel = next((c for c in agent.channels if c.type == "webrtc"), None)
        call = VoiceCall(
            self._server, self._server.new_ids.uuid(), agent, "webrtc", "webrtc", "webrtc", "inbound",
            metadata=metadata, language=language, channel_config=channel.config if channel else None,
        )  # fmt: skip
        if not self._no_credit(call):
            self._server.sessions[call.id] = call
            call.start(call.config("greeting"))
        return call

    def accept(self, link: Connection, frame: Frame) -> None:
        """``call.accept``."""
        self._accept(self._waiting(link, frame))

    def reject(self, link: Connection, frame: Frame) -> None:
        """``call.reject``: the caller hears busy or nothing; no ``call.ended`` follows."""
        call = self._waiting(link, frame)
        reason = frame.get("reason") if frame.get("reason") in ("busy", "rejected") else "busy"
        self._stop_ringing(call)
        call.emit("call.rejected", reason=reason)
        self._server.session_over(call, str(reason))

    def hung_up(self, call: VoiceCall) -> bool:
        """The caller gave up while it rang: whether it did ring."""
        if call.id not in self._ringing:
            return False
        self._stop_ringing(call)
        return True

    def _ring(self, call: VoiceCall) -> None:
        timer = self._server.timeline.after(
            self._server.settings.ringing_timeout, lambda: self._accept(call)
        )
        self._ringing[call.id] = (call, timer)
        call.emit("call.ringing", **{"from": call.from_}, to=call.to, direction="inbound")

    def _accept(self, call: VoiceCall) -> None:
        self._stop_ringing(call)
        if not call.ended:
            call.start(call.config("greeting"))

    def _waiting(self, link: Connection, frame: Frame) -> VoiceCall:
        call, _ = self._ringing.get(text_of(frame, "call_id"), (None, None))
        if call is None or call.owner.link is not link:
            raise Refused("CALL_NOT_FOUND", f"Call '{frame['call_id']}' is not ringing")
        return call

    def _stop_ringing(self, call: VoiceCall) -> None:
        _, timer = self._ringing.pop(call.id, (None, None))
        if timer is not None:
            timer.cancel()

    def _no_credit(self, call: VoiceCall) -> bool:
        left = self._server.settings.credits
        if left is None or left > 0:
            return False
        self._server.tell(call.owner, "credits.rejected", call_id=call.id)
        call.reason = "credits_rejected"
        return True
