"""Phone numbers are normalised before they go anywhere."""

from __future__ import annotations

import pytest

from pinecall.core.config.phone import is_phone, normalize
from pinecall.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("+13186330963", "+13186330963"),
        ("13186330963", "+13186330963"),
        ("+1 (318) 633-0963", "+13186330963"),
        ("\t1-318 633\u00a00963 ", "+13186330963"),
        ("12345678", "+12345678"),
        ("123456789012345", "+123456789012345"),
        ("+1.318.633.0963", "+13186330963"),
        ("+49 30/1234567", "+49301234567"),
        ("\u202a+34\u2011607\u2013827\u2212824\u202c", "+34607827824"),
        ("\ufeff+34 607 827 824", "+34607827824"),
        ("+34\u200b607827824", "+34607827824"),
        ("tel:+1-318-633-0963", "+13186330963"),
        ("TEL:13186330963", "+13186330963"),
        ("+39 06 698 83145", "+390669883145"),
        ("+290 22222", "+29022222"),
    ],
)
def test_numbers(given: str, number: str) -> None:
    """Separators, invisible marks and tel: go, and a missing + comes."""
    assert normalize(given) == number
    assert is_phone(given)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("sip:bot@trunk.twilio.com", "sip:bot@trunk.twilio.com"),
        (" sip:alice@example.com\n", "sip:alice@example.com"),
        ("SIP:Alice@example.com", "sip:Alice@example.com"),
        ("Sips:alice@example.com:5061", "sips:alice@example.com:5061"),
        ("sip:pbx.example.com", "sip:pbx.example.com"),
        ("sip:[2001:db8::1]:5061", "sip:[2001:db8::1]:5061"),
        (
            "sip:+34607827824@gw.example.com:5060;user=phone?X-Ref=1",
            "sip:+34607827824@gw.example.com:5060;user=phone?X-Ref=1",
        ),
    ],
)
def test_addresses(given: str, address: str) -> None:
    """A SIP address stays as it is, but for its scheme's case and white space around it."""
    assert normalize(given) == address
    assert is_phone(given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "is not a phone number"),
        ("+", "is not a phone number"),
        ("++13186330963", "is not a phone number"),
        ("1-800-FLOWERS", "is not a phone number"),
        ("webrtc", "is not a phone number"),
        ("+1\u0663186330963", "is not a phone number"),
        ("13186330963+", "is not a phone number"),
        ("anonymous", "is not a phone number"),
        ("1234567", "is not a phone number: it has 7 digits"),
        ("+1234567890123456", "is not a phone number: it has 16 digits"),
        ("07911 123456", "no country code begins with 0"),
        ("+0123456789", "no country code begins with 0"),
        ("+0034607827824", "no country code begins with 0"),
        ("0034 607 827 824", "write \\+ in its place"),
        ("+44 (0)20 7946 0958", "has a \\(0\\)"),
        ("+44 [0] 20 7946 0958", "has a \\(0\\)"),
        ("tel:+13186330963;ext=5", "has parameters"),
        ("sip:", "is not a SIP address"),
        ("sip: bot@example.com", "is not a SIP address"),
        ("sip:a b@c", "is not a SIP address"),
        ("sip:@example.com", "is not a SIP address"),
        ("sip:bot@", "is not a SIP address"),
        ("sips:a@b\nc", "is not a SIP address"),
    ],
)
def test_refused(given: str, why: str) -> None:
    """What cannot be a number with its country code, or an address, is refused in words."""
    assert not is_phone(given)
    with pytest.raises(ConfigurationError, match=why) as err:
        normalize(given, "dial")
    assert str(err.value).startswith(f"dial: {given!r} ")


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
