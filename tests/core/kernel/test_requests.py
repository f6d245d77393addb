"""Questions that the server answers."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import (
    CallEnded,
    NotConnected,
    RequestRejected,
    RequestTimeout,
)

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def ask_ids(wire: Wire) -> list[str]:
    return [frame["request_id"] for frame in wire.sent()]


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("history.add", {"messages": [{"role": "user", "content": "x"}]}),
        ("history.set", {"messages": []}),
        ("history.clear", {}),
        ("history.add_context", {"text": "VIP"}),
        ("history.set_instructions", {"prompt": "Hi"}),
        ("history.set_vars", {"vars": {"a": "b"}}),
    ],
)
def test_changes(verb: str, fields: dict[str, Any]) -> None:
    """A change is sent with the call and a request id, and its answer is the count."""
    wire = Wire()
    outcome = wire.call()._ask_change(verb, **fields)
    frame = wire.sent()[0]
    request_id = frame.pop("request_id")
    assert frame == {"event": verb, "call_id": "CA1", **fields}
    wire.server("history.updated", **IDS, request_id=request_id, count=4)
    assert outcome.result() == 4


def test_history() -> None:
    """history.get is answered with the messages, and the answer reaches handlers too."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("history.data")
    outcome = call._ask_history()
    wire.server("history.data", request_id=ask_ids(wire)[0], messages=[{"role": "user"}], **IDS)
    assert outcome.result() == [{"role": "user"}]
    assert told[0][2] is call


def test_count_is_zero_without_one() -> None:
    """An answer without a count is 0."""
    wire = Wire()
    outcome = wire.call()._ask_change("history.clear")
    wire.server("history.updated", **IDS)
    assert outcome.result() == 0


def test_ids_are_unique() -> None:
    """Every request has an id of its own."""
    wire = Wire()
    call = wire.call()
    for _ in range(50):
        call._ask_history()
    assert len(set(ask_ids(wire))) == 50


def test_any_order() -> None:
    """Two questions for the same answer get their own, in whatever order they come."""
    wire = Wire()
    call = wire.call()
    one, two = call._ask_change("history.clear"), call._ask_change("history.clear")
    first, second = ask_ids(wire)
    wire.server("history.updated", **IDS, request_id=second, count=2)
    assert not one.done
    wire.server("history.updated", **IDS, request_id=first, count=1)
    assert (one.result(), two.result()) == (1, 2)


def test_without_an_id() -> None:
    """An answer without an id goes to the oldest question of its call for that answer."""
    wire = Wire()
    call, other = wire.call(call_id="CA1"), wire.call(call_id="CA2")
    elsewhere = other._ask_change("history.clear")
    question = call._ask_history()
    one, two = call._ask_change("history.clear"), call._ask_change("history.clear")
    wire.server("history.updated", **IDS, count=1)
    assert one.result() == 1
    assert not (two.done or question.done or elsewhere.done)


def test_an_answer_to_nothing() -> None:
    """An answer without an id, where nothing was asked on its call, resolves nobody."""
    wire = Wire()
    call, other = wire.call(call_id="CA1"), wire.call(call_id="CA2")
    question = call._ask_history()
    elsewhere = other._ask_change("history.clear")
    wire.server("history.updated", **IDS, count=1)
    assert not question.done
    assert not elsewhere.done


def test_foreign_id() -> None:
    """An answer with an id that is not ours, or to another kind of question, resolves nobody."""
    wire = Wire()
    call = wire.call()
    question, change = call._ask_history(), call._ask_change("history.clear")
    first, _ = ask_ids(wire)
    wire.server("history.updated", **IDS, request_id="rq_9_foreign", count=1)
    wire.server("history.updated", **IDS, request_id=first, count=1)
    assert not question.done
    assert not change.done


def test_timeout() -> None:
    """Without an answer for 10 s it fails, and says what was waited for."""
    wire = Wire()
    outcome = wire.call()._ask_history()
    wire.at(9.9)
    assert not outcome.done
    wire.at(10)
    with pytest.raises(RequestTimeout, match=r"get_history on call CA1 .* no history\.data") as e:
        outcome.result()
    assert (e.value.code, e.value.call_id) == ("REQUEST_TIMEOUT", "CA1")
    assert isinstance(e.value, TimeoutError)


def test_late_answer() -> None:
    """An answer to a question that timed out is not taken for the answer to the next one."""
    wire = Wire()
    call = wire.call()
    call._ask_history()
    late = ask_ids(wire)[0]
    wire.at(10)
    outcome = call._ask_history()
    wire.server("history.data", **IDS, request_id=late, messages=[{"role": "user"}])
    assert not outcome.done


def test_refused() -> None:
    """An answer with an error is a refusal with the server's words."""
    wire = Wire()
    outcome = wire.call()._ask_change("history.clear")
    wire.server("history.updated", **IDS, error="no such call")
    with pytest.raises(RequestRejected, match="no such call") as caught:
        outcome.result()
    assert caught.value.code == "REQUEST_REJECTED"


def test_garbled_answer() -> None:
    """A garbled answer is an answer: nobody waits for ten seconds."""
    wire = Wire()
    outcome = wire.call()._ask_change("history.clear")
    wire.server("history.updated", **IDS, count="many")
    assert outcome.result() == 0


def test_end_of_the_call() -> None:
    """The end of the call fails its questions at once, and no others."""
    wire = Wire()
    one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
    mine, other = one._ask_history(), two._ask_history()
    wire.server("call.ended", **IDS)
    with pytest.raises(CallEnded):
        mine.result()
    assert not other.done


def test_forgotten() -> None:
    """A question nobody waits for fails in silence, and is not reported."""
    wire = Wire()
    told = wire.listen("error")
    wire.call()._ask_history()
    wire.at(11)
    assert told == []


def test_nothing_is_left() -> None:
    """A settled question leaves neither a timer nor an entry."""
    wire = Wire(ping_interval=None)
    call = wire.call()
    wire.at(6)
    for _ in range(3):
        call._ask_change("history.clear")
        wire.server("history.updated", **IDS)
    assert len(wire.engine.requests) == 0
    assert len(wire.engine.timers) == 0


def test_lost_link() -> None:
    """The loss of the link fails what was asked, at once."""
    wire = Wire()
    outcome = wire.call()._ask_history()
    wire.lost(1006, "gone")
    with pytest.raises(NotConnected, match="gone"):
        outcome.result()
    assert wire.pc.stats()["requests"] == 0


def test_lost_link_with_nobody_waiting() -> None:
    """A lost change that nobody waits for is reported; a lost question is not."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("error")
    question, change = call._ask_history(), call._ask_change("history.clear")
    wire.sent()
    wire.lost(1006, "gone")
    assert isinstance(question.error, NotConnected)
    assert [error for _, error in told] == [change.error]
    assert (told[0][1].agent_id, told[0][1].call_id) == ("mara", "CA1")


class TestWhileDown:
    def test_questions_raise(self) -> None:
        """A question while the link is down raises, and leaves nothing."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        with pytest.raises(NotConnected):
            call._ask_history()
        assert wire.pc.stats()["requests"] == 0

    def test_changes_wait(self) -> None:
        """A change is made later, once, and answered then."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        outcome = call._ask_change("history.clear")
        wire.reconnect()
        wire.sent()
        wire.server("agent.resumed", agent_id="mara")
        request_id = ask_ids(wire)[0]
        wire.server("history.updated", **IDS, request_id=request_id, count=0)
        assert outcome.result() == 0

    def test_a_second_loss(self) -> None:
        """A change that still waits is not failed by another loss."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        outcome = call._ask_change("history.clear")
        wire.at(0.5)
        wire.opened()
        wire.server("connected")
        wire.sent()
        wire.lost()
        assert not outcome.done
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert "history.clear" in wire.sent_events()

    def test_given_up(self) -> None:
        """A change whose waiter gave up is taken out of the queue."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        outcome = call._ask_change("history.clear")

        def wake() -> None:
            """A waiter."""

        outcome.waiters.append(wake)
        outcome.leave(wake)
        outcome.leave(wake)
        assert wire.pc.stats()["held"] == 0
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert "history.clear" not in wire.sent_events()

    def test_waiting_for_it_ends(self) -> None:
        """Whoever waits for a change while the link is down waits 10 s; then it is not made."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        outcome = call._ask_change("history.clear")
        outcome.waiters.append(lambda: None)
        wire.at(10)
        with pytest.raises(RequestTimeout):
            outcome.result()
        assert wire.pc.stats()["held"] == 0

    def test_nobody_waits(self) -> None:
        """A change that nobody waits for is made however long the link is down."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        outcome = call._ask_change("history.clear")
        wire.at(25)
        assert not outcome.done
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert "history.clear" in wire.sent_events()

    def test_too_many(self) -> None:
        """When no more can wait, a change raises, and nothing of it is left."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        for _ in range(256):
            call._ask_change("history.clear")
        with pytest.raises(NotConnected) as caught:
            call._ask_change("history.clear")
        assert caught.value.code == "SEND_QUEUE_FULL"
        assert wire.pc.stats()["requests"] == 256


def test_given_up_in_flight() -> None:
    """A question that was given up is forgotten; who waits for it again learns so at once."""
    wire = Wire()
    call = wire.call()
    outcome = call._ask_history()
    outcome.leave(lambda: None)
    assert wire.pc.stats()["requests"] == 0
    wire.server("history.data", **IDS, request_id=ask_ids(wire)[0])
    with pytest.raises(RequestTimeout, match="it was given up before the answer came"):
        outcome.result()


def test_one_of_two_waiters_gives_up() -> None:
    """A question is taken back when the last who waits for it has given up, not before."""
    wire = Wire()
    outcome = wire.call()._ask_history()
    first, second = (lambda: None), (lambda: None)
    outcome.waiters += [first, second]
    outcome.leave(first)
    assert len(wire.engine.requests) == 1
    outcome.leave(second)
    assert len(wire.engine.requests) == 0


def test_an_error_that_names_a_question() -> None:
    """An ``error`` frame with a question's id rejects it at once, and is not reported besides."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    told = wire.listen("error")
    outcome = call._ask_history()
    (frame,) = wire.sent()
    wire.server("error", request_id=frame["request_id"], error="no history", code="NO_HISTORY")
    with pytest.raises(RequestRejected, match="no history") as refused:
        outcome.result()
    assert refused.value.code == "NO_HISTORY" and refused.value.call_id == call.id
    assert told == [] and len(wire.engine.requests) == 0
    wire.server("error", request_id=frame["request_id"], error="late")
    wire.server("error", request_id=5, error="odd")
    assert [error.message.count("reports") for _, error in told] == [1, 1]
