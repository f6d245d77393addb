"""What calls of both fronts know of their trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.kernel.runtime import Runtime
    from .traces import CallTrace

__all__ = ["Traced"]


class Traced:
    """A call that may have a trace."""

    __slots__ = ()

    _runtime: Runtime
    id: str

    @property
    def trace(self) -> CallTrace | None:
        """What has happened in this call; None until ``pc.traces()`` was called, and once its trace
        is no longer kept."""
        recorder = self._runtime.recorder
        return None if recorder is None else recorder.traces.get(self.id)
