"""A live transcription, without what waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..failures import OpenFailed, SocketClosed

if TYPE_CHECKING:
    from ...core.rest.live import LiveSession

__all__ = ["LiveBase"]

PortT = TypeVar("PortT")


class LiveBase(Generic[PortT]):
    """The session, and the port to its server."""

    def __init__(self, port: PortT, session: LiveSession) -> None:
        self._port = port
        self._session = session

    def start(self) -> None:
        """Connect, without waiting; a failure is raised by the next method that waits."""
        raise NotImplementedError

    def _tell(self, change: Callable[[], object]) -> None:
        """Change the session, and wake the code that waits for a change."""
        raise NotImplementedError

    def finalize(self) -> None:
        """Commit what was heard; a final result follows."""
        self.start()
        self._tell(self._session.finalize)

    def _target(self) -> tuple[str, dict[str, str]]:
        """The socket's URL, and the headers with the key."""
        port: Any = self._port
        endpoints = port.endpoints
        return self._session.url(endpoints.base()), endpoints.key_headers()

    def _failed(self, exc: Exception) -> None:
        """End the session with what happened to its socket."""
        if isinstance(exc, OpenFailed):
            self._session.refused(exc.failure)
        elif isinstance(exc, SocketClosed):
            self._session.closed(exc.code)
        else:
            self._session.broken(exc)
