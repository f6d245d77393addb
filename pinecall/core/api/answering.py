"""The hook through which a front turns an outcome into what its users get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..kernel.outcome import Outcome

__all__ = ["Answering"]


class Answering:
    """Has verbs that the server answers: the asyncio front gives an awaitable, the blocking one the
    value."""

    def _answer(self, outcome: Outcome[Any]) -> Any:
        raise NotImplementedError
