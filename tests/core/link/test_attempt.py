"""How an attempt to connect may fail, and whether another one makes sense."""

from __future__ import annotations

import pytest

from pinecall.core.link.attempt import Failure, LinkSettings, closed_early
from pinecall.errors import ConfigurationError
from pinecall.options import ReconnectPolicy


def test_settings() -> None:
    """Without more, a link reconnects, pings every 30 s, and waits 10 s for a connection."""
    settings = LinkSettings(url=lambda: "wss://voice.example", api_key=lambda: "pk_live_1")
    assert settings.reconnect == ReconnectPolicy()
    assert (settings.ping_interval, settings.connect_timeout) == (30.0, 10.0)
    assert not settings.log_words


class TestFailure:
    def test_what_it_is_by_itself(self) -> None:
        """A failure is one that may pass, without a code or a cause, unless it says otherwise."""
        failure = Failure("tcp", "connection refused")
        assert (failure.retryable, failure.code, failure.cause) == (True, None, None)
        assert not failure.refusal

    @pytest.mark.parametrize(
        ("phase", "code", "refusal"),
        [
            ("authentication", "INVALID_KEY", True),
            ("authentication", "SOMETHING_NEW", True),
            ("authentication", None, True),
            ("handshake", "INVALID_KEY", False),
            ("authentication", "CONNECTION_TIMEOUT", False),
            ("authentication", "CONNECTION_FAILED", False),
            ("authentication", "INTERNAL_ERROR", False),
            ("authentication", "RATE_LIMITED", False),
            ("authentication", "SERVER_ERROR", False),
            ("authentication", "UPSTREAM_ERROR", False),
            ("authentication", "UPSTREAM_TIMEOUT", False),
        ],
    )
    def test_refusal(self, phase: str, code: str | None, refusal: bool) -> None:
        """The key was refused when the server said no after the handshake, and not for trouble of its
        own."""
        assert Failure(phase, "no", code=code).refusal is refusal

    @pytest.mark.parametrize(
        ("phase", "code", "dropped"),
        [
            ("tcp", None, False),
            ("dns", None, False),
            ("tls", None, True),
            ("handshake", None, True),
            ("handshake", "CONNECTION_TIMEOUT", True),
            ("handshake", "HTTP_503", False),
            ("authentication", None, True),
            ("capacity", "SERVER_AT_CAPACITY", True),
        ],
    )
    def test_dropped(self, phase: str, code: str | None, dropped: bool) -> None:
        """A host that took the connection has dropped it, unless it answered with an HTTP status."""
        assert Failure(phase, "no", code=code).dropped is dropped

    @pytest.mark.parametrize(
        ("failure", "first", "later"),
        [
            (Failure("tcp", "refused"), False, False),
            (Failure("authentication", "no", True, "INVALID_KEY"), False, False),
            (Failure("tls", "certificate", False), True, False),
            (Failure("handshake", "HTTP 404", False, "HTTP_404"), True, False),
            (Failure("authentication", "oops", False, "INTERNAL_ERROR"), True, False),
            (Failure("authentication", "no", False, "INVALID_KEY"), True, True),
            (Failure("handshake", "no", False, cause=ConfigurationError("no key")), True, True),
            (Failure("handshake", "no", False, cause=OSError()), True, False),
        ],
    )
    def test_final(self, failure: Failure, first: bool, later: bool) -> None:
        """What will not pass is final for a first connection; later a refused key or a setting is."""
        assert failure.is_final(known=False) is first
        assert failure.is_final(known=True) is later


class TestClosedEarly:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (1008, ""),
            (4401, ""),
            (4403, ""),
            (1000, "bad API key"),
            (4000, "Unauthorized"),
            (4000, "unauthorised"),
            (4000, "unauthenticated"),
            (1011, "FORBIDDEN here"),
            (None, "no such credentials"),
        ],
    )
    def test_the_key(self, code: int | None, reason: str) -> None:
        """A close that speaks of the key, by its code or its reason, is a refused key."""
        failure = closed_early(code, reason)
        assert (failure.phase, failure.code) == ("authentication", "INVALID_KEY")
        assert failure.refusal
        assert not failure.retryable

    @pytest.mark.parametrize(
        ("code", "retryable"),
        [
            (None, True),
            (1001, True),
            (1006, True),
            (1012, True),
            (1013, True),
            (1014, True),
            (1000, False),
            (1011, False),
            (4000, False),
        ],
    )
    def test_others(self, code: int | None, retryable: bool) -> None:
        """Another close may pass if the network or a restart caused it; it does not blame the key."""
        failure = closed_early(code, "monkeys")
        assert (failure.phase, failure.code) == ("authentication", "CONNECTION_FAILED")
        assert not failure.refusal
        assert failure.retryable is retryable

    def test_the_message(self) -> None:
        """The message has the close code, 1006 where there was no close frame, and the reason."""
        assert closed_early(1000, "go away").message == (
            "closed before 'connected' (code 1000, go away)"
        )
        assert closed_early(None, "").message == "closed before 'connected' (code 1006)"
        assert closed_early(4401, "").message == "closed before 'connected' (code 4401)"
        assert closed_early(4401, "wrong key").message == "wrong key"
