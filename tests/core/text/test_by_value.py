"""Equality and hash by the fields of a class."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from pinecall.core.text.by_value import ByValue


@attrs.frozen(eq=False)
class Point(ByValue):
    x: Any
    y: Any = 0


@attrs.frozen(eq=False)
class Place(ByValue):
    x: Any
    y: Any = 0


@attrs.frozen(eq=False)
class NamedPoint(Point):
    name: str = ""


class EqualToAll:
    """An object that is equal to every other one, as ``unittest.mock.ANY`` is."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def test_equal_fields() -> None:
    """Two objects of one class are equal when all their fields are equal."""
    assert Point(1, [2]) == Point(1, [2])
    assert Point(1) != Point(2)
    assert Point(1, 1) != Point(1, 2)


@pytest.mark.parametrize("other", [Place(1), NamedPoint(1), (1, 0), None], ids=repr)
def test_other_classes(other: object) -> None:
    """An object of another class is not equal, whatever its fields, and a subclass is another."""
    assert Point(1) != other
    assert other != Point(1)


def test_the_other_side_decides() -> None:
    """The comparison with an object of another class is left to that object."""
    assert Point(1) == EqualToAll()


def test_fields_of_a_subclass() -> None:
    """The fields of a subclass count, the inherited ones too."""
    assert NamedPoint(1, 2, "a") == NamedPoint(1, 2, "a")
    assert NamedPoint(1, 2, "a") != NamedPoint(1, 2, "b")
    assert NamedPoint(1, 2, "a") != NamedPoint(1, 3, "a")


def test_hash() -> None:
    """Equal objects are one member of a set; those of two classes are two members."""
    assert len({Point(1), Point(1), Point(2), Place(1), NamedPoint(1)}) == 4
    assert hash(Point("a")) == hash(Point("a"))


def test_a_field_without_a_hash() -> None:
    """An object that holds a list has no hash."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point([1]))
