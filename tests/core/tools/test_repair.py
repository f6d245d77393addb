"""Arguments as models write them, taken for what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from typing import Any, Literal, TypedDict

import msgspec
import pytest

from pinecall.core.tools.repair import decode_meant

from .shop import Item


@dataclass
class Cart:
    items: list[Item]
    total: float = 0.0


Dotted = TypedDict("Dotted", {"a.b": int})


def read(hint: Any, given: str) -> Any:
    return decode_meant(msgspec.json.Decoder(hint), given.encode())


@pytest.mark.parametrize(
    ("hint", "given", "meant"),
    [
        (int, "4.0", 4),
        (int, '"4"', 4),
        (int, '" 4 "', 4),
        (int, '"4.0"', 4),
        (float, '"4.5"', 4.5),
        (float, '"1e3"', 1000.0),
        (bool, '"True"', True),
        (int | None, '"null"', None),
        (int | None, '"7"', 7),
        (list[int], '["1", 2.0]', [1, 2]),
        (list[int], '"[1, 2]"', [1, 2]),
        (dict[str, int], '{"a": "1", "b": 2.0}', {"a": 1, "b": 2}),
        (Item, '"{\\"sku\\": \\"a\\"}"', Item("a")),
        (Item, '{"sku": "a", "count": "2"}', Item("a", 2)),
        (Item, '{"sku": "a", "count": null}', Item("a")),
        (time, '"14:30"', time(14, 30)),
        (time, '"9:05"', time(9, 5)),
        (time, '"2:30 pm"', time(14, 30)),
        (time, '"12:00 AM"', time(0, 0)),
        (datetime, '"2026-01-02T10:30"', datetime(2026, 1, 2, 10, 30)),
        (datetime, '"2026-01-02 10:30:05"', datetime(2026, 1, 2, 10, 30, 5)),
        (datetime, '"2026-01-02 10:30Z"', datetime(2026, 1, 2, 10, 30, tzinfo=timezone.utc)),
        (datetime, '"2026-01-02T10:30+0000"', datetime(2026, 1, 2, 10, 30, tzinfo=timezone.utc)),
        (date, '"2026-01-02T00:00:00Z"', date(2026, 1, 2)),
        (list[time], '["14:30", "15:00"]', [time(14, 30), time(15)]),
        (int, '"-7"', -7),
        (int, '"+7."', 7),
        (float, '"-.5"', -0.5),
        (float, '"7"', 7.0),
        (bool, '"false"', False),
        (bool | None, '"NULL"', None),
        (float | None, '" 1.5 "', 1.5),
        (dict[str, list[int]], '{"a": ["1"], "b": [2]}', {"a": [1], "b": [2]}),
        (time, '"12:15 p.m."', time(12, 15)),
        (time, '"1:02:03.5 AM"', time(1, 2, 3, 500_000)),
        (time, '"14:30 Z"', time(14, 30, tzinfo=timezone.utc)),
        (datetime, '"2026-01-02 2:30 pm"', datetime(2026, 1, 2, 14, 30)),
        (datetime, '"2026-01-02t10:30:00"', datetime(2026, 1, 2, 10, 30)),
        (date, '"2026-01-02 00:00"', date(2026, 1, 2)),
        (date, '"2026-01-02T00:00:00.000"', date(2026, 1, 2)),
    ],
    ids=str,
)
def test_what_a_model_means(hint: Any, given: str, meant: object) -> None:
    """What is meant beyond doubt is taken for what it means, at any depth."""
    found = read(hint, given)
    assert found == meant and type(found) is type(meant)


@pytest.mark.parametrize(
    ("hint", "given", "said"),
    [
        (int, "4.5", "Expected `int`, got `float`"),
        (int, '"4.5"', "Expected `int`, got `str`"),
        (int, '"four"', "Expected `int`, got `str`"),
        (int, "true", "Expected `int`, got `bool`"),
        (int, "null", "Expected `int`, got `null`"),
        (float, '"much"', "Expected `float`, got `str`"),
        (bool, '"yes"', "Expected `bool`, got `str`"),
        (bool, "1", "Expected `bool`, got `int`"),
        (str, "5", "Expected `str`, got `int`"),
        (list[int], "5", "Expected `array`, got `int`"),
        (list[int], '"[1, "', "Expected `array`, got `str`"),
        (list[int], '["1", "x"]', "Expected `int`, got `str`"),
        (dict[str, int], '{"a": "x"}', "Expected `int`, got `str`"),
        (Item, '{"sku": null}', "missing required field `sku`"),
        (time, '"half past two"', "time"),
        (time, '"14:30 pm"', "time"),
        (time, '"25:00"', "time"),
        (datetime, '"2026-01-02"', "datetime"),
        (datetime, '"2026-01-02 soon"', "datetime"),
        (date, '"2026-01-02T10:00"', "date"),
        (date, '"tomorrow"', "date"),
        (int, '"1234567890123456789"', "Expected `int`, got `str`"),
        (float, '"nan"', "Expected `float`, got `str`"),
        (list[int], "[null]", "Expected `int`, got `null`"),
        (dict[str, int], '{"a": null, "b": 1}', "Expected `int`, got `null`"),
        (dict[int, int], '{"x": 1}', "Expected `int`, got `str`"),
        (Dotted, '{"a.b": "1"}', "Expected `int`, got `str`"),
        (Item, '"{sku: a}"', "Expected `object`, got `str`"),
        (Item, '"a"', "Expected `object`, got `str`"),
        (tuple[int, int], "[1]", "length 2"),
        (Literal["a", "b"], '"c"', "Invalid enum value 'c'"),
        (Literal["a"] | None, "5", "Expected `str | null`, got `int`"),
        (time, '"0:30 am"', "time"),
        (time, '"11 pm"', "time"),
        (datetime, '"2026-01-02 25:00"', "datetime"),
    ],
    ids=str,
)
def test_what_is_in_doubt(hint: Any, given: str, said: str) -> None:
    """What could mean something else is refused, in the decoder's words."""
    with pytest.raises(msgspec.ValidationError, match=said):
        read(hint, given)


@pytest.mark.parametrize("given", ["", "{", "[1", "nonsense"])
def test_what_is_not_json(given: str) -> None:
    """What is not JSON is not written anew."""
    with pytest.raises(msgspec.DecodeError):
        read(int, given)


def test_several_values() -> None:
    """Each wrong value of an argument is written anew, whatever is wrong with it."""
    given = '{"items":[{"sku":"a","count":"1"},{"sku":"b","count":2.0}],"total":"3.5"}'
    assert read(Cart, given) == Cart([Item("a", 1), Item("b", 2)], 3.5)


def test_text_inside_text() -> None:
    """What a text says as JSON is written anew as well."""
    assert read(list[int], '"[\\"1\\", 2.0]"') == [1, 2]


def test_the_last_problem() -> None:
    """A value that stays in doubt is named in the error, and not one that was written anew."""
    with pytest.raises(msgspec.ValidationError, match=r"got `str` - at `\$\.items\[1\]\.count`"):
        read(Cart, '{"items":[{"sku":"a","count":"1"},{"sku":"b","count":"x"}]}')


def test_many_repairs() -> None:
    """Values are written anew up to a bound; a list of more of them is refused."""
    assert read(list[int], msgspec.json.encode(["1"] * 200).decode()) == [1] * 200
    with pytest.raises(msgspec.ValidationError, match="Expected `int`, got `str`"):
        read(list[int], msgspec.json.encode(["1"] * 201).decode())
