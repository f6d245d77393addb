"""Refusals: each family of commands has its own form on the wire."""

from __future__ import annotations

from typing import Any

from .outbox import Frame

__all__ = ["DEFAULT_CODES", "Refused", "refusal", "text_of"]

DEFAULT_CODES = {
    "connect": "INVALID_KEY",
    "agent.create": "REGISTRATION_ERROR",
    "channel.add": "PHONE_IN_USE",
    "line.create": "LINE_CONFLICT",
    "call.route": "offline",
    "call.dial": "DIAL_REFUSED",
    "bot.reply": "message_obsolete",
    "bot.reply.stream": "message_obsolete",
}


_NAMES = (
    "agent_id", "call_id", "session_id", "request_id", "number", "agent", "message_id", "in_reply_to",
)  # fmt: skip


class Refused(Exception):
    """A command that the server refuses; it is sent in the form of the command's family."""

    def __init__(self, code: str, error: str, **fields: Any) -> None:
        super().__init__(error)
        self.code = code
        self.error = error
        self.fields = fields


def text_of(frame: Frame, key: str, code: str = "BAD_REQUEST") -> str:
    """Read a required text field of a command.

    Raises:
        Refused: the field is absent, empty or not text.
    """
    value = frame.get(key)
    if not isinstance(value, str) or not value:
        raise Refused(code, f"{frame['event']}: {key} must be a non-empty string")
    return value


def refusal(command: Frame, refused: Refused, owner: str | None = None) -> Frame:
    """Make the frame that refuses ``command``; ``owner`` is the agent of the call it is about.

    A command that lacks the ids of its family's form is refused with a plain ``error``.
    """
    event = str(command["event"])
    code, error = refused.code, refused.error
    said: Frame = {k: command[k] for k in _NAMES if isinstance(command.get(k), str)}
    about = _only(said, "agent_id", "call_id", "session_id")
    if event.startswith("history.") and "call_id" in said:
        answer = "history.data" if event == "history.get" else "history.updated"
        frame = {"event": answer, **_only(said, "call_id", "request_id"), "error": error}
    elif event in ("line.create", "line.destroy") and "number" in said:
        frame = {"event": "line.error", "number": said["number"], "code": code, "error": error}
    elif event == "call.route" and "call_id" in said and "agent" in said:
        frame = {"event": "call.route_failed", **about, "agent": said["agent"], "reason": code}
    elif event == "call.dial" and "agent_id" in said:
        frame = {"event": "call.error", **about, "error": error, "code": code}
    elif event in ("bot.reply", "bot.reply.stream") and owner and "message_id" in said:
        frame = {
            "event": "reply.rejected", **about, "agent_id": owner, "message_id": said["message_id"],
            "in_reply_to": said.get("in_reply_to", ""), "expected_reply_to": "", "reason": code,
        }  # fmt: skip
    elif event == "llm.chat" and "session_id" in said:
        frame = {"event": "llm.chat.error", "session_id": said["session_id"], "error": error}
    else:
        named = _only(said, "agent_id", "session_id")
        frame = {"event": "error", "code": code, "error": error, **named}
    return {**frame, **refused.fields}


def _only(said: Frame, *names: str) -> Frame:
    return {name: said[name] for name in names if name in said}
