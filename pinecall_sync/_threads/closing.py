"""An iterator that can be closed, and is by ``with``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ClosingIterator"]


class ClosingIterator:
    """``for`` and ``with`` of what users read piece by piece."""

    def __iter__(self) -> Self:
        return self

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
