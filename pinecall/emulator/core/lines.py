"""Phone lines: numbers answered by code, and the hand-over to an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import EmulatorError
from .checks import unusable
from .connections import Connection
from .names import normal_number
from .outbox import Frame
from .records import Line
from .refusals import Refused, text_of
from .timeline import Timer
from .voice import VoiceCall

if TYPE_CHECKING:
    from .server import Server

__all__ = ["LineCalls"]

_NOT_FOR_LINES = ("llm", "prompt", "tools", "greeting")
_WINDOW_MS = 2500


class LineCalls:
    """``line.*`` and the calls lines answer."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._windows: dict[str, Timer] = {}

    def create(self, link: Connection, frame: Frame) -> None:
        """``line.create``: created, also again by the same owner; or ``line.error``."""
        try:
            number = normal_number(text_of(frame, "number", "LINE_CONFIG_ERROR"))
        except EmulatorError as why:
            raise Refused("LINE_CONFIG_ERROR", str(why)) from None
        config: Any = frame.get("config", {})
        if not isinstance(config, dict):
            raise Refused("LINE_CONFIG_ERROR", "config must be an object")
        if wrong := next((key for key in _NOT_FOR_LINES if key in config), None):
            raise Refused("LINE_CONFIG_ERROR", f"a line takes no {wrong}: it is answered by code")
        if why_not := unusable(
            {k: v for k, v in config.items() if k in ("stt", "voice", "language")}
        ):
            raise Refused("LINE_CONFIG_ERROR", why_not)
        numbers = self._server.settings.numbers
        if numbers is not None and number not in numbers and not number.startswith("sip:"):
            raise Refused("PHONE_NOT_IN_ORG", f"{number} is not a number of {link.org}")
        lines = self._server.registry.lines
        line = lines.get(number)
        if line is not None and (line.org != link.org or line.link not in (None, link)):
            raise Refused("LINE_CONFLICT", f"{number} is held as a line elsewhere")
        back = line is not None and line.link is None
        if line is None:
            line = lines[number] = Line(f"line:{number}", link.org, link, number=number)
        line.link, line.config = link, config
        self._server.send(link, {"event": "line.created", "number": number, "agent_id": line.id})
        if back:
            self._server.sessions_resumed(line)

    def destroy(self, link: Connection, frame: Frame) -> None:
        """``line.destroy``: its calls end."""
        try:
            number = normal_number(text_of(frame, "number"))
        except EmulatorError as why:
            raise Refused("LINE_CONFIG_ERROR", str(why)) from None
        line = self._server.registry.lines.get(number)
        if line is None or line.link is not link:
            raise Refused("LINE_CONFIG_ERROR", f"{number} is not a line of this connection")
        for session in [s for s in self._server.sessions.values() if s.owner is line]:
            session.end("hangup")
        del self._server.registry.lines[number]
        self._server.send(link, {"event": "line.destroyed", "number": number, "agent_id": line.id})

    def ring(self, call: VoiceCall) -> None:
        """A call to a line: keys inside the extension window become its extension."""
        window = float(call.owner.config.get("extension_window_ms", _WINDOW_MS)) / 1000
        if window <= 0:
            digits, call.extension = call.extension, None
            call.start()
            if digits:
                call.press(digits)
        elif call.extension is not None:
            call.start()
        else:
            pace = self._server.settings.pace
            self._windows[call.id] = self._server.timeline.after(
                window * pace, lambda: self._window_over(call)
            )

    def dialled(self, call: VoiceCall, digits: str) -> bool:
        """Keys pressed inside the window: whether it was open."""
        if call.id not in self._windows:
            return False
        call.extension = (call.extension or "") + digits
        return True

    def route(self, link: Connection, frame: Frame) -> None:
        """``call.route``: routed, ended for the line, started for the agent; or ``call.route_failed``."""
        call = self._server.session_of(link, frame)
        if not isinstance(call, VoiceCall) or not isinstance(call.owner, Line):
            raise Refused("BAD_REQUEST", f"call '{call.id}' is not a line's call")
        name = text_of(frame, "agent")
        agent = self._server.registry.find(link.org, name)
        if agent is None or agent.link is None:
            reason = "unknown" if agent is None else "offline"
            call.emit("call.route_failed", agent=name, reason=reason)
            return
        line = call.owner
        call.speaker.clear("cancelled")
        call.emit("call.routed", agent=agent.id)
        self._line_over(call)
        call.hand_over(agent)
        call.routed_from = line.id
        call.overrides = {k: frame[k] for k in ("voice", "stt") if k in frame}
        call.language = frame.get("language") or agent.config.get("language") or call.language
        call.vars.update(frame.get("prompt_vars") or {})
        for key, value in (frame.get("context") or {}).items():
            call.set_context(key, value)
        if frame.get("history") is False:
            call.messages.clear()
            call.line_transcript = []
        call.start(frame.get("greeting", agent.config.get("greeting")))

    def _line_over(self, call: VoiceCall) -> None:
        now = self._server.now
        call.emit(
            "call.ended", reason="routed", duration_seconds=round(now - call.started_at, 3),
            started_at=call.started_at, ended_at=now,
        )  # fmt: skip

    def _window_over(self, call: VoiceCall) -> None:
        self._windows.pop(call.id, None)
        if not call.ended:
            call.start()
