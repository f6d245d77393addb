"""JSON with text that is not quite Unicode, and with numbers that are not quite JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from pinecall.core.text.jsontext import mend, read, valid_json, write

HALF = "\\ud83d"
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":[1,null,true]}', {"a": [1, None, True]}),
        (f'{{"a":"x{HALF}y"}}', {"a": "x\ufffdy"}),
        (f'{{"{HALF}":[{{"b":"{HALF}"}}]}}', {"\ufffd": [{"b": "\ufffd"}]}),
        (
            '{"a":NaN,"b":[Infinity,-Infinity,1e999],"c":1.5}',
            {"a": None, "b": [None] * 3, "c": 1.5},
        ),
        ('\ufeff{"a":1}', {"a": 1}),
        ('{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
    ],
)
def test_reading(text: str, value: Any) -> None:
    """Half an escaped surrogate pair reads as U+FFFD, what is not a number as None; bytes as text."""
    assert read(text) == value
    assert read(text.encode()) == value


def test_half_a_pair_in_the_text_itself() -> None:
    """Half a surrogate pair that is not escaped, which no bytes can hold, reads as U+FFFD too."""
    assert read('{"a":"x\ud83dy"}') == {"a": "x\ufffdy"}


def test_bytes_that_are_not_utf8() -> None:
    """A byte that is not UTF-8 reads as U+FFFD."""
    assert read(b'{"a":"x\xffy"}') == {"a": "x\ufffdy"}


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"a":}', "[" * 100_000, '{"a":nan}'])
def test_what_is_not_json(text: str) -> None:
    """What is not JSON even to a tolerant reader is refused."""
    assert mend(text) is None
    with pytest.raises(UNREADABLE):
        read(text)
    with pytest.raises(UNREADABLE):
        read(text.encode())


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('{ "a" : [1, 2.0] }', '{"a":[1,2.0]}'),
        ("[NaN,1e999,-1e999,1e308]", "[null,null,null,1e308]"),
        (f'{{"{HALF}":"{HALF}"}}', '{"\ufffd":"\ufffd"}'),
        ("\ufeff1", "1"),
    ],
)
def test_mending(text: str, mended: str) -> None:
    """A text that a tolerant reader understands becomes compact JSON that everybody understands."""
    assert mend(text) == mended


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": "x"}, b'{"a":"x"}'),
        (["é", None, 1.5, True], '["é",null,1.5,true]'.encode()),
        (
            {"\ud83d": ["\ud83d", {"b": ("\udfff",)}], "n": 1},
            '{"\ufffd":["\ufffd",{"b":["\ufffd"]}],"n":1}'.encode(),
        ),
        ({1: "\ud83d"}, '{"1":"\ufffd"}'.encode()),
    ],
    ids=ascii,
)
def test_writing(value: Any, data: bytes) -> None:
    """What is written is compact UTF-8, with U+FFFD for each half of a surrogate pair."""
    assert write(value) == data


@pytest.mark.parametrize(
    "value", [object(), {"a": print}, ["\ud83d", object()]], ids=["object", "function", "list"]
)
def test_what_json_cannot_hold(value: Any) -> None:
    """A value without a JSON form is refused, beside half a surrogate pair too."""
    with pytest.raises(TypeError):
        write(value)


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("a\ud83d", "a\ufffd"),
        ({1: "a", "\ud83d": "b"}, {1: "a", "\ufffd": "b"}),
        (MappingProxyType({"a": "\ud83d"}), {"a": "\ufffd"}),
        (["\ud83d", ("\ud83d", 5)], ["\ufffd", ["\ufffd", 5]]),
        (None, None),
        (5, 5),
    ],
    ids=ascii,
)
def test_valid_values(value: Any, valid: Any) -> None:
    """Every text in a value, keys included, becomes one that UTF-8 can hold; the rest stays."""
    assert valid_json(value) == valid
