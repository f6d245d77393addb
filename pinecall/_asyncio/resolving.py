"""TCP for the asyncio front, without the loop's executor.

``loop.getaddrinfo`` waits for a thread of the default executor, which the program's own
``asyncio.to_thread`` may have filled with blocked work. A name is looked up in a separate thread
here, so that a reconnect waits only for the network.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

__all__ = ["connect_tcp", "look_up"]

_Address = tuple[int, int, int, str, Any]


async def look_up(host: str, port: int) -> list[_Address]:
    """Look a name up; return and raise the same as ``socket.getaddrinfo``."""
    try:
        # An address needs no look-up.
        flags = socket.AI_NUMERICHOST
        return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)]
    except (OSError, ValueError):
        pass
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Any]] = loop.create_future()

    def tell(result: Any, failure: BaseException | None) -> None:
        if not found.done():
            if failure is None:
                found.set_result(result)
            else:
                found.set_exception(failure)

    def ask() -> None:
        result: Any = None
        failure: BaseException | None = None
        try:
            result = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as exc:  # UnicodeError: an invalid label
            failure = exc
        try:
            loop.call_soon_threadsafe(tell, result, failure)
        except RuntimeError:
            pass  # the loop was closed meanwhile: nothing waits for it

    threading.Thread(target=ask, name="pinecall-resolve", daemon=True).start()
    return await found


async def connect_tcp(host: str, port: int) -> socket.socket:
    """Return a connected socket; the host's addresses are tried in order. Raises OSError."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, protocol, _name, address in await look_up(host, port):
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as exc:
            failure = failure or exc
            continue
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
        except OSError as exc:
            failure = failure or exc
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure or socket.gaierror(socket.EAI_NONAME, "the host has no address")
