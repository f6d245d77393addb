"""The ``history.*`` commands: they read and change the model's history and the prompt."""

from __future__ import annotations

from typing import Any

from ..kernel.outbox import Frame
from ..kernel.records import Connection
from ..kernel.refusals import Refused, text_of
from ..platform import Platform
from ..sessions.session import Session

__all__ = ["handle"]


def handle(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out any ``history.*`` command; answers with ``history.data`` or ``history.updated``.

    Raises:
        Refused: unknown call, no model on the server, or a value of the wrong shape.
    """
    session = platform.sessions.commanded(link, frame)
    if not session.has_model():
        raise Refused("NO_MODEL", f"Call '{session.id}' has no server-side LLM")
    ids = {"call_id": session.id, "request_id": frame.get("request_id")}
    if ids["request_id"] is None:
        ids.pop("request_id")
    event = frame["event"]
    if event == "history.get":
        platform.world.send(
            link, {"event": "history.data", **ids, "messages": list(session.messages)}
        )
        return
    _change(session, event.removeprefix("history."), frame)
    platform.world.send(link, {"event": "history.updated", **ids, "count": len(session.messages)})


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
            raise Refused("BAD_REQUEST", "prompt must be a string")
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
