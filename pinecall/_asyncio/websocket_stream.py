"""The event stream over a WebSocket that a web framework has accepted."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from .._shared.streams import query_id
from ..core.kernel.usercode import shown
from ..core.streams.filters import agent_filter
from ..errors import ConfigurationError
from ..logs import Log
from .feed import Push

if TYPE_CHECKING:
    from ..core.streams.hub import Hub

__all__ = ["serve_ws"]

log = Log("web")

_PONG = '{"event":"pong"}'

#: Close codes: the server is going away; the client reads too slowly and may reconnect.
_GOING_AWAY, _TRY_AGAIN = 1001, 1013
_CLOSE_TIMEOUT = 1.0


async def serve_ws(
    hub: Hub,
    socket: Any,
    agents: str | Iterable[str] | None = None,
    *,
    of_agent: str = "",
    session_id: str = "",
    last_event_id: str = "",
) -> None:
    """Send events to a WebSocket until either side ends.

    ``socket`` is a WebSocket of Starlette, FastAPI, Litestar, Quart, aiohttp or ``websockets``, or
    any object with ``send_text``, ``send_str``, ``send`` or ``send_json``, and ``receive_text``,
    ``receive`` or ``recv``. It is accepted here if it has not been.

    Each message is ``{"event": …, …, "agent": …, "eventId": …}``: the first is ``connected``, then
    the events of the event stream and ``llm.toolCall``; ``{"event":"ping"}`` after 15 s without an
    event; ``{"action":"ping"}`` is answered with ``{"event":"pong"}``. ``session_id`` keeps one
    call's events. ``last_event_id`` is an ``eventId`` to go on after; without it the query
    parameter of that name counts.
    """
    wanted = agent_filter(agents)
    send, receive = _sender(socket), _receiver(socket)
    await _accept(socket)
    feed = _Messages(
        send,
        hub,
        agents=wanted,
        of_agent=of_agent,
        session=session_id,
        ws=True,
        last_event_id=last_event_id or query_id(_query(socket)),
    )
    try:
        async with feed:
            await _listen(receive, feed)
    except Exception as exc:
        # Each library has its own exception for a connection that is gone.
        log.debug("a WebSocket ended while being written to: %s", shown(exc))
    reason = feed.reader.reason
    if reason in ("closed", "slow"):
        await _close(socket, _GOING_AWAY if reason == "closed" else _TRY_AGAIN)


class _Messages(Push):
    __slots__ = ("_pong",)

    def __init__(self, send: Callable[[str], Awaitable[Any]], hub: Hub, **options: Any) -> None:
        self._pong = False
        super().__init__(send, hub, **options)

    def pong(self) -> None:
        """Answer a ping; once, if the client pings more often than it reads."""
        self._pong = True
        self.look()

    def take(self) -> list[str]:
        pong, self._pong = self._pong, False
        return [_PONG] * pong + self.reader.take_texts()

    async def write(self, found: list[str]) -> None:
        for text in found:
            await self.send(text)


async def _listen(receive: Callable[[], Awaitable[Any]], messages: _Messages) -> None:
    try:
        while (text := _text(await receive())) is not None:
            if _is_ping(text):
                messages.pong()
    except Exception as exc:
        log.debug("a WebSocket ended: %s", shown(exc))


def _is_ping(text: str | bytes) -> bool:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(asked, dict) and asked.get("action") == "ping"


def _text(message: Any) -> str | bytes | None:
    """The text of a message; None at the end."""
    if isinstance(message, (str, bytes)):
        return message
    if message is None:
        return None
    if isinstance(message, dict):
        if message.get("type") == "websocket.disconnect":
            return None
        return message.get("text") or message.get("bytes") or ""
    if getattr(message, "type", None) is not None and hasattr(message, "data"):
        ended = getattr(message.type, "name", "") in ("CLOSE", "CLOSING", "CLOSED", "ERROR")
        data = message.data
        return None if ended else data if isinstance(data, (str, bytes)) else ""
    return ""


def _sender(socket: Any) -> Callable[[str], Awaitable[Any]]:
    for name in ("send_text", "send_str"):
        if hasattr(socket, name):
            return getattr(socket, name)  # type: ignore[no-any-return]
    if hasattr(socket, "send"):
        return socket.send  # type: ignore[no-any-return]
    if hasattr(socket, "send_json"):
        return lambda text: socket.send_json(json.loads(text))
    raise ConfigurationError(
        f"ws(): {type(socket).__name__} has none of send_text, send_str, send and send_json; give "
        "the WebSocket of the web framework"
    )


def _receiver(socket: Any) -> Callable[[], Awaitable[Any]]:
    # At the end, aiohttp's receive_str raises an error that looks like a bug of the program.
    for name in ("receive", "recv", "receive_text"):
        if hasattr(socket, name) and not _is_raw(socket, name):
            return getattr(socket, name)  # type: ignore[no-any-return]
    raise ConfigurationError(
        f"ws(): {type(socket).__name__} has none of receive, recv and receive_text; give the "
        "WebSocket of the web framework"
    )


def _is_raw(socket: Any, name: str) -> bool:
    # Litestar's `receive` is the server's own, beside `receive_text`, which keeps its state.
    return name == "receive" and hasattr(socket, "connection_state")


async def _accept(socket: Any) -> None:
    state = getattr(getattr(socket, "application_state", None), "name", "")
    if state == "CONNECTING" or getattr(socket, "connection_state", "") in ("init", "connect"):
        await socket.accept()


def _query(socket: Any) -> bytes | str:
    scope = getattr(socket, "scope", None)
    query = scope.get("query_string", b"") if isinstance(scope, dict) else b""
    return query if isinstance(query, (bytes, str)) else b""


async def _close(socket: Any, code: int) -> None:
    close = getattr(socket, "close", None)
    if close is None:
        return
    try:
        takes_code = "code" in inspect.signature(close).parameters
        closing = close(code=code) if takes_code else close()
        await asyncio.wait_for(closing, _CLOSE_TIMEOUT)
    except Exception as exc:
        log.debug("a WebSocket could not be closed: %s", shown(exc))
