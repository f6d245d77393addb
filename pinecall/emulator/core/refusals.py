"""How the server says no: each family of commands has its own way on the wire."""

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


class Refused(Exception):
    """A command the server does not carry out; becomes the refusal of the command's family."""

    def __init__(self, code: str, error: str, **fields: Any) -> None:
        super().__init__(error)
        self.code = code
        self.error = error
        self.fields = fields


def text_of(frame: Frame, key: str, code: str = "BAD_REQUEST") -> str:
    """A required text member.

    Raises:
        Refused: absent, empty or not text.
    """
    value = frame.get(key)
    if not isinstance(value, str) or not value:
        raise Refused(code, f"{frame['event']}: {key} must be a non-empty text")
    return value


def refusal(command: Frame, refused: Refused) -> Frame:
    """The frame that answers ``command`` with no."""
    event = str(command["event"])
    said: Frame = {k: command[k] for k in ("agent_id", "call_id", "session_id") if k in command}
    code, error = refused.code, refused.error
    if event.startswith("history."):
        answer = "history.data" if event == "history.get" else "history.updated"
        said.pop("agent_id", None)
        frame = {"event": answer, **said, "request_id": command.get("request_id"), "error": error}
    elif event in ("line.create", "line.destroy"):
        frame = {
            "event": "line.error",
            "number": command.get("number"),
            "code": code,
            "error": error,
        }
    elif event == "call.route":
        frame = {
            "event": "call.route_failed",
            **said,
            "agent": command.get("agent"),
            "reason": code,
        }
    elif event == "call.dial":
        frame = {"event": "call.error", **said, "error": error, "code": code}
    elif event in ("bot.reply", "bot.reply.stream"):
        frame = {
            "event": "reply.rejected", **said, "message_id": command.get("message_id"),
            "in_reply_to": command.get("in_reply_to", ""), "expected_reply_to": "", "reason": code,
        }  # fmt: skip
    elif event == "llm.chat":
        frame = {"event": "llm.chat.error", "session_id": said.get("session_id"), "error": error}
    else:
        frame = {"event": "error", "code": code, "error": error, **said}
    return {**frame, **refused.fields}
