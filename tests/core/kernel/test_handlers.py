"""Handlers: how they are registered, replaced and taken off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.kernel.handlers import Delivery, Handlers, Revision, answering
from pinecall.core.wire.names import SIGNATURES, check_name, public_name
from pinecall.errors import ConfigurationError
from pinecall.events import Item

from ..harness import EVENTS, Wire
from .bare import Caller

IDS = {"agent_id": "mara", "call_id": "CA1"}


def word(wire: Wire, text: str = "x") -> None:
    wire.server("bot.word", **IDS, word=text)


class TestRegistering:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("connected", ""),
            ("disconnected", "reason"),
            ("reconnecting", "attempt"),
            ("error", "err"),
            ("call.started", "call"),
            ("call.ended", "call, reason"),
            ("call.ringing", "ringing"),
            ("whatsapp.session_started", "session"),
            ("turn.end", "turn, call"),
            ("agent.created", "event, agent"),
            ("bot.word", "event, call"),
            ("*", "item"),
        ],
    )
    def test_arity(self, name: str, wanted: str) -> None:
        """A handler with the wrong number of parameters is refused, with the right signature."""
        count = len(wanted.split(", ")) if wanted else 0
        functions: list[Callable[..., Any]] = [
            lambda: None,
            lambda a: None,
            lambda a, b: None,
            lambda a, b, c: None,
        ]
        wire = Wire()
        for number, function in enumerate(functions):
            if number == count:
                wire.pc._add_handler(name, function)
            else:
                with pytest.raises(ConfigurationError) as caught:
                    wire.pc._add_handler(name, function)
                assert f"def handler({wanted})" in caught.value.message

    def test_flexible_signatures(self) -> None:
        """*args, defaults and keyword-only defaults are fine."""
        wire = Wire()
        wire.pc._add_handler("bot.word", lambda *args: None)
        wire.pc._add_handler("bot.word", lambda event, call, more=1: None)
        wire.pc._add_handler("bot.word", lambda event, call, *, more=1: None)
        with pytest.raises(ConfigurationError):
            wire.pc._add_handler("bot.word", lambda event, call, *, more: None)

    def test_builtins(self) -> None:
        """A builtin without a readable signature is accepted."""
        pc = Wire().pc
        pc._add_handler("bot.word", dict)
        assert [handler.function for handler in pc._handlers.get("bot.word")] == [dict]

    @pytest.mark.parametrize("bad", [None, 5, "f"])
    def test_no_function(self, bad: Any) -> None:
        """What is not callable is refused."""
        with pytest.raises(ConfigurationError, match="wants a function"):
            Wire().pc._add_handler("bot.word", bad)

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("call.start", "did you mean 'call.started'"),
            ("llm.before", "did you mean 'call.preparing'"),
            ("llm.chat.started", "did you mean 'chat.started'"),
            ("ping", "there is no event 'ping'"),
            ("zzz", "use on('*', …)"),
            (5, "a str like 'call.started'"),
            (None, "a str like"),
        ],
    )
    def test_misspelt(self, name: Any, hint: str) -> None:
        """A misspelt event is refused with the nearest one, or with *."""
        wire = Wire()
        with pytest.raises(ConfigurationError) as caught:
            wire.pc._add_handler(name, lambda *args: None)
        assert hint in caught.value.message
        with pytest.raises(ConfigurationError):
            wire.pc._remove_handler(name)
        with pytest.raises(ConfigurationError):
            wire.engine.subscribe(wire.engine.handlers, (name,))

    def test_every_event_has_a_name(self) -> None:
        """Every event of the platform can be listened for, but for the link's own."""
        names = {public_name(event) for event in EVENTS}
        assert names - set(SIGNATURES) == {"authenticated", "ping", "pong"}
        assert all(check_name(name) == name for name in SIGNATURES)

    def test_before_connect(self) -> None:
        """Handlers may be registered before connect()."""
        wire = Wire()
        told = wire.listen("connected")
        wire.up()
        assert told == [("connected",)]


class TestOnceAndOff:
    def test_once(self) -> None:
        """once runs a single time."""
        wire = Wire()
        wire.call()
        seen: list[Any] = []
        wire.pc._add_once("bot.word", lambda e, c: seen.append(e.word))
        word(wire, "a")
        word(wire, "b")
        assert seen == ["a"]

    def test_once_off(self) -> None:
        """once can be taken off before it ran."""
        wire = Wire()
        wire.call()
        seen: list[Any] = []

        def handler(event: Any, call: Any) -> None:
            seen.append(event)

        wire.pc._add_once("bot.word", handler)
        wire.pc._remove_handler("bot.word", handler)
        word(wire)
        assert seen == []

    def test_off(self) -> None:
        """A handler is taken off by name and function, or all of a name; others stay."""
        wire = Wire()
        call = wire.call()
        order: list[str] = []

        def one(event: Any, call: Any) -> None:
            order.append("one")

        def two(event: Any, call: Any) -> None:
            order.append("two")

        for owner in (wire.pc, call.agent, call):
            owner._add_handler("bot.word", one)
            owner._add_handler("bot.word", two)
            owner._add_handler("turn.pause", one)
            owner._remove_handler("bot.word", one)
            owner._remove_handler("bot.word", one)
        word(wire)
        assert order == ["two"] * 3
        for owner in (wire.pc, call.agent, call):
            owner._remove_handler("bot.word")
        word(wire)
        assert order == ["two"] * 3
        wire.server("turn.pause", **IDS)
        assert order[3:] == ["one"] * 3

    def test_off_leaves_iterators(self) -> None:
        """Taking all handlers off leaves the iterators."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ("bot.word",))
        wire.pc._remove_handler("bot.word")
        word(wire)
        assert subscription.take() is not None

    def test_off_inside_a_handler(self) -> None:
        """Taking a handler off inside a handler concerns the next event, not the one running."""
        wire = Wire()
        wire.call()
        order: list[str] = []

        def second(event: Any, call: Any) -> None:
            order.append("second")

        def first(event: Any, call: Any) -> None:
            order.append("first")
            wire.pc._remove_handler("bot.word", second)

        wire.pc._add_handler("bot.word", first)
        wire.pc._add_handler("bot.word", second)
        word(wire)
        word(wire)
        assert order == ["first", "second", "first"]

    def test_taking_off_twice(self) -> None:
        """A handler that is off already, or stood in another table, changes nothing."""
        one, other = (Handlers(Revision(), coroutines=True, owner="pc") for _ in range(2))
        function = one.add("bot.word", lambda e, c: None)
        other.add("bot.word", function)
        (handler,) = one.get("bot.word")
        other.discard(handler)
        assert len(other.get("bot.word")) == 1
        one.discard(handler)
        changes = one.revision.number
        one.discard(handler)
        assert one.revision.number == changes
        assert not one

    def test_clearing_nothing(self) -> None:
        """Clearing an empty table changes nothing, a table with handlers everything."""
        table = Handlers(Revision(), coroutines=True, owner="pc")
        table.clear()
        assert table.revision.number == 0
        table.add("bot.word", lambda e, c: None)
        table.clear()
        assert not table
        assert table.revision.number == 2


class TestRedefining:
    SOURCE = "def handler(event, call):\n    seen.append({0!r})\n"

    def cell(self, text: str, file: str, seen: list[str], module: str = "__main__") -> Any:
        namespace: dict[str, Any] = {"seen": seen, "__name__": module}
        exec(compile(text, file, "exec"), namespace)
        return namespace["handler"]

    def heard(self, *functions: Any) -> int:
        wire = Wire()
        wire.call()
        for function in functions:
            wire.pc._add_handler("bot.word", function)
        return len(wire.engine.handlers.get("bot.word"))

    def test_same_function_twice(self) -> None:
        """The same function registered twice is called once."""
        seen: list[str] = []
        handler = self.cell(self.SOURCE.format("a"), "cell", seen)
        assert self.heard(handler, handler) == 1

    def test_same_method_twice(self) -> None:
        """The same method registered twice is called once; of two objects, twice."""

        class Desk:
            def heard(self, event: Any, call: Any) -> None:
                """It listens."""

        one, two = Desk(), Desk()
        assert self.heard(one.heard, one.heard) == 1
        assert self.heard(one.heard, two.heard) == 2

    def test_cell_again(self) -> None:
        """A notebook cell that runs again replaces its handler, and the newer one is called."""
        seen: list[str] = []
        wire = Wire()
        wire.call()
        for text in ("old", "new"):
            wire.pc._add_handler(
                "bot.word", self.cell(self.SOURCE.format(text), "<ipython-1>", seen)
            )
        word(wire)
        assert seen == ["new"]

    def test_cell_with_a_class_again(self) -> None:
        """A cell that defines a class and registers a method of each of two objects, run again,
        replaces both."""
        text = "class Desk:\n    def heard(self, event, call):\n        seen.append(self)\n"
        text += "handler = (Desk().heard, Desk().heard)\n"
        seen: list[Any] = []
        wire = Wire()
        wire.call()
        for _ in range(2):
            pair = self.cell(text, "<ipython-1>", seen)
            for handler in pair:
                wire.pc._add_handler("bot.word", handler)
        word(wire)
        assert seen == [handler.__self__ for handler in pair]

    def test_edited_cell(self) -> None:
        """An edited cell, which has another file name, replaces its handler."""
        seen: list[str] = []
        one = self.cell(self.SOURCE.format("old"), "<ipython-1>", seen)
        two = self.cell("\n\n" + self.SOURCE.format("new"), "<ipython-2>", seen)
        assert self.heard(one, two) == 1

    def test_other_files(self) -> None:
        """Handlers of one name in two modules, or two files, are two."""
        seen: list[str] = []
        text = self.SOURCE.format("a")
        one, two = self.cell(text, "a.py", seen, "a"), self.cell(text, "b.py", seen, "b")
        three = self.cell(text, "c.py", seen, "a")
        assert self.heard(one, two) == 2
        assert self.heard(one, three) == 2

    def test_two_functions_of_one_file(self) -> None:
        """Two functions of one name further down in one file are two."""
        seen: list[str] = []
        one = self.cell(self.SOURCE.format("a"), "a.py", seen, "a")
        two = self.cell("\n\n" + self.SOURCE.format("b"), "a.py", seen, "a")
        assert self.heard(one, two) == 2

    def test_lambdas(self) -> None:
        """The same lambda compiled again is one; two lambdas on one line are two."""
        seen: list[str] = []
        text = "handler = lambda event, call: seen.append('a')"
        one, two = self.cell(text, "cell", seen), self.cell(text, "cell", seen)
        other = self.cell("handler = lambda event, call: seen.append('b')", "cell", seen)
        assert self.heard(one, two) == 1
        assert self.heard(one, other) == 2

    def test_factories(self) -> None:
        """Two functions made by one factory are two handlers."""

        def make() -> Any:
            def handler(event: Any, call: Any) -> None:
                """It listens."""

            return handler

        assert self.heard(make(), make()) == 2

    def test_objects(self) -> None:
        """Callable objects and partials are each their own."""
        assert self.heard(functools.partial(max, 1), functools.partial(max, 1)) == 2

    def test_beside_an_iterator(self) -> None:
        """A handler does not take the place of an iterator."""
        wire = Wire()
        wire.engine.subscribe(wire.engine.handlers, ("bot.word",))
        wire.pc._add_handler("bot.word", lambda e, c: None)
        assert len(wire.engine.handlers.get("bot.word")) == 2


def test_handlers_that_fail_when_compared() -> None:
    """They can be registered beside each other, and taken off."""

    class Handler:
        __hash__ = object.__hash__

        def __init__(self) -> None:
            self.heard = 0

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("never equal")

        def __call__(self, call: Any) -> None:
            self.heard += 1

    wire = Wire()
    one, two = Handler(), Handler()
    wire.pc._add_handler("call.started", one)
    wire.pc._add_handler("call.started", two)
    wire.call()
    wire.pc._remove_handler("call.started", one)
    wire.call(call_id="CA2")
    assert (one.heard, two.heard) == (1, 2)


def test_a_delivery_as_one_item() -> None:
    """A delivery's item has its name, event, agent and call."""
    agent, call = Caller("mara"), Caller("CA1")
    delivery = Delivery("bot.word", ("args",), (), "event", agent, call)
    assert delivery.item == Item("bot.word", "event", agent, call)


def test_whose_deliveries_run_in_order() -> None:
    """A delivery keeps its place in its call, else the ended call it follows, else its agent."""
    agent, call, ended = Caller("mara"), Caller("CA1"), Caller("CA2")
    for about, subject in (
        ((agent, call), call),
        ((agent, None, None, None, ended), ended),
        ((agent, None), agent),
        ((None, None), None),
    ):
        assert Delivery("call.recording", (), (), None, *about).subject is subject


def test_registered_inside_a_handler() -> None:
    """A handler that another one registers does not answer that one's message."""
    table = Handlers(Revision(), coroutines=True, owner="pc")
    token = answering.set(("CA1", "m1"))
    table.add("bot.word", lambda e, c: None)
    answering.reset(token)
    (handler,) = table.get("bot.word")
    assert handler.given is not None
    assert handler.given.run(answering.get) is None
