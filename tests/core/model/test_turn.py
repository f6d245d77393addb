"""Turns: what the caller says, merged from frames that each carry a piece of it."""

from __future__ import annotations

from typing import Any

import pytest

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def test_eager_turn() -> None:
    """eager.turn gives a turn with id, message id, text, probability and latency."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("eager.turn", on=call)
    wire.server(
        "eager.turn", **IDS, turn_id=3, message_id="m1", text="Hi", probability=0.6, latency_ms=40
    )
    turn, of = told[0][1:]
    assert (turn.id, turn.message_id, turn.text) == (3, "m1", "Hi")
    assert (turn.probability, turn.latency_ms, turn.confidence) == (0.6, 40, 0.0)
    assert of is call
    assert turn.raw["event"] == "eager.turn"


def test_bare_turns() -> None:
    """Missing figures are zero."""
    wire = Wire()
    wire.call()
    told = wire.listen("eager.turn", "turn.end")
    wire.server("eager.turn", **IDS)
    wire.server("turn.end", **IDS)
    assert len(told) == 2
    for _, turn, _ in told:
        assert (turn.text, turn.message_id, turn.probability, turn.latency_ms) == ("", "", 0, 0)


def test_turn_end_merges() -> None:
    """turn.end takes text, confidence and language from the user.message before it."""
    wire = Wire()
    wire.call()
    told = wire.listen("turn.end")
    wire.server(
        "user.message", **IDS, message_id="m1", text="Hello?", confidence=0.9, language="en"
    )
    wire.server("turn.end", **IDS, turn_id=1, probability=0.97, latency_ms=164, source="bot")
    turn = told[0][1]
    assert (turn.id, turn.message_id, turn.text) == (1, "m1", "Hello?")
    assert (turn.confidence, turn.language, turn.source) == (0.9, "en", "bot")
    assert (turn.probability, turn.latency_ms) == (0.97, 164)


def test_turn_end_with_its_own_text() -> None:
    """The frame's own text and message id stand above what was remembered."""
    wire = Wire()
    wire.call()
    told = wire.listen("turn.end")
    wire.server("user.message", **IDS, message_id="m1", text="Hello?")
    wire.server("turn.end", **IDS, message_id="m2", text="")
    assert (told[0][1].message_id, told[0][1].text) == ("m2", "")


def test_eager_then_final() -> None:
    """What an eager turn heard is provisional: the user.message after it decides."""
    wire = Wire()
    wire.call()
    told = wire.listen("turn.end")
    wire.server("user.message", **IDS, message_id="m0", text="Old", confidence=0.9, language="en")
    wire.server("eager.turn", **IDS, message_id="m1", text="Hel")
    wire.server("turn.end", **IDS)
    wire.server("user.message", **IDS, message_id="m1", text="Hello", confidence=0.8)
    wire.server("turn.end", **IDS)
    assert [(t.message_id, t.text, t.confidence) for _, t, _ in told] == [
        ("m1", "Hel", 0.0),
        ("m1", "Hello", 0.8),
    ]


@pytest.mark.parametrize("event", ["user.message", "eager.turn", "turn.end"])
def test_last_message_id(event: str) -> None:
    """The last message id follows user.message, eager.turn and turn.end."""
    wire = Wire()
    call = wire.call()
    wire.server(event, **IDS, message_id="m1")
    assert call.last_message_id == "m1"
    wire.server(event, **IDS, message_id="m2")
    assert call.last_message_id == "m2"


@pytest.mark.parametrize("event", ["user.message", "eager.turn", "turn.end"])
@pytest.mark.parametrize("empty", [{}, {"message_id": None}, {"message_id": ""}])
def test_without_an_id_it_stays(event: str, empty: dict[str, Any]) -> None:
    """An event without a message id leaves the last one."""
    wire = Wire()
    call = wire.call()
    wire.server("user.message", **IDS, message_id="m1", text="Hi")
    wire.server(event, **IDS, **empty)
    assert call.last_message_id == "m1"


@pytest.mark.parametrize("event", ["turn.pause", "turn.resumed", "turn.continued"])
def test_the_others(event: str) -> None:
    """turn.pause, turn.resumed and turn.continued fire with their turn id."""
    wire = Wire()
    call = wire.call()
    told = wire.listen(event)
    wire.server(event, **IDS, turn_id=4)
    assert (told[0][1].turn_id, told[0][2]) == (4, call)


def test_every_interim_is_told() -> None:
    """Each user.speaking of a message reaches the handlers, with the words that replace the last."""
    wire = Wire()
    wire.call()
    told = wire.listen("user.speaking")
    for text in ("H", "He", "Hel"):
        wire.server("user.speaking", **IDS, text=text, message_id="m1")
    assert [event.text for _, event, _ in told] == ["H", "He", "Hel"]


def test_repeated_message() -> None:
    """A user.message repeated unchanged fires and is remembered once; its later figures count."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("user.message", "turn.end")
    for seq, confidence in ((1, 0.5), (2, 0.9)):
        wire.server(
            "user.message", **IDS, message_id="m1", text="Hi", seq=seq, confidence=confidence
        )
    wire.server("turn.end", **IDS)
    assert [name for name, *_ in told] == ["user.message", "turn.end"]
    assert told[1][1].confidence == 0.9
    assert call.transcript == call.messages == [{"role": "user", "content": "Hi"}]


def test_corrected_message() -> None:
    """A user.message repeated with another text fires again and replaces the first."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("user.message")
    wire.server("user.message", **IDS, message_id="m1", text="Hi", confidence=0.5)
    wire.server("user.message", **IDS, message_id="m1", text="Hi there", confidence=0.9)
    assert [event.text for _, event, _ in told] == ["Hi", "Hi there"]
    assert call.transcript == [{"role": "user", "content": "Hi there"}]
    assert call._turn.confidence == 0.9


@pytest.mark.parametrize("event", ["user.message", "message.confirmed"])
def test_what_is_no_repeat(event: str) -> None:
    """A repeat is known by its call and message: the same seq, or the same id on another call, is
    none."""
    wire = Wire()
    one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
    told = wire.listen(event)
    for call_id, message_id in (("CA1", "m1"), ("CA1", "m2"), ("CA2", "m1")):
        wire.server(event, call_id=call_id, message_id=message_id, text="Hi", seq=7)
    assert [(e.message_id, of) for _, e, of in told] == [("m1", one), ("m2", one), ("m1", two)]
    assert (len(one.transcript), len(two.transcript)) == (2, 1)


def test_same_id_of_user_and_agent() -> None:
    """A message of the agent is not taken for a repeat of the caller's with the same id."""
    wire = Wire()
    call = wire.call()
    wire.server("user.message", **IDS, message_id="m1", text="Hi")
    wire.server("message.confirmed", **IDS, message_id="m1", text="Hello")
    assert [m["role"] for m in call.transcript] == ["user", "assistant"]


def test_confirmed_once() -> None:
    """A repeated message.confirmed fires and is remembered once."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("message.confirmed")
    for _ in range(2):
        wire.server("message.confirmed", **IDS, message_id="m1", text="Hello!")
    assert len(told) == 1
    assert call.transcript == [{"role": "assistant", "content": "Hello!"}]


def test_confirmed_without_text() -> None:
    """A confirmation without text fires once and adds nothing to the transcript."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("message.confirmed")
    for _ in range(2):
        wire.server("message.confirmed", **IDS, message_id="m1")
    wire.server("message.confirmed", **IDS)
    assert len(told) == 2
    assert call.messages == []


def test_a_capture() -> None:
    """An exchange as servers send it, repeats included, is one line of the caller and one of the
    agent."""
    wire = Wire()
    call = wire.call()
    for event, fields in [
        ("speech.started", {"turn_id": 1}),
        ("user.speaking", {"text": "Hel"}),
        ("user.speaking", {"text": "Hello?"}),
        ("user.message", {"message_id": "u1", "text": "Hello?", "seq": 1}),
        ("eager.turn", {"message_id": "u1", "text": "Hello?", "turn_id": 1}),
        ("speech.ended", {"turn_id": 1}),
        ("user.message", {"message_id": "u1", "text": "Hello?", "seq": 2}),
        ("turn.end", {"turn_id": 1}),
        ("bot.speaking", {"message_id": "b1"}),
        ("bot.word", {"message_id": "b1", "word": "Hello!"}),
        ("message.confirmed", {"message_id": "b1", "text": "Hello!", "seq": 9}),
        ("bot.finished", {"message_id": "b1"}),
        ("message.confirmed", {"message_id": "b1", "text": "Hello!", "seq": 9}),
    ]:
        wire.server(event, **IDS, **fields)
    assert call.transcript == [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Hello!"},
    ]
