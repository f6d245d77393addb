"""Phone lines: numbers answered by code, which may hand their calls to an agent."""

from __future__ import annotations

from typing import Any

from ...errors import EmulatorError
from ..kernel.checks import unusable
from ..kernel.names import normal_number
from ..kernel.outbox import Frame
from ..kernel.records import Connection, Line
from ..kernel.refusals import Refused, text_of
from ..registry import Registry
from ..sessions.live import Sessions
from ..voice.call import VoiceCall
from ..world import World

__all__ = ["LineCalls"]

_NOT_FOR_LINES = ("llm", "prompt", "tools", "greeting")
_WINDOW_MS = 2500


class LineCalls:
    """Carries out the ``line.*`` commands, and starts and routes the calls of lines."""

    def __init__(self, world: World, sessions: Sessions, registry: Registry) -> None:
        self._world = world
        self._sessions = sessions
        self._registry = registry

    def create(self, link: Connection, frame: Frame) -> None:
        """Carry out ``line.create``; the same owner may repeat it."""
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
        numbers = self._world.settings.numbers
        if numbers is not None and number not in numbers and not number.startswith("sip:"):
            raise Refused("PHONE_NOT_IN_ORG", f"{number} is not a number of {link.org}")
        lines = self._registry.lines
        line = lines.get(number)
        if line is not None and (line.org != link.org or line.link not in (None, link)):
            raise Refused("LINE_CONFLICT", f"{number} is held as a line elsewhere")
        back = line is not None and line.link is None
        if line is None:
            line = lines[number] = Line(f"line:{number}", link.org, link, number=number)
        line.link, line.config = link, config
        self._world.send(link, {"event": "line.created", "number": number, "agent_id": line.id})
        if back:
            self._sessions.resumed(line)

    def destroy(self, link: Connection, frame: Frame) -> None:
        """Carry out ``line.destroy`` and end the line's calls."""
        try:
            number = normal_number(text_of(frame, "number"))
        except EmulatorError as why:
            raise Refused("LINE_CONFIG_ERROR", str(why)) from None
        line = self._registry.lines.get(number)
        if line is None or line.link is not link:
            raise Refused("LINE_CONFIG_ERROR", f"{number} is not a line of this connection")
        for session in self._sessions.of(line):
            session.end("hangup")
        del self._registry.lines[number]
        self._world.send(link, {"event": "line.destroyed", "number": number, "agent_id": line.id})

    def ring(self, call: VoiceCall) -> None:
        """Start a call to a line; keys pressed within the extension window become its extension."""
        window = float(call.owner.config.get("extension_window_ms", _WINDOW_MS)) / 1000
        if window <= 0:
            digits, call.extension = call.extension, None
            call.start()
            if digits:
                call.press(digits)
        elif call.extension is not None:
            call.start()
        else:
            call.dialling_extension = True
            self._world.later(window * self._world.settings.pace, lambda: self._window_over(call))

    def route(self, link: Connection, frame: Frame) -> None:
        """Carry out ``call.route``: end the call for the line and start it for the agent."""
        call = self._sessions.commanded(link, frame)
        if not isinstance(call, VoiceCall) or not isinstance(call.owner, Line):
            raise Refused("BAD_REQUEST", f"call '{call.id}' is not a line's call")
        name = text_of(frame, "agent")
        agent = self._registry.find(link.org, name)
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
        now = self._world.now
        call.emit(
            "call.ended", reason="routed", duration_seconds=round(now - call.started_at, 3),
            started_at=call.started_at, ended_at=now,
        )  # fmt: skip

    def _window_over(self, call: VoiceCall) -> None:
        call.dialling_extension = False
        if not call.ended:
            call.start()
