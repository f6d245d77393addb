"""Fields of an answer, where one of the wrong type counts as absent, and the checks of arguments."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.rest.answers import (
    filled,
    flag,
    number,
    optional,
    positive,
    refused,
    rows,
    text,
    whole,
)
from pinecall.errors import ApiError, ConfigurationError


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"a": "x", "b": "y"}, "x"),
        ({"a": "", "b": "y"}, ""),
        ({"b": "y"}, "y"),
        ({"a": None, "b": "y"}, "y"),
        ({"a": True, "b": "y"}, "y"),
        ({"a": ["x"], "b": "y"}, "y"),
        ({"a": 7}, "7"),
        ({"a": 1.5}, "1.5"),
        ({"a": {}}, None),
        ({}, None),
    ],
    ids=repr,
)
def test_optional(row: dict[str, Any], expected: str | None) -> None:
    """The first of the keys with a text or a number, as a text."""
    assert optional(row, "a", "b") == expected


def test_text() -> None:
    """A text that is absent is empty, or the default."""
    assert text({"a": "x"}, "a", default="d") == "x"
    assert text({"a": None}, "a", default="d") == "d"
    assert text({}, "a") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, 2.0),
        (1.5, 1.5),
        ("1.5", 1.5),
        ("x", None),
        ("1e999", None),
        (float("nan"), None),
        (True, None),
        (None, None),
        ([1], None),
        (10**400, None),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_number(value: Any, expected: float | None) -> None:
    """A number may be written as a text; one that is not finite counts as absent."""
    assert number({"a": value}, "a") == expected


def test_whole() -> None:
    """A fraction is cut off; a number that is absent is 0, or the default."""
    assert whole({"a": "7.9"}, "a", 3) == 7
    assert whole({"a": 0}, "a", 3) == 0
    assert whole({"a": "x"}, "a", 3) == 3
    assert whole({}, "a") == 0


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), (1, False), ("true", False)]
)
def test_flag(value: Any, expected: bool) -> None:
    """Only JSON's true is true."""
    assert flag({"a": value}, "a") is expected


def test_rows() -> None:
    """The objects of a list are read in order; without a list there are none."""
    assert rows([{"a": 1}, "noise", {"a": 2}], lambda row: row["a"]) == [1, 2]
    for value in (None, {"a": 1}, "text"):
        assert rows(value, lambda row: row) == []


@pytest.mark.parametrize("body", [{}, {"success": True}, {"success": None}, {"success": 0}])
def test_not_refused(body: dict[str, Any]) -> None:
    """Only a success that is false is a refusal."""
    assert refused("Failed to ask", body, 200) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        ({"error": "no room", "code": "FULL"}, "no room", "FULL"),
        ({"message": "no room"}, "no room", None),
        ({"error": ""}, "the server says it did not succeed", None),
    ],
)
def test_refused(body: dict[str, Any], words: str, code: str | None) -> None:
    """``success: false`` is an ApiError with the server's words, its code and the status."""
    with pytest.raises(ApiError) as caught:
        refused("Failed to ask", {"success": False, **body}, 200)
    assert str(caught.value) == f"Failed to ask: {words} (HTTP 200)"
    assert caught.value.status == 200
    assert caught.value.code == (code or ApiError("x").code)


def test_filled() -> None:
    """A text with more than spaces in it is given back as it is."""
    assert filled("name", " mara ") == " mara "
    for value in ("", "  ", None, 5, b"mara"):
        with pytest.raises(ConfigurationError, match="name is a non-empty str, not"):
            filled("name", value)


def test_positive() -> None:
    """A number above 0 is given back as it is."""
    assert positive("k", 0.5) == 0.5
    assert positive("k", 1, whole=True) == 1
    for value in (0, -1, True, "1", None, float("inf"), float("nan")):
        with pytest.raises(ConfigurationError, match="k is a number above 0, not"):
            positive("k", value)
    for value in (0, 1.5, True):
        with pytest.raises(ConfigurationError, match="k is a whole number above 0, not"):
            positive("k", value, whole=True)
