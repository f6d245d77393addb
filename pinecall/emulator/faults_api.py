"""Faults on demand: failing commands and events, raw frames, lost and frozen connections."""

from __future__ import annotations

import difflib
from typing import Any, TypeVar

import msgspec

from ..events import EVENTS
from .core import Server
from .core.commands.table import COMMANDS
from .core.kernel.faults import Fault
from .core.kernel.records import Agent
from .errors import EmulatorError
from .lifecycle import EmulatorBase

__all__ = ["FaultsApi"]

_D = TypeVar("_D")  # result of a method that finishes before it returns


class FaultsApi(EmulatorBase[_D]):
    """The emulator's methods that cause faults; a front says what they return."""

    def fail(
        self, event: str, how: str = "refuse", *, times: int = 1, code: Any = None,
        error: str | None = None, agent_id: str | None = None, delay: float | None = None,
        **fields: Any,
    ) -> _D:  # fmt: skip
        """Make the next ``times`` commands or events of that name go wrong.

        ``event`` is a name on the wire: a command like ``agent.create``, ``channel.add``,
        ``call.dial``, ``history.get``, ``llm.tool_result``, or an event like ``call.started``,
        ``llm.tool_call``, ``bot.finished``. ``agent_id`` limits the fault to one agent. ``how``:

        - ``refuse`` (commands): answer with the command's own refusal, with ``code`` and ``error``:
          an ``error``, ``line.error``, ``call.error``, ``reply.rejected``, ``call.route_failed``,
          ``llm.chat.error``, or an answer to ``history.…`` that holds an error. ``fields`` are added
          to it, like ``retry_after_s=0.1``.
        - ``ignore``: lose it. Whatever waits for it times out.
        - ``repeat``: send the event twice, or each answer to the command.
        - ``delay``: hold it for ``delay`` seconds.
        - ``reorder``: move it after the next of that name on its connection, or half a second later.
        - ``drop``: cut the socket instead, or close it with ``code`` and ``error``.

        ``fail("open", status=503)`` refuses the next handshake, ``fail("GET /chat/token",
        status=500)`` an HTTP request. For the outcome of a dial use ``on_dial``, for a server that
        stops responding ``freeze``, for a lost connection ``drop``.

        Raises:
            EmulatorError: a fault that can never happen.
        """
        path = "/client" if event == "open" else event
        fault = Fault(path, how, times, code, error, agent_id, delay, fields)
        if "/" in path:
            if how in ("repeat", "reorder"):
                raise EmulatorError(f"fail({event!r}, {how!r}): HTTP requests are answered once")
            self._runner.http_faults.add(fault)
        else:
            _check_fault(event, how)
            self._act(lambda core: core.faults.add(fault))
        return self._done()

    def clear_faults(self) -> _D:
        """Cancel every fault that ``fail`` has set and that has not happened yet."""
        self._runner.http_faults.clear()
        self._act(lambda core: core.faults.clear())
        return self._done()

    def send(self, frame: dict[str, Any], agent: str | None = None) -> _D:
        """Send a frame to every client, or to the one that holds ``agent``."""
        if not isinstance(frame, dict):
            raise EmulatorError(
                f"send() takes a frame, a dict, not {type(frame).__name__}; see send_raw()"
            )
        return self.send_raw(msgspec.json.encode(frame).decode(), agent)

    def send_raw(self, data: str | bytes, agent: str | None = None) -> _D:
        """Send any text or bytes, to the same clients as ``send``."""

        def send(core: Server) -> None:
            for link in _links(core, agent):
                core.world.outbox.raw(link, data)

        self._act(send)
        return self._done()

    def drop(self, code: int = 1006, reason: str = "", agent: str | None = None) -> _D:
        """Close every connection, or one agent's; code 1006 cuts it without a close frame."""

        def drop(core: Server) -> None:
            links = list(core.world.open) if agent is None else _links(core, agent)
            for link in links:
                core.connections.close(core.world.open[link], code, reason)

        self._act(drop)
        return self._done()

    def drop_streams(self, code: int = 1006, reason: str = "") -> _D:
        """Close every side socket (call log, event stream, browser chats); code 1006 cuts them."""
        for outlet in list(self._runner.outlets):
            outlet.close(code, reason)
        return self._done()

    def compact(self, call_id: str, before: int) -> _D:
        """Forget a call log's entries up to a seq; readers that are behind it get ``log.gap``."""

        def compact(core: Server) -> None:
            log = core.world.log.calls.get(call_id)
            if log is None:
                raise EmulatorError(f"no log of call {call_id!r}", call_id=call_id)
            log.compact(before)

        self._act(compact)
        return self._done()

    def freeze(self) -> _D:
        """Accept connections but read and send nothing, like a half-open connection."""
        self._act(lambda core: core.freeze())
        return self._done()

    def thaw(self) -> _D:
        """Resume after ``freeze``, with everything that arrived meanwhile."""
        self._act(lambda core: core.thaw())
        return self._done()


def _check_fault(event: str, how: str) -> None:
    """Refuse a fault that cannot happen: a test that sets it would prove nothing."""
    commands = {"connect", "ping", "pong", *COMMANDS}
    if event not in commands and event not in EVENTS:
        near = difflib.get_close_matches(event, [*commands, *EVENTS], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise EmulatorError(f"fail({event!r}): there is no such command or event{hint}")
    if how == "refuse" and event not in commands:
        raise EmulatorError(
            f"fail({event!r}, 'refuse'): only commands are refused; an event can be ignored, "
            "repeated, delayed, reordered, or drop the socket"
        )


def _links(core: Server, agent: str | None) -> list[int]:
    if agent is None:
        return [link.id for link in core.world.open.values() if link.ready]
    held: Agent = core.registry.online(agent)
    assert held.link is not None
    return [held.link.id]
