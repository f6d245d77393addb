"""From the objects users hold to the engine behind them."""

from __future__ import annotations

from typing import cast

from ..engine import Engine
from ..kernel.has_handlers import HasHandlers

__all__ = ["engine_of"]


def engine_of(thing: HasHandlers) -> Engine:
    """The engine of an agent, a line or a call: what they know as their
    :class:`~pinecall.core.kernel.runtime.Runtime` is that one object."""
    return cast("Engine", thing._runtime)
