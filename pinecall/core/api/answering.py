"""The one hook through which a front hands an :class:`~pinecall.core.kernel.outcome.Outcome` to its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..kernel.outcome import Outcome

__all__ = ["Answering"]


class Answering:
    """An object whose verbs the server answers: asyncio returns an awaitable, threads the value."""

    def _answer(self, outcome: Outcome[Any]) -> Any:
        raise NotImplementedError
