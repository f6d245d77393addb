"""Agents and lines with a front's own calls."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

__all__ = ["HasCalls"]

C = TypeVar("C")  # a call


class HasCalls(Generic[C]):
    """An agent or a line."""

    _live_calls: dict[str, Any]

    @property
    def calls(self) -> Mapping[str, C]:
        """Its live calls by id, read-only."""
        return MappingProxyType(cast("dict[str, C]", self._live_calls))
