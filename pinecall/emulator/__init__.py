"""A Pinecall server on this machine, for offline work, demos and tests (asyncio front).

::

    async with Emulator() as emu:
        pc = Pinecall(emu.api_key, url=emu.url)
        ...
        call = await emu.phone_call(to="+13186330963", from_="+34607827824")
        await call.say("hello")
        print(await call.wait_reply(timeout=10.0))

Faults of a real network are available on demand: see ``Emulator.fail``, ``on_dial``, ``drop`` and
``freeze``.

Except for the ``wait_…`` methods, everything has happened when a method returns; the ``await`` only
gives the result. ``pinecall_sync.emulator`` is the blocking counterpart.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeVar

try:
    from .conversations import Conversations
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
        raise
    _NEEDS = (
        f"the emulator needs {missing.name}, which comes with an extra: "
        'pip install "pinecall-sdk[emulator]"'
    )
    if sys.argv[:1] == ["-m"] and __name__ in sys.orig_argv:
        raise SystemExit(_NEEDS) from None  # python -m pinecall.emulator: one line will do
    raise ModuleNotFoundError(_NEEDS, name=missing.name) from None
from .core.sessions.session import Heard
from .errors import EmulatorError, Nobody
from .far_ends import CallerBase, ChatBase, WhatsAppBase
from .faults_api import FaultsApi
from .responders.external import OpenAIResponder
from .responders.types import Failure, ToolCall, ToolCalls, Turn
from .views import CallView, ChannelView, ConnectionView, HeldAgent, HeldLine
from .waiting import Waits

__all__ = [
    "CallView",
    "CallerEnd",
    "ChannelView",
    "ChatEnd",
    "ConnectionView",
    "Done",
    "Emulator",
    "EmulatorError",
    "Failure",
    "Heard",
    "HeldAgent",
    "HeldLine",
    "Nobody",
    "OpenAIResponder",
    "ToolCall",
    "ToolCalls",
    "Turn",
    "WhatsAppEnd",
]

_T = TypeVar("_T")


class Done(Awaitable[_T]):
    """A result that is there already; awaiting it gives its value."""

    def __init__(self, value: _T) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, _T]:
        yield from ()
        return self._value


_DONE: Done[None] = Done(None)


class _Waiting(Awaitable[Any]):
    """The value of a future, to be awaited."""

    def __init__(self, future: Future[Any], make: Callable[[Any], Any] | None) -> None:
        self._future = future
        self._make = make

    def __await__(self) -> Generator[Any, None, Any]:
        value = yield from asyncio.wrap_future(self._future).__await__()
        return value if self._make is None else self._make(value)


class _Awaited(Waits[Done[None]]):
    def _done(self) -> Done[None]:
        return _DONE

    def _later(self, future: Future[Any], make: Callable[[Any], Any] | None = None) -> Any:
        return _Waiting(future, make)


class CallerEnd(_Awaited, CallerBase[Done[None], Awaitable[str]]):
    __doc__ = CallerBase.__doc__


class ChatEnd(_Awaited, ChatBase[Done[None], Awaitable[str]]):
    __doc__ = ChatBase.__doc__


class WhatsAppEnd(_Awaited, WhatsAppBase[Done[None], Awaitable[str]]):
    __doc__ = WhatsAppBase.__doc__


class Emulator(
    _Awaited,
    FaultsApi[Done[None]],
    Conversations[
        Done[None],
        Awaitable[CallerEnd],
        Awaitable[ChatEnd],
        Awaitable[WhatsAppEnd],
        Awaitable[dict[str, Any]],
        Awaitable[HeldAgent],
    ],
):
    """A Pinecall server on this machine; use ``async with``, or ``await start()`` and ``await stop()``."""

    _caller_end = CallerEnd
    _chat_end = ChatEnd
    _whatsapp_end = WhatsAppEnd

    async def start(self) -> Emulator:
        """Start listening; returns when clients can connect."""
        home = asyncio.get_running_loop()
        await home.run_in_executor(None, self._start, home)
        return self

    async def stop(self) -> None:
        """Close everything; safe to repeat."""
        await asyncio.get_running_loop().run_in_executor(None, self._stop)

    async def __aenter__(self) -> Emulator:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()
