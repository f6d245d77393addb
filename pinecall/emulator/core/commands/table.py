"""The table of commands."""

from __future__ import annotations

from collections.abc import Callable

from ..kernel.outbox import Frame
from ..kernel.records import Connection
from ..kernel.refusals import Refused
from ..platform import Platform
from . import control, history, replies

__all__ = ["COMMANDS"]

Command = Callable[[Platform, Connection, Frame], None]


def _dev_config(platform: Platform, link: Connection, frame: Frame) -> None:
    callers = frame.get("callers")
    if not isinstance(callers, list) or not all(isinstance(c, str) for c in callers):
        raise Refused("BAD_REQUEST", "dev.config: callers must be a list of numbers")
    link.callers = list(callers)


COMMANDS: dict[str, Command] = {
    "agent.create": lambda p, link, f: p.registry.create(link, f),
    "agent.resume": lambda p, link, f: p.registry.resume(link, f),
    "agent.configure": lambda p, link, f: p.registry.configure(link, f),
    "channel.add": lambda p, link, f: p.registry.add_channel(link, f),
    "channel.configure": lambda p, link, f: p.registry.configure_channel(link, f),
    "channel.remove": lambda p, link, f: p.registry.remove_channel(link, f),
    "dev.config": _dev_config,
    "bot.reply": replies.reply,
    "bot.reply.stream": replies.stream,
    "bot.cancel": replies.cancel,
    "bot.clear": replies.clear,
    "call.accept": lambda p, link, f: p.inbound.accept(link, f),
    "call.reject": lambda p, link, f: p.inbound.reject(link, f),
    "call.dial": lambda p, link, f: p.outbound.dial(link, f),
    "call.bridge": lambda p, link, f: p.outbound.bridge(link, f),
    "session.pause": lambda p, link, f: p.whatsapps.pause(link, f),
    "session.resume": lambda p, link, f: p.whatsapps.resume(link, f),
    "session.send": lambda p, link, f: p.whatsapps.send(link, f),
    "llm.chat": lambda p, link, f: p.chats.request(link, f),
    "line.create": lambda p, link, f: p.line_calls.create(link, f),
    "line.destroy": lambda p, link, f: p.line_calls.destroy(link, f),
    "call.route": lambda p, link, f: p.line_calls.route(link, f),
    **control.COMMANDS,
    **{
        f"history.{what}": history.handle
        for what in ("get", "add", "set", "clear", "set_vars", "add_context", "set_instructions")
    },
}
