"""Phone numbers are normalised before they go anywhere."""

from __future__ import annotations

import pytest

from pinecall.core.phone import is_phone, normalize
from pinecall.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("+13186330963", "+13186330963"),
        ("13186330963", "+13186330963"),
        ("+1 (318) 633-0963", "+13186330963"),
        ("\t1-318 633\u00a00963 ", "+13186330963"),
        ("1234567", "+1234567"),
        ("123456789012345", "+123456789012345"),
        ("sip:bot@trunk.twilio.com", "sip:bot@trunk.twilio.com"),
    ],
)
def test_normalised(given: str, number: str) -> None:
    """White space, dashes and brackets go, a missing + comes, and SIP addresses stay."""
    assert normalize(given) == number
    assert is_phone(given)


@pytest.mark.parametrize(
    "given",
    ["", "+", "123456", "1234567890123456", "++13186330963", "318.633.0963", "webrtc",
     "+1\u0663186330963", "13186330963+"],
)  # fmt: skip
def test_refused(given: str) -> None:
    """What is not 7 to 15 digits is refused, with the value and the way to write it."""
    assert not is_phone(given)
    with pytest.raises(ConfigurationError) as err:
        normalize(given)
    assert str(err.value) == (
        f"{given!r} is not a phone number; write it with its country code and 7 to 15 digits,"
        " like '+13186330963', or give a SIP address, like 'sip:bot@example.com'"
    )


def test_number_as_int() -> None:
    """An int is refused, for it has lost its + and its quotes."""
    with pytest.raises(ConfigurationError) as err:
        normalize(13186330963)  # type: ignore[arg-type]
    assert str(err.value) == (
        "a phone number must be a str like '+13186330963', got 13186330963 (int); put it in quotes"
    )
    assert not is_phone(13186330963)


def test_none() -> None:
    """None is refused by its type."""
    with pytest.raises(ConfigurationError, match="got NoneType; put it in quotes"):
        normalize(None)  # type: ignore[arg-type]


def test_long_text_is_not_quoted() -> None:
    """A text too long for a number may be a token, and is not repeated."""
    token = "EAAG" + "x" * 60
    with pytest.raises(ConfigurationError) as err:
        normalize(token)
    assert token not in str(err.value)
    assert str(err.value).startswith("a text of 64 characters is not a phone number")
