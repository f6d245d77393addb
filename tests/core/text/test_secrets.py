"""The secrets that are kept, and how text is cleaned of them."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

import pytest

from pinecall.core.text import secrets


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without a secret, and leaves none to other tests."""
    monkeypatch.setattr(secrets, "_kept", OrderedDict())
    monkeypatch.setattr(secrets, "_pattern", None)


class TestKeep:
    def test_nothing(self) -> None:
        """Without any secret a text stays as it is."""
        assert secrets.clean("nothing is known yet") == "nothing is known yet"

    def test_what_is_kept(self) -> None:
        """Secrets of a configuration, of a URL and of a proxy are known; what is too short is not."""
        secrets.keep_in(
            {"llm": [{"api_key": "provider-key-1"}, 5], "secret": {"password": "pass-word-1"}}
        )
        secrets.keep_url(
            "wss://me:hunter-two-1@x.example/client?token=query-token-1&page=12345678&key=k3y-9"
        )
        secrets.keep("abc")
        secrets.keep(None)
        secrets.keep("pa55")
        text = "provider-key-1 pass-word-1 hunter-two-1 query-token-1 12345678 k3y-9 abc pa55 pa556"
        assert secrets.clean(text) == "*** *** *** *** 12345678 *** abc *** pa556"

    @pytest.mark.parametrize(
        ("length", "kept"), [(3, False), (4, True), (8192, True), (8193, False)]
    )
    def test_lengths(self, length: int, kept: bool) -> None:
        """A secret has 4 to 8,192 characters; shorter and longer texts are not kept."""
        secret = "s" * length
        secrets.keep(secret)
        assert (secrets.clean(secret) == "***") is kept

    @pytest.mark.parametrize("value", [None, b"some-bytes", 12345678, ["a-list-of-one"]], ids=repr)
    def test_what_is_not_text(self, value: object) -> None:
        """A value that is not a text is not kept."""
        secrets.keep(value)
        shown = "None some-bytes 12345678 a-list-of-one"
        assert secrets.clean(shown) == shown

    def test_a_new_secret_after_cleaning(self) -> None:
        """A secret is known from the moment it is given, also when texts were cleaned before."""
        secrets.keep("first-secret")
        assert secrets.clean("first-secret second-secret") == "*** second-secret"
        secrets.keep("second-secret")
        assert secrets.clean("first-secret second-secret") == "*** ***"

    def test_as_many_as_a_back_end_mints(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The latest secrets are known; one that is given again counts as late."""
        monkeypatch.setattr(secrets, "_MOST", 3)
        for name in ("first", "second", "first", "third", "last"):
            secrets.keep(f"{name}-secret")
        text = "first-secret second-secret third-secret last-secret"
        assert secrets.clean(text) == "*** second-secret *** ***"


class TestKeepIn:
    @pytest.mark.parametrize("name", ["api_key", "apiKey", "APP_SECRET", "password", "Token"])
    def test_names(self, name: str) -> None:
        """A text under the name of a secret is kept, in either spelling and in any case."""
        secrets.keep_in({name: "value-under-it"})
        assert secrets.clean("value-under-it") == "***"

    @pytest.mark.parametrize("name", ["token_count", "voice", "my_api_key", 5], ids=repr)
    def test_other_names(self, name: object) -> None:
        """A text under any other name is not kept."""
        secrets.keep_in({name: "value-under-it"})
        assert secrets.clean("value-under-it") == "value-under-it"

    def test_depth(self) -> None:
        """Secrets are found in dicts, lists and tuples at any depth."""
        secrets.keep_in([{"a": ({"token": "deep-token-1"}, [{"b": {"secret": "deep-token-2"}}])}])
        assert secrets.clean("deep-token-1 deep-token-2") == "*** ***"

    def test_other_values(self) -> None:
        """A value that holds nothing, and a secret's name without a text, are passed over."""
        secrets.keep_in({"token": 12345678, "api_key": None})
        secrets.keep_in("some text")
        secrets.keep_in(None)
        assert secrets.clean("12345678 some text") == "12345678 some text"


class TestKeepUrl:
    def test_without_a_secret(self) -> None:
        """A URL without a password and a query has nothing to keep."""
        secrets.keep_url("wss://voice.example/client")
        assert secrets.clean("wss://voice.example/client") == "wss://voice.example/client"

    @pytest.mark.parametrize("name", ["key", "token", "api_key", "accessToken"])
    def test_the_query(self, name: str) -> None:
        """A value in the query under the name of a secret is kept, decoded."""
        secrets.keep_url(f"https://x.example/?page=page-one-1&{name}=a%2Fb%20c-1")
        assert secrets.clean("a/b c-1 page-one-1") == "*** page-one-1"

    def test_the_password(self) -> None:
        """The password is kept; the user's name is not."""
        secrets.keep_url("http://someone:the-password-1@proxy.example:8080")
        assert secrets.clean("someone the-password-1") == "someone ***"


class TestClean:
    @pytest.mark.parametrize(
        "text",
        [
            "the key SECRET-a/b+c is wrong",
            '{"echo":"SECRET-a/b+c"}',
            '{"echo":"{\\"verifyToken\\":\\"whatever it was\\"}"}',
            "GET /x?token=whatever&y=1",
            "Proxy-Authorization: Basic whatever",
            "authorization: Bearer whatever",
            "/x?y=SECRET-a%2Fb%2Bc",
        ],
    )
    def test_cleaning(self, text: str) -> None:
        """A secret is blanked raw, in JSON, in JSON inside JSON, in URLs and headers."""
        secrets.keep("SECRET-a/b+c")
        shown = secrets.clean(text)
        assert "***" in shown
        assert "SECRET-a" not in shown and "whatever" not in shown

    @pytest.mark.parametrize(
        "form",
        [
            'say "é"\\now',
            json.dumps('say "é"\\now')[1:-1],
            json.dumps('say "é"\\now', ensure_ascii=False)[1:-1],
            json.dumps(json.dumps('say "é"\\now')[1:-1])[1:-1],
            "say%20%22%C3%A9%22%5Cnow",
        ],
    )
    def test_forms(self, form: str) -> None:
        """A secret is known as it is, as JSON writes it once and twice, and as a URL quotes it."""
        secrets.keep('say "é"\\now')
        assert secrets.clean(f"<{form}>") == "<***>"

    def test_one_secret_inside_another(self) -> None:
        """A secret that holds another one is blanked as a whole."""
        secrets.keep("inner-key")
        secrets.keep("inner-key-and-more")
        assert secrets.clean("inner-key-and-more, inner-key") == "***, ***"

    def test_short_secrets(self) -> None:
        """A secret of less than eight characters is blanked as a word, and not inside one."""
        secrets.keep("them")
        assert secrets.clean("them themselves (them)") == "*** themselves (***)"

    def test_long_secrets(self) -> None:
        """A secret of eight characters is blanked inside a word too."""
        secrets.keep("01234567")
        assert secrets.clean("a01234567b") == "a***b"

    @pytest.mark.parametrize(
        "key",
        [
            "api_key",
            "accessToken",
            "verifyToken",
            "appSecret",
            "access_token",
            "verify_token",
            "app_secret",
            "token",
        ],
    )
    def test_keys_of_json(self, key: str) -> None:
        """Values of secret keys are blanked, quotes inside included; the rest stays."""
        text = json.dumps({"a": "x", key: 'hid"den\\', "b": "y"})
        shown = secrets.clean(text)
        assert "den" not in shown
        assert json.loads(shown) == {"a": "x", key: "***", "b": "y"}

    @pytest.mark.parametrize("text", ['{"token":"abc', '{"token":"abc\\', '{"token":"'])
    def test_json_that_was_cut(self, text: str) -> None:
        """A text that ends inside the value of a secret key is blanked from there on."""
        assert secrets.clean(text) == '{"token":"***"'

    @pytest.mark.parametrize(
        "text", ['{"tokens":"abcdef"}', "?page=abcdef", "a=b", "Accept: abcdef", '"token"']
    )
    def test_what_is_not_a_secret(self, text: str) -> None:
        """Values under other names stay."""
        assert secrets.clean(text) == text

    def test_text_that_utf8_cannot_hold(self) -> None:
        """Half a surrogate pair becomes U+FFFD."""
        assert secrets.clean("a\ud83d") == "a\ufffd"


class TestCleanStart:
    def test_a_short_text(self) -> None:
        """A text within the limit is cleaned and whole."""
        secrets.keep("SECRET-0123456789")
        assert secrets.clean_start("0123456789", 10) == "0123456789"
        assert secrets.clean_start("SECRET-0123456789", 10) == "***"

    def test_a_long_text(self) -> None:
        """A text beyond the limit is cut, which an ellipsis shows."""
        assert secrets.clean_start("x" * 11, 10) == "x" * 10 + "…"

    @pytest.mark.parametrize("before", range(45))
    def test_a_secret_at_the_cut(self, before: int) -> None:
        """A text is cleaned before it is cut: no part of a secret is left at the cut."""
        secrets.keep("SECRET-0123456789")
        shown = secrets.clean_start("x" * before + "SECRET-0123456789" + "y" * 50, 10)
        assert "SEC" not in shown and len(shown) <= 11


class TestScrub:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("key pk_live_0123456789 is bad", "key pk_*** is bad"),
            ("sk_abcd", "sk_***"),
            ("wrt_abcd.efgh wrtc_abcd", "wrt_*** wrtc_***"),
            ("cht_a-b~c+d/e= str_abcd stk_abcd", "cht_*** str_*** stk_***"),
            ("got Bearer abc.def&x", "got Bearer ***&x"),
            ("bearer 'abc'", "bearer 'abc'"),
        ],
    )
    def test_tokens(self, text: str, shown: str) -> None:
        """What looks like a key or a token of the platform is blanked without being known."""
        assert secrets.scrub(text) == shown

    @pytest.mark.parametrize("text", ["pk_abc", "task_abcdef", "a pk is a key"])
    def test_other_words(self, text: str) -> None:
        """Words that only resemble a token stay."""
        assert secrets.scrub(text) == text

    def test_known_secrets(self) -> None:
        """Secrets that were kept are blanked as ``clean`` does."""
        secrets.keep("SECRET-0123456789")
        assert secrets.scrub("SECRET-0123456789 and ?token=abc") == "*** and ?token=***"


def test_values() -> None:
    """A value keeps its form: texts are cleaned, names too, and what has a secret's name is hidden."""
    secrets.keep("known-secret")
    value = {
        "known-secret": [
            "a known-secret",
            5,
            None,
            {"password": "x", "token": ["y", "known-secret"]},
        ],
        "token": "spoken",
        "api_key": {"n": 1},
    }
    assert secrets.clean_value(value, {"token"}) == {
        "***": ["a ***", 5, None, {"password": "***", "token": ["y", "***"]}],
        "token": "spoken",
        "api_key": {"n": 1},
    }
    assert secrets.clean_value(value)["token"] == "***"


@pytest.mark.parametrize("name", secrets._NAMES.split("|"))
@pytest.mark.parametrize(
    "form", [str, str.upper, lambda name: name.replace("s", "\u017f").replace("k", "\u212a")]
)
def test_every_name_in_any_case(name: str, form: Any) -> None:
    """Each name of a secret is found in JSON however it is capitalised."""
    assert secrets.clean(f'{{"{form(name)}":"hush"}}') == f'{{"{form(name)}":"***"}}'
