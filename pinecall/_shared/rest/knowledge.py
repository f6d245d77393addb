"""Documents on their way to a knowledge base, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...core.rest import knowledge as ops

if TYPE_CHECKING:
    from ...core.rest.knowledge import Pushed
    from ...core.rest.op import RestOp

__all__ = ["Batch"]


class Batch:
    """The requests of a push; :meth:`add` the result of each."""

    def __init__(self, kb: str, docs: Any, progress: Callable[[int, int], object] | None) -> None:
        """Raises ConfigurationError for a document that is not valid."""
        self._ops = ops.push(kb, docs)
        self._progress = progress
        self.results: list[Pushed] = []

    def __iter__(self) -> Iterator[RestOp[Pushed]]:
        return iter(self._ops)

    def add(self, result: Pushed) -> None:
        self.results.append(result)
        if self._progress is not None:
            self._progress(len(self.results), len(self._ops))
