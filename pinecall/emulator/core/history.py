"""``history.*``: the server's model history and prompt, changed from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .connections import Connection
from .outbox import Frame
from .refusals import Refused, text_of
from .session import Session

if TYPE_CHECKING:
    from .server import Server

__all__ = ["handle"]


def handle(server: Server, link: Connection, frame: Frame) -> None:
    """Any ``history.*`` command: answered by ``history.data`` or ``history.updated``.

    Raises:
        Refused: unknown call, no model on the server, or a value of the wrong shape.
    """
    session = server.sessions.get(text_of(frame, "call_id"))
    if session is None or session.owner.link is not link:
        raise Refused("CALL_NOT_FOUND", f"No live call '{frame['call_id']}'")
    if not session.has_model():
        raise Refused("NO_MODEL", f"Call '{session.id}' has no server-side LLM")
    ids = {"call_id": session.id, "request_id": frame.get("request_id")}
    if ids["request_id"] is None:
        ids.pop("request_id")
    event = frame["event"]
    if event == "history.get":
        server.send(link, {"event": "history.data", **ids, "messages": list(session.messages)})
        return
    _change(session, event.removeprefix("history."), frame)
    server.send(link, {"event": "history.updated", **ids, "count": len(session.messages)})


def _change(session: Session, what: str, frame: Frame) -> None:
    if what == "add":
        session.messages.extend(_messages(frame))
    elif what == "set":
        session.messages[:] = _messages(frame)
    elif what == "clear":
        session.messages.clear()
    elif what == "set_vars":
        values = frame.get("vars")
        if not isinstance(values, dict):
            raise Refused("BAD_REQUEST", "vars must be an object")
        session.vars.update(values)
    elif what == "add_context":
        session.contexts.append(text_of(frame, "text"))
    elif what == "set_instructions":
        prompt = frame.get("prompt", frame.get("instructions"))
        if not isinstance(prompt, str):
            raise Refused("BAD_REQUEST", "prompt must be a text")
        session.prompt = prompt
    else:
        raise Refused("BAD_REQUEST", f"unknown command history.{what}")


def _messages(frame: Frame) -> list[Any]:
    messages = frame.get("messages")
    if not isinstance(messages, list) or not all(
        isinstance(m, dict) and isinstance(m.get("role"), str) for m in messages
    ):
        raise Refused("BAD_REQUEST", "messages must be a list of {role, content}")
    return messages
