"""Trying again: what, when, how often, and what is said in the end."""

from __future__ import annotations

import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.knowledge import query
from pinecall.core.rest.op import Exchange, Reply
from pinecall.core.rest.phones import Phone, phones
from pinecall.errors import ApiError

BASE = "https://voice.example"
DOWN = Failure("tcp", "connection refused")


def status(code: int, **headers: str) -> Reply:
    return Reply(status=code, headers=headers, body=b'{"phones":[]}', base=BASE)


def exchange() -> Exchange[list[Phone]]:
    return Exchange(phones(), 0.0, lambda: 1.0)


@pytest.mark.parametrize("code", [502, 503, 504])
def test_get_is_repeated_twice(code: int) -> None:
    """A GET is sent three times at most, after growing delays."""
    one = exchange()
    delays = []
    for _ in range(3):
        assert one.pending
        delays.append(one.delay)
        one.answered(status(code), 1.0)
    assert not one.pending
    assert delays == [0.0, 0.5, 1.0]
    with pytest.raises(ApiError) as caught:
        one.result()
    assert caught.value.status == code


def test_success_after_a_failure() -> None:
    """A failure that the next try makes good is not raised."""
    one = exchange()
    one.failed(DOWN, BASE, 0.0)
    assert one.pending
    one.answered(status(200), 0.0)
    assert not one.pending
    assert one.result() == []


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500, 501])
def test_other_statuses_are_final(code: int) -> None:
    """Nothing else is asked twice."""
    one = exchange()
    one.answered(status(code), 0.0)
    assert not one.pending


def test_post_is_never_repeated() -> None:
    """Neither after a bad gateway nor after a lost connection: it may have been carried out."""
    for fail in (False, True):
        one = Exchange(query("kb", "q"), 0.0, lambda: 0.0)
        if fail:
            one.failed(DOWN, BASE, 0.0)
        else:
            one.answered(status(503), 0.0)
        assert not one.pending


def test_what_will_not_pass_is_final() -> None:
    """A certificate that is not accepted is not asked again."""
    one = exchange()
    one.failed(Failure("tls", "bad certificate", retryable=False), BASE, 0.0)
    assert not one.pending


def test_unreachable() -> None:
    """Status 0, NETWORK_ERROR, the host in the message and the cause behind it."""
    cause = OSError("boom")
    one = exchange()
    one.failed(Failure("tcp", "refused", retryable=False, cause=cause), BASE, 0.0)
    with pytest.raises(ApiError, match=r"voice\.example") as caught:
        one.result()
    assert (caught.value.status, caught.value.code) == (0, "NETWORK_ERROR")
    assert caught.value.__cause__ is cause


def test_deadline_is_for_all_tries() -> None:
    """What is left for a try shrinks, and no try begins after the deadline."""
    one = exchange()
    assert one.left(0.0) == 10.0
    one.answered(status(503), 4.0)
    assert one.pending
    assert one.left(4.5) == 5.5
    one.answered(status(503), 9.9)
    assert not one.pending


def test_retry_after() -> None:
    """The server's wait is kept, when it fits."""
    one = exchange()
    one.answered(status(503, **{"retry-after": "3"}), 0.0)
    assert (one.pending, one.delay) == (True, 3.0)
    one.answered(status(503, **{"retry-after": "3600"}), 3.0)
    assert not one.pending


def test_time_out_says_how_long() -> None:
    """A time-out names the seconds that were waited."""
    one = exchange()
    one.failed(Failure("handshake", "", False, "REQUEST_TIMEOUT"), BASE, 10.0)
    with pytest.raises(ApiError, match="within 10 s") as caught:
        one.result()
    assert caught.value.code == "REQUEST_TIMEOUT"
