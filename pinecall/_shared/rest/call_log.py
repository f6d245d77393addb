"""An observation of a call log, without what waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...errors import ApiError

if TYPE_CHECKING:
    from ...core.rest.call_log import CallLog
    from ..failures import OpenFailed

__all__ = ["ObservationBase"]

PortT = TypeVar("PortT")
SocketT = TypeVar("SocketT")


class ObservationBase(Generic[PortT, SocketT]):
    """The log that is followed, and its socket."""

    def __init__(self, port: PortT, log: CallLog) -> None:
        self._port = port
        self._log = log
        self._socket: SocketT | None = None
        http: Any = port
        http.adopt(self)

    @property
    def after(self) -> int:
        """The cursor: give it as ``after=`` to continue from here another time."""
        return self._log.after

    def _failed(self, exc: ApiError | OpenFailed) -> None:
        """Report that the token was refused, or that the socket could not be opened."""
        if isinstance(exc, ApiError):
            self._log.failed(exc)
        else:
            self._log.refused(exc.failure)

    def _end(self, exhausted: Exception) -> Exception:
        """What the iteration ends with: ``exhausted``, or the error that ended the log."""
        error = self._log.error
        return exhausted if error is None else error.with_traceback(None)
