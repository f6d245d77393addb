"""The call log: what is delivered, what moves the cursor, when the connection is made again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.call_log import ATTEMPTS, CallLog
from pinecall.core.rest.tokens import Token
from pinecall.errors import ApiError, ConfigurationError, TokenError


def entry(seq: int, kind: str = "user.message", of: str | None = "CA1", **data: Any) -> str:
    return json.dumps(
        {"seq": seq, "ts": 1.5, "call": of, "agent": "mara", "type": kind, "data": data}
    )


def call_log(**options: Any) -> CallLog:
    given = {"call": "CA1", "agents": "mara", "random": lambda: 1.0} | options
    return CallLog(**given)


def seqs(log: CallLog) -> list[tuple[int, str]]:
    found = [(one.seq, one.type) for one in log.entries]
    log.entries.clear()
    return found


def test_urls() -> None:
    """The token is for the call's agent; the socket is asked for the call, after the cursor."""
    log = call_log(after=7)
    assert log.token().url("https://h") == (
        "https://h/stream/token?agent_id=mara&scope=observe&call_id=CA1"
    )
    url = log.url(Token("t/1", "https://h/eu/"))
    assert url == "wss://h/eu/v1/attach?token=t%2F1&call=CA1&after=7"
    agent = CallLog(agent="org:mara", random=lambda: 0.0)
    assert agent.url(Token("t", "wss://h")) == "wss://h/v1/attach?token=t&agent=org%3Amara&after=0"
    assert agent.token().url("") == "/stream/token?agent_id=org%3Amara&scope=observe"


def test_each_entry_once() -> None:
    """Entries that came before are dropped; holes are accepted; the cursor is the newest seq."""
    log = call_log(after=3)
    for seq in (3, 4, 4, 7, 5, 8):
        log.receive(entry(seq))
    assert [seq for seq, _ in seqs(log)] == [4, 7, 8]
    assert log.after == 8


def test_control_entries() -> None:
    """Control entries are delivered though their seq repeats, and take no seq from a real entry."""
    log = call_log()
    log.receive(entry(2))
    log.receive(entry(2, "log.caught_up"))
    log.receive(entry(9, "log.caught_up"))
    assert log.after == 2
    log.receive(entry(9))
    assert seqs(log) == [(2, "user.message"), (2, "log.caught_up"), (9, "log.caught_up"),
                         (9, "user.message")]  # fmt: skip


def test_gap_adopts_resume_from() -> None:
    """After a gap the log goes on with the entry at resume_from; the snapshot is delivered."""
    log = call_log(after=5)
    log.receive(entry(5, "log.gap", **{"from": 6, "resume_from": 40, "snapshot": {"a": 1}}))
    assert log.entries[0].data["snapshot"] == {"a": 1}
    assert log.after == 39
    log.receive(entry(39))
    log.receive(entry(40))
    assert [seq for seq, _ in seqs(log)] == [5, 40]


def test_gap_that_does_not_say_where() -> None:
    """A gap without a usable resume_from is announced, and moves nothing."""
    log = call_log(after=5)
    for odd in ("6", True, None):
        log.receive(entry(6, "log.gap", resume_from=odd))
    assert log.after == 5
    log.receive(entry(6))
    assert [kind for _, kind in seqs(log)] == ["log.gap"] * 3 + ["user.message"]


def test_stop() -> None:
    """After stop() the entries that have arrived are given out, and later ones are not."""
    log = call_log()
    log.receive(entry(1))
    log.stop()
    log.receive(entry(2))
    log.lost("", 1.0)
    assert log.over
    assert log.error is None
    assert [seq for seq, _ in seqs(log)] == [1]


def test_gap_backwards() -> None:
    """A log that started over is followed from its new start."""
    log = call_log(after=500)
    log.receive(entry(500, "log.gap", resume_from=1))
    log.receive(entry(1))
    assert [seq for seq, _ in seqs(log)] == [500, 1]


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"seq":1}',
        '{"seq":"1","ts":1,"call":null,"agent":"a","type":"t","data":{}}',
        '{"seq":true,"ts":1,"call":null,"agent":"a","type":"t","data":{}}',
        '{"seq":1,"ts":1,"call":3,"agent":"a","type":"t","data":{}}',
        '{"seq":1,"ts":1,"call":null,"agent":null,"type":"t","data":{}}',
        f'{{"seq":1,"ts":1{"0" * 400},"call":null,"agent":"a","type":"t","data":{{}}}}',
    ],
)
def test_not_an_entry(text: str) -> None:
    """A text that is not an entry is ignored."""
    log = call_log()
    log.receive(text)
    assert not log.entries
    assert not log.over


def test_unknown_type_and_missing_data() -> None:
    """An unknown type is delivered like any other, with what it holds."""
    log = call_log()
    log.receive('{"seq":1,"ts":1,"call":"CA1","agent":"a","type":"new.thing","data":null}')
    assert (log.entries[0].type, log.entries[0].data) == ("new.thing", {})


def test_agent_log() -> None:
    """An agent's entries name the call in data; a summary does not end its log; each log has its own
    cursor."""
    log = CallLog(agent="mara", random=lambda: 0.0)
    log.receive(entry(1, "call.started", None, call="CA1"))
    log.receive(entry(1, "call.summary", "CA7"))
    assert [one.call_id for one in log.entries] == ["CA1", "CA7"]
    assert log.after == 1
    assert not log.over


def test_cursors_of_many_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent's log remembers its own cursor and those of the logs it heard of last: only what an
    older log repeats is delivered again."""
    monkeypatch.setattr("pinecall.core.rest.call_log.LOG_CURSORS", 3)
    log = CallLog(agent="mara", random=lambda: 0.0)
    for seq, of in ((7, None), (7, "A"), (7, "B"), (8, "A"), (7, "C")):
        log.receive(entry(seq, of=of))
    assert len(seqs(log)) == 5
    for seq, of in ((7, None), (8, "A"), (7, "C")):
        log.receive(entry(seq, of=of))
    assert seqs(log) == []
    log.receive(entry(7, of="B"))
    assert [one.call for one in log.entries] == ["B"]
    assert log.after == 7


def test_cursor_of_a_long_id() -> None:
    """No cursor is kept for a call whose id has more than 256 characters."""
    log = CallLog(agent="mara", random=lambda: 0.0)
    for of in ("x" * 257, "x" * 257, "y" * 256, "y" * 256):
        log.receive(entry(1, of=of))
    assert [len(one.call or "") for one in log.entries] == [257, 257, 256]


def test_fields_of_an_entry() -> None:
    """Numbers are read as an int and a float; an entry is ephemeral only where it says true."""
    log = call_log()
    for seq, ephemeral in (("1.0", "true"), ("2", "1")):
        log.receive(
            f'{{"seq":{seq},"ts":1,"call":"CA1","agent":"a","type":"t","ephemeral":{ephemeral}}}'
        )
    first, second = log.entries
    assert (first.seq, first.ts, first.ephemeral) == (1, 1.0, True)
    assert isinstance(first.seq, int) and isinstance(first.ts, float)
    assert (second.seq, second.ephemeral) == (2, False)


def test_entry_without_a_call() -> None:
    """An entry of an agent's log that names no call has no call id."""
    log = CallLog(agent="mara", random=lambda: 0.0)
    log.receive(entry(1, of=None, call=5))
    log.receive(entry(2, of=None))
    assert [one.call_id for one in log.entries] == [None, None]


def test_summary_seals_a_call() -> None:
    """Nothing follows a call's summary."""
    log = call_log()
    log.receive(entry(1, "call.summary"))
    log.receive(entry(2))
    assert seqs(log) == [(1, "call.summary")]
    assert log.over
    assert log.error is None


def test_slow_consumer_resumes_at_once() -> None:
    """After slow_consumer the log resumes from the last seq at once; the second time in a row after a
    delay."""
    log = call_log()
    log.opened(0.0)
    log.receive(entry(4))
    log.lost("slow_consumer", 1.0)
    assert (log.delay, log.over, log.after) == (0.0, False, 4)
    log.lost("slow_consumer", 1.0)
    assert log.delay > 0


def test_lost_for_good() -> None:
    """After ten connections in a row without an entry the log fails; an entry, or a connection that
    lasts, resets the count."""
    log = call_log()
    log.opened(0.0)
    for _ in range(ATTEMPTS - 1):
        log.lost("", 1.0)
    log.receive(entry(1))
    for _ in range(ATTEMPTS - 1):
        log.lost("", 1.0)
    log.lost("", 60.0)
    assert not log.over
    for _ in range(ATTEMPTS):
        log.opened(60.0)
        log.lost("no room, token=abc", 60.0)
    assert log.over
    assert isinstance(log.error, ApiError)
    assert (log.error.code, log.error.call_id) == ("NETWORK_ERROR", "CA1")


def test_loss_after_the_end() -> None:
    """A socket that closes after the summary changes nothing."""
    log = call_log()
    log.receive(entry(1, "call.summary"))
    log.lost("", 1.0)
    assert (log.over, log.error, log.delay) == (True, None, 0.0)


def test_token_refusals() -> None:
    """A refused token is final before the first connection; later only where the key or the request is
    wrong."""
    offline = TokenError("not online", status=404)
    log = call_log()
    log.failed(offline)
    assert log.error is offline
    log = call_log()
    log.opened(0.0)
    log.failed(offline)
    assert not log.over
    log.failed(TokenError("out of order", status=500))
    assert not log.over
    log.failed(wrong := TokenError("wrong key", status=401))
    assert log.over
    assert log.error is wrong


def test_handshake_refusals() -> None:
    """A handshake refused with 403 is final, with its status; after 503 it is tried again."""
    log = call_log()
    log.refused(Failure("handshake", "HTTP 503", True, "HTTP_503"))
    assert (log.over, log.delay) == (False, 0.5)
    log.refused(Failure("handshake", "refused", False, "HTTP_403"))
    assert log.error is not None
    assert (log.error.status, log.error.code) == (403, "HTTP_403")


@pytest.mark.parametrize(
    "options",
    [
        {"agent": "mara"},
        {"call": None},
        {"after": -1},
        {"after": True},
        {"agents": None},
        {"agents": ()},
    ],
)
def test_arguments(options: dict[str, Any]) -> None:
    """Other arguments than one of call and agent, a seq, and the agents of a call are refused."""
    with pytest.raises(ConfigurationError, match="observe"):
        call_log(**options)
