"""Deliveries: which handlers get an event, and in what order."""

from __future__ import annotations

from typing import Any

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def word(wire: Wire, text: str = "x") -> None:
    wire.server("bot.word", **IDS, word=text)


class TestOrder:
    def test_registration_order(self) -> None:
        """Handlers of one event run in the order of their registration."""
        wire = Wire()
        wire.call()
        order: list[int] = []
        for number in range(5):
            wire.pc._add_handler("bot.word", lambda e, c, n=number: order.append(n))
        word(wire)
        assert order == [0, 1, 2, 3, 4]

    def test_named_before_all(self) -> None:
        """On one object the handlers of the event run before those of everything."""
        wire = Wire()
        wire.call()
        order: list[str] = []
        wire.pc._add_handler("*", lambda item: order.append("*"))
        wire.pc._add_handler("bot.word", lambda e, c: order.append("named"))
        word(wire)
        assert order == ["named", "*"]

    def test_wire_order(self) -> None:
        """Events reach the handlers in the order of the wire."""
        wire = Wire()
        wire.call()
        told = wire.listen("bot.word")
        for number in range(50):
            wire.engine.receive(
                f'{{"event":"bot.word","agent_id":"mara","call_id":"CA1","word":"{number}"}}', 0
            )
        wire.deliver()
        assert [event.word for _, event, _ in told] == [str(number) for number in range(50)]

    def test_items(self) -> None:
        """* gets each event as one item with its surroundings."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("*")
        word(wire, "hello")
        item = told[0][1]
        assert (item.name, item.event.word, item.agent, item.call) == (
            "bot.word",
            "hello",
            call.agent,
            call,
        )

    def test_only_that_call(self) -> None:
        """A call's handlers get the events of that call, and of no other."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        heard = wire.listen("bot.word", on=one)
        wire.server("bot.word", call_id="CA2", word="theirs")
        wire.server("bot.word", call_id="CA1", word="ours")
        assert [(event.word, call) for _, event, call in heard] == [("ours", one)]
        assert not two._own_handlers

    def test_only_that_call_as_items(self) -> None:
        """A call's handler of * gets the items of that call, and of no other."""
        wire = Wire()
        one = wire.call(call_id="CA1")
        wire.call(call_id="CA2")
        heard = wire.listen("*", on=one)
        wire.server("bot.word", call_id="CA2", word="theirs")
        wire.server("bot.word", call_id="CA1", word="ours")
        assert [(item.event.word, item.call) for _, item in heard] == [("ours", one)]

    def test_raw(self) -> None:
        """Unknown fields stay in raw, nested objects are untouched, seq and ts are there."""
        wire = Wire()
        wire.call()
        told = wire.listen("bot.word")
        wire.server("bot.word", **IDS, word="x", newField={"aB": [1]}, seq=7, ts=1.5)
        event = told[0][1]
        assert event.raw["newField"] == {"aB": [1]}
        assert (event.seq, event.ts) == (7, 1.5)
        assert event.raw is event.raw


class TestOnce:
    def test_once_for_two_events_at_a_time(self) -> None:
        """Two events that arrive together run it once."""
        wire = Wire()
        call = wire.call()
        seen: list[Any] = []
        call._add_once("bot.word", lambda e, c: seen.append(e.word))
        for text in "ab":
            wire.engine.receive(
                f'{{"event":"bot.word","agent_id":"mara","call_id":"CA1","word":"{text}"}}', 0
            )
        wire.deliver()
        assert seen == ["a"]

    def test_once_is_not_used_up_unheard(self) -> None:
        """An event that once was not called for leaves it registered."""
        wire = Wire()
        mara = wire.agent()
        seen: list[Any] = []
        mara._add_once("bot.word", lambda e, c: seen.append(e.word))
        wire.server("bot.word", agent_id="mara", word="of no call")
        wire.call(mara)
        word(wire, "a")
        word(wire, "b")
        assert seen == ["a"]
