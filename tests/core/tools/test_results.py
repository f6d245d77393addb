"""What a tool's result looks like to the model."""

from __future__ import annotations

import itertools
import uuid
from collections import deque
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from pinecall.core.tools.results import MOST_ITEMS, encode_result, error_result
from pinecall.errors import ConfigurationError

from .shop import Address, Item, Point, Size


class Text:
    """An object with a text of its own."""

    def __str__(self) -> str:
        return "a text"


class Order(BaseModel):
    ids: list[int]
    when: datetime | None = None


class Model:
    """What pydantic's models have."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def model_dump(self, *, mode: str) -> Any:
        assert mode == "json"
        return self.values


class Scalars:
    """What numpy's arrays and numbers have."""

    dtype = "int64"

    def tolist(self) -> list[int]:
        return [1, 2]


@pytest.mark.parametrize("value", [0, 0.0, [], {}, False, None, ""], ids=repr)
def test_falsy_values(value: object) -> None:
    """A tool that returns nothing, or a falsy value, answers just that."""
    result = encode_result(value)
    assert result == value and type(result) is type(value)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Address("S"), {"street": "S", "city": "Faro"}),
        (Item("a"), {"sku": "a", "count": 1}),
        (Point(1.5, 2.0), [1.5, 2.0]),
        (Size.SMALL, "small"),
        (datetime(2025, 1, 2), "2025-01-02T00:00:00"),
        (date(2025, 1, 2), "2025-01-02"),
        (time(10, 30), "10:30:00"),
        (Decimal("1.50"), "1.50"),
        (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (b"hi", "aGk="),
        ({7}, [7]),
        ({1: "a"}, {"1": "a"}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Text(), "a text"),
        (Model(name="a"), {"name": "a"}),
        (Order(ids=[1], when=datetime(2026, 1, 2)), {"ids": [1], "when": "2026-01-02T00:00:00"}),
        (Scalars(), [1, 2]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_json_forms(value: object, form: object) -> None:
    """Python's own types, pydantic's models and numpy's arrays take their JSON form, and an object
    with a text of its own is that text, at any depth."""
    assert _lists(encode_result(value)) == form
    assert _lists(encode_result({"found": [value]})) == {"found": [form]}


@pytest.mark.parametrize(
    ("values", "items"),
    [
        ({"a": 1, "b": 2}.keys(), ["a", "b"]),
        ({"a": 1, "b": 2}.values(), [1, 2]),
        ({"a": 1, "b": 2}.items(), [["a", 1], ["b", 2]]),
        (range(3), [0, 1, 2]),
        (deque([0, 1]), [0, 1]),
        (iter("ab"), ["a", "b"]),
        ((one for one in "ab"), ["a", "b"]),
        (iter([Text(), Size.LARGE]), ["a text", "large"]),
        (frozenset(), []),
    ],
    ids=lambda value: type(value).__name__,
)
def test_many_values(values: object, items: list[object]) -> None:
    """Views, ranges, deques, sets and iterators become lists."""
    assert _lists(encode_result(values)) == items


def test_an_iterator_of_many() -> None:
    """An iterator of so many items is a list of them; one of more, or without an end, is refused."""
    assert len(encode_result(itertools.repeat("x", MOST_ITEMS))) == MOST_ITEMS
    with pytest.raises(ConfigurationError, match="holds a repeat of more than 10000 items"):
        encode_result(itertools.repeat("x", MOST_ITEMS + 1))
    with pytest.raises(ConfigurationError, match="holds a count of more than 10000 items"):
        encode_result({"numbers": itertools.count()})


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("a\ud800", "a\ufffd"),
        ({"\ud800": [{"a": "\ud800"}]}, {"\ufffd": [{"a": "\ufffd"}]}),
    ],
    ids=ascii,
)
def test_half_a_character(value: object, valid: object) -> None:
    """Half a surrogate pair becomes U+FFFD, in keys too."""
    assert encode_result(value) == valid


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**30, -(2**63)], ids=repr)
def test_numbers(value: object) -> None:
    """A number that JSON may not hold can be written all the same."""
    assert msgspec.json.encode(encode_result(value))


@pytest.mark.parametrize("value", [object(), print, lambda: 1], ids=lambda one: type(one).__name__)
def test_objects_without_a_form(value: object) -> None:
    """An object without a JSON form is refused with its type."""
    with pytest.raises(ConfigurationError, match=f"holds a {type(value).__name__}, which has no"):
        encode_result([value])


@pytest.mark.parametrize("cls", [object, ConfigurationError, Order])
def test_classes(cls: type) -> None:
    """A class itself is refused with its name."""
    with pytest.raises(ConfigurationError, match=f"the class {cls.__name__}, which has no JSON"):
        encode_result({"what": cls})


def test_a_loop() -> None:
    """A value that holds itself is refused."""
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ConfigurationError, match="the result, a list, holds itself"):
        encode_result(loop)


def test_keys_without_a_form() -> None:
    """A key that cannot be a text is refused."""
    with pytest.raises(ConfigurationError, match="the result, a dict, cannot be sent"):
        encode_result({(1, 2): 3})


def test_errors() -> None:
    """An error for the model is a dict with its words."""
    assert error_result("no") == {"error": "no"}


def _lists(value: Any) -> Any:
    """The value as it is read from JSON: with lists for tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))
