"""What happened in a call, as both of its ends saw it: words, tools and the rest, with times."""

from __future__ import annotations

from typing import Any

import msgspec
from attrs import define, field

__all__ = ["Line", "Reply", "Stories", "Story", "ToolUse"]

#: Events that a story tells in a line of its own, and how.
_TOLD = {
    "call.held": "on hold",
    "call.unheld": "off hold",
    "call.muted": "the caller is muted",
    "call.unmuted": "the caller is heard again",
    "call.forwarded": "forwarded to {to}",
    "call.dtmf_sent": "the agent plays {digits}",
    "session.idle_warning": "idle: {remaining_seconds:g} s left",
    "session.timeout": "the platform's limit: {reason}",
    "skill.loaded": "skill {skill} loaded",
    "skill.unloaded": "skill {skill} unloaded",
    "llm.error": "the model failed: {error}",
    "turn.continued": "the caller goes on; the answer is dropped",
    "call.routed": "handed over to {agent}",
    "call.rejected": "rejected ({reason})",
}
_ENDS = ("call.ended", "llm.chat.ended", "whatsapp.session_ended", "call.error")
_STARTS = {
    "call.ringing": "rings",
    "call.dialing": "dialling {to}",
    "call.started": "picked up",
    "llm.chat.started": "chat opened",
    "whatsapp.session_started": "session opened",
}


@define(eq=False)
class Line:
    """One line of the story; ``at`` is epoch seconds of the call's time."""

    at: float
    who: str
    text: str


@define(eq=False)
class Reply:
    """One thing the agent said; ``ended`` is None while it speaks."""

    message_id: str
    began: float
    line: Line
    words: list[str] = field(factory=list)
    ended: float | None = None
    interrupted: bool = False


@define(eq=False)
class ToolUse:
    """One call of a tool: its arguments, and its result once there is one."""

    id: str
    name: str
    arguments: dict[str, Any]
    began: float
    line: Line
    result: Any = None
    ended: float | None = None

    def __str__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.name}({given})"


class Story:
    """One call, from its first event on."""

    def __init__(self, call_id: str, began: float) -> None:
        self.call_id = call_id
        self.began = began
        self.lines: list[Line] = []
        self.replies: dict[str, Reply] = {}
        self.tools: dict[str, ToolUse] = {}
        #: When the caller last stopped speaking; the begin of the call before that.
        self.caller_silent = began
        self._caller_began: float | None = None
        self._started = False

    def tell(self, at: float, who: str, text: str) -> Line:
        """Add a line."""
        line = Line(at, who, text)
        self.lines.append(line)
        return line

    def event(self, frame: dict[str, Any]) -> None:
        """Take one event of the server's."""
        name, at = frame["event"], frame["ts"]
        if name in _STARTS:
            if name != "call.started" or not self._started:
                self.tell(at, "call", _STARTS[name].format_map(frame))
            else:
                self.tell(at, "link", "the agent is back")
            self._started = self._started or name == "call.started"
            self.caller_silent = max(self.caller_silent, at) if not self.lines[1:] else at
        elif name in _TOLD:
            self.tell(at, "call", _TOLD[name].format_map(frame))
        elif name in _ENDS:
            for reply in self.replies.values():
                self._over(reply, at, cut=True)
            self.tell(at, "call", f"over ({frame.get('reason') or frame.get('error') or 'closed'})")
        else:
            handle = getattr(self, "_" + name.replace(".", "_"), None)
            if handle is not None:
                handle(frame, at)

    # -- the caller -----------------------------------------------------------------------------

    def _speech_started(self, frame: dict[str, Any], at: float) -> None:
        self._caller_began = at

    def _speech_ended(self, frame: dict[str, Any], at: float) -> None:
        self.caller_silent = at

    def _user_message(self, frame: dict[str, Any], at: float) -> None:
        if self._caller_began is not None:
            self.tell(self._caller_began, "caller", frame["text"])
            self._caller_began = None

    def _chat_message(self, frame: dict[str, Any], at: float) -> None:
        self.tell(at, "caller", frame["text"])
        self.caller_silent = at

    _whatsapp_message = _chat_message

    def _call_dtmf_received(self, frame: dict[str, Any], at: float) -> None:
        if self.lines and self.lines[-1].who == "keys":
            self.lines[-1].text += frame["digit"]
        else:
            self.tell(at, "keys", frame["digit"])
        self.caller_silent = at

    # -- the agent ------------------------------------------------------------------------------

    def _bot_speaking(self, frame: dict[str, Any], at: float) -> None:
        self._reply(frame["message_id"], at)

    def _reply(self, message_id: str, at: float) -> Reply:
        reply = self.replies.get(message_id)
        if reply is None:
            reply = Reply(message_id, at, self.tell(at, "agent", ""))
            self.replies[message_id] = reply
        return reply

    def _bot_word(self, frame: dict[str, Any], at: float) -> None:
        reply = self._reply(frame["message_id"], at)
        reply.words.append(frame["word"])
        reply.line.text = " ".join(reply.words)

    def _llm_chat_chunk(self, frame: dict[str, Any], at: float) -> None:
        reply = self._reply(frame["message_id"], at)
        reply.words.append(frame["token"])
        reply.line.text = "".join(reply.words)

    def _chat_response(self, frame: dict[str, Any], at: float) -> None:
        last = next(reversed(self.replies.values()), None)
        if last is None or last.ended is not None:
            last = self._reply(f"chat {len(self.replies)}", at)
        last.line.text = frame["text"]
        self._over(last, at)

    def _whatsapp_response(self, frame: dict[str, Any], at: float) -> None:
        self._chat_response(frame, at)

    def _bot_finished(self, frame: dict[str, Any], at: float) -> None:
        if frame["message_id"] in self.replies:
            self._over(self.replies[frame["message_id"]], at)

    def _bot_interrupted(self, frame: dict[str, Any], at: float) -> None:
        if frame["message_id"] in self.replies:
            self._over(self.replies[frame["message_id"]], at, cut=True)

    @staticmethod
    def _over(reply: Reply, at: float, *, cut: bool = False) -> None:
        if reply.ended is None:
            reply.ended = at
            reply.interrupted = cut
            if cut:
                reply.line.text = f"{reply.line.text} -"

    # -- tools ----------------------------------------------------------------------------------

    def _llm_tool_call(self, frame: dict[str, Any], at: float) -> None:
        for known in frame["tool_calls"]:
            if known["id"] in self.tools:
                self.tell(at, "link", f"{self.tools[known['id']].name} is asked for again")
                continue
            arguments = _arguments(known["arguments"])
            use = ToolUse(known["id"], known["name"], arguments, at, self.tell(at, "tool", ""))
            use.line.text = str(use)
            self.tools[use.id] = use

    def results(self, frame: dict[str, Any], at: float) -> None:
        """Take ``llm.tool_result`` of the program's."""
        for result in frame.get("results") or ():
            use = self.tools.get(result.get("tool_call_id"))
            if use is not None and use.ended is None:
                use.result, use.ended = result.get("result"), at
                took = f" ({at - use.began:.1f} s)" if at - use.began >= 0.05 else ""
                use.line.text = f"{use} → {_short(use.result)}{took}"


class Stories:
    """The stories of a test's calls, and what the program sent."""

    def __init__(self) -> None:
        self.calls: dict[str, Story] = {}

    def event(self, call_id: str, frame: dict[str, Any]) -> None:
        """Take one event of a call, from the server."""
        self.of(call_id, frame["ts"]).event(frame)

    def of(self, call_id: str, now: float) -> Story:
        """Return the story of a call."""
        story = self.calls.get(call_id)
        if story is None:
            story = self.calls[call_id] = Story(call_id, now)
        return story

    def passed(self, passed: Any) -> None:
        """Take a frame that reached the server."""
        if passed.way == "in" and passed.frame["event"] == "llm.tool_result":
            story = self.calls.get(str(passed.frame.get("call_id")))
            if story is not None:
                story.results(passed.frame, passed.at)


def _arguments(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError:
            pass
    return given if isinstance(given, dict) else {"arguments": given}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
