"""What several tests of tools use: types for hints, a rich tool, and a tool made of one hint."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypedDict

import attrs
import msgspec

from pinecall.tools import Tool, tool

if TYPE_CHECKING:
    from pinecall import Call

__all__ = ["Address", "Box", "Item", "Node", "Point", "Size", "order", "taking"]


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@attrs.frozen
class Address:
    """Where it goes.

    Attributes:
        street: with the house number
    """

    street: str
    city: str = "Faro"


@dataclass
class Item:
    sku: str
    count: int = 1


class Box(TypedDict):
    items: list[Item]


class Point(NamedTuple):
    lat: float
    lon: float


@dataclass
class Node:
    value: int
    next: Node | None = None


@tool
def order(
    order_id: str,
    size: Size,
    where: Address,
    box: Box,
    at: Point,
    when: datetime,
    note: str | None,
    call: Call,
    count: Annotated[int, msgspec.Meta(ge=1), "how many"] = 1,
    colour: Literal["red", "blue"] = "red",
    tags: list[str] | None = None,
    extra=None,
) -> dict[str, Any]:
    """Place an order.

    It is sent at once.

    Args:
        order_id (str): the order's number,
            like ORD-12345
        where: the address
        count: not this text

    Returns:
        what was placed
    """
    return {"id": order_id, "call": call}


def taking(hint: Any) -> Tool[..., Any]:
    """A tool of one parameter ``x`` with this type hint."""

    def f(x: Any) -> None: ...

    f.__annotations__["x"] = hint
    return tool(f)
