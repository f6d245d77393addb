"""Which part carries out which command."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import control, history, replies
from .connections import Connection
from .outbox import Frame
from .refusals import Refused

if TYPE_CHECKING:
    from .server import Server

__all__ = ["COMMANDS"]

Command = Callable[["Server", Connection, Frame], None]


def _dev_config(server: Server, link: Connection, frame: Frame) -> None:
    callers = frame.get("callers")
    if not isinstance(callers, list) or not all(isinstance(c, str) for c in callers):
        raise Refused("BAD_REQUEST", "dev.config: callers must be a list of numbers")
    link.callers = list(callers)


COMMANDS: dict[str, Command] = {
    "agent.create": lambda s, link, f: s.registry.create(link, f),
    "agent.resume": lambda s, link, f: s.registry.resume(link, f),
    "agent.configure": lambda s, link, f: s.registry.configure(link, f),
    "channel.add": lambda s, link, f: s.registry.add_channel(link, f),
    "channel.configure": lambda s, link, f: s.registry.configure_channel(link, f),
    "channel.remove": lambda s, link, f: s.registry.remove_channel(link, f),
    "dev.config": _dev_config,
    "bot.reply": replies.reply,
    "bot.reply.stream": replies.stream,
    "bot.cancel": replies.cancel,
    "bot.clear": replies.clear,
    "call.accept": lambda s, link, f: s.inbound.accept(link, f),
    "call.reject": lambda s, link, f: s.inbound.reject(link, f),
    "call.dial": lambda s, link, f: s.outbound.dial(link, f),
    "call.bridge": lambda s, link, f: s.outbound.bridge(link, f),
    "session.pause": lambda s, link, f: s.whatsapps.pause(link, f),
    "session.resume": lambda s, link, f: s.whatsapps.resume(link, f),
    "session.send": lambda s, link, f: s.whatsapps.send(link, f),
    "llm.chat": lambda s, link, f: s.chats.request(link, f),
    "line.create": lambda s, link, f: s.line_calls.create(link, f),
    "line.destroy": lambda s, link, f: s.line_calls.destroy(link, f),
    "call.route": lambda s, link, f: s.line_calls.route(link, f),
    **control.COMMANDS,
    **{
        f"history.{what}": history.handle
        for what in ("get", "add", "set", "clear", "set_vars", "add_context", "set_instructions")
    },
}
