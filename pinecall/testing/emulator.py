"""The server behind a test's clients: the fixture ``emulator``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from pinecall.emulator.conversations import Conversations
from pinecall.emulator.core import Settings
from pinecall.emulator.errors import EmulatorError
from pinecall.emulator.far_ends import CallerBase, ChatBase, WhatsAppBase
from pinecall.emulator.faults_api import FaultsApi
from pinecall.emulator.views import HeldAgent
from pinecall.emulator.waiting import Waits

from .values import Awaitable, awaitable

if TYPE_CHECKING:
    from .worlds.virtual import VirtualWorld

__all__ = ["Emulator"]


class _Driven(Waits[Any]):
    """Waits by letting the call go on."""

    def _done(self) -> Any:
        return awaitable(None)

    def _later(self, future: Future[Any], make: Callable[[Any], Any] | None = None) -> Any:
        runner: Any = self._runner  # type: ignore[attr-defined]
        runner.world.run(future.done, float("inf"))
        value = future.result()
        return awaitable(value if make is None else make(value))


class _CallerEnd(Awaitable, _Driven, CallerBase[Any, Any]):
    __doc__ = CallerBase.__doc__


class _ChatEnd(Awaitable, _Driven, ChatBase[Any, Any]):
    __doc__ = ChatBase.__doc__


class _WhatsAppEnd(Awaitable, _Driven, WhatsAppBase[Any, Any]):
    __doc__ = WhatsAppBase.__doc__


class Emulator(
    _Driven, FaultsApi[Any], Conversations[Any, _CallerEnd, _ChatEnd, _WhatsAppEnd, Any, HeldAgent]
):
    """The server of a test: what it holds, its faults and raw frames; see
    :class:`pinecall.emulator.Emulator`. Its waits go by the test's clock."""

    _caller_end = _CallerEnd
    _chat_end = _ChatEnd
    _whatsapp_end = _WhatsAppEnd

    @property
    def settings(self) -> Settings:
        """The server's timers and limits; they can be changed."""
        return self._settings

    @property
    def keys(self) -> dict[str, str]:
        """The keys it accepts, and the organisation of each."""
        return self._keys

    def _answered_by(self, responder: Any) -> None:
        self._responder = responder

    def _live_in(self, world: VirtualWorld) -> None:
        self._running = world.runner  # type: ignore[assignment]
        self._port = 1

    @property
    def latency(self) -> float:
        """Seconds that a message takes to the other end. Can be set; it applies at once."""
        return self._virtual("latency").latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        world = self._virtual("latency")
        world.latency = seconds
        for link in world.links:
            link.delay = seconds

    def black_hole(self) -> None:
        """Lose everything on the connections there are, and tell neither end."""
        for link in self._virtual("black_hole()").links:
            link.silent = True

    def _virtual(self, what: str) -> VirtualWorld:
        """Return the world whose network is the test's own. Raises EmulatorError, naming ``what``."""
        runner: Any = self._runner
        if not runner.world.virtual:
            raise EmulatorError(
                f"emulator.{what} needs the virtual clock; freeze() and drop() do not"
            )
        world: VirtualWorld = runner.world
        return world
