"""From the objects users hold to the engine behind them."""

from __future__ import annotations

from typing import cast

from ..engine import Engine
from ..kernel.has_handlers import HasHandlers

__all__ = ["engine_of"]


def engine_of(thing: HasHandlers) -> Engine:
    """Return the engine of an agent, a line or a call: it is the object that they know as their
    :class:`~pinecall.core.kernel.runtime.Runtime`.
    """
    return cast("Engine", thing._runtime)
