"""An iterator that can be closed; ``async with`` closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ClosingIterator"]


class ClosingIterator:
    """``async for`` and ``async with`` for objects that users read piece by piece."""

    def __aiter__(self) -> Self:
        return self

    async def aclose(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
