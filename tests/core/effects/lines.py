"""A live call of a phone line."""

from __future__ import annotations

from typing import Any

from pinecall.core.lines.line_call import LineCallBase

from ..harness import Wire
from ..lines.phone_line import IDS as LINE_IDS
from ..lines.phone_line import NUMBER, answered
from ..lines.phone_line import ready as ready_line

__all__ = ["LINE_IDS", "NUMBER", "line_call", "ready_line"]


def line_call(wire: Wire, **fields: Any) -> LineCallBase:
    """A live call of a line, by default of a new line."""
    if NUMBER not in wire.engine.registry.lines:
        ready_line(wire)
    return answered(wire, **fields)
