"""Handlers: how they are registered, in what order they run, and what happens when they raise."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.api.listening import Listening
from pinecall.core.engine import Engine
from pinecall.core.kernel.callables import is_coroutine
from pinecall.core.kernel.delivering import Subscription
from pinecall.core.kernel.handlers import Handlers, Revision
from pinecall.core.kernel.usercode import describe
from pinecall.core.wire.names import SIGNATURES, check_name, public_name
from pinecall.errors import CallEnded, ConfigurationError, PinecallError

from ..harness import EVENTS, Wire

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

    def test_coroutines_without_a_loop(self) -> None:
        """Without an event loop coroutine functions are refused, however they are wrapped."""

        async def handler(event: object, call: object) -> None:
            """It waits."""

        class Waits:
            async def __call__(self, event: object, call: object) -> None:
                """It waits."""

        wire = Wire(coroutines=False)
        for function in (handler, functools.partial(handler), Waits()):
            with pytest.raises(ConfigurationError, match="write 'def' instead of 'async def'"):
                wire.pc._add_handler("bot.word", function)
            Wire().pc._add_handler("bot.word", function)
        assert is_coroutine(functools.partial(functools.partial(handler), 1))
        assert not is_coroutine(len)

    def test_descriptions(self) -> None:
        """A handler is described by module and name, whatever it is."""
        assert describe(self.test_descriptions).endswith("TestRegistering.test_descriptions")
        assert describe(functools.partial(word)) == f"{__name__}.word"

        class Odd:
            __module__ = None  # type: ignore[assignment]

        assert describe(Odd()).startswith("?.")

    def test_before_connect(self) -> None:
        """Handlers may be registered before connect()."""
        wire = Wire()
        told = wire.listen("connected")
        wire.up()
        assert told == [("connected",)]


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

    def test_clearing_nothing(self) -> None:
        """Clearing an empty table changes nothing, a table with handlers everything."""
        table = Handlers(Revision(), coroutines=True, owner="pc")
        table.clear()
        assert table.revision.number == 0
        table.add("bot.word", lambda e, c: None)
        table.clear()
        assert not table
        assert table.revision.number == 2


class Face(Listening[Any, Any, Any, Any, Any, Subscription]):
    """What a front makes of an agent, with bare subscriptions for iterators."""

    _title = "agent 'x'"

    def __init__(self, engine: Engine) -> None:
        self._runtime = engine

    def _make_events(self, subscription: Subscription) -> Subscription:
        return subscription


class EndedFace(Face):
    """The same of a call that is over."""

    _events_over = True


class TestTheTypedFace:
    def test_events_of_what_is_over(self) -> None:
        """An iterator of a call that is over ends at once."""
        assert EndedFace(Wire().engine).events("bot.word").over
        assert not Face(Wire().engine).events("bot.word").over

    def test_all_four(self) -> None:
        """on, once, off and events, as users have them, are one table of handlers."""
        wire = Wire()
        face = Face(wire.engine)

        @face.on("bot.word")
        def always(event: Any, call: Any) -> None:
            """It stays."""

        def next_only(event: Any, call: Any) -> None:
            """It goes."""

        assert face.once("bot.word", next_only) is next_only
        subscription = face.events("bot.word")
        entries = face._handlers.get("bot.word")
        assert [(e.function, e.once) for e in entries] == [
            (always, False), (next_only, True), (None, False),
        ]  # fmt: skip
        assert entries[2].inbox is subscription.inbox
        face.off("bot.word", always)
        face.off("bot.word")
        assert face._handlers.get("bot.word") == [entries[2]]
        subscription.close()
        assert not face._handlers

    def test_misspelt(self) -> None:
        """A misspelt name is refused by each of them."""
        face = Face(Wire().engine)
        for register in (face.on, face.once, face.off, face.events):
            with pytest.raises(ConfigurationError, match=r"bot\.word"):
                register("bot.wrod")  # type: ignore[call-overload]


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


class TestFailures:
    def test_the_others_run(self, caplog: pytest.LogCaptureFixture) -> None:
        """A handler that raises stops nobody; it is logged once, and error fires with it."""
        wire = Wire()
        call = wire.call()
        order: list[str] = []
        told = wire.listen("error", on=call.agent)

        def broken(event: Any, call: Any) -> None:
            raise KeyError("gone")

        wire.pc._add_handler("bot.word", broken)
        wire.pc._add_handler("bot.word", lambda e, c: order.append("next"))
        word(wire)
        assert order == ["next"]
        error = told[0][1]
        assert isinstance(error, PinecallError)
        assert (error.code, error.agent_id, error.call_id) == ("HANDLER_ERROR", "mara", "CA1")
        assert "broken for bot.word, call CA1, agent 'mara' raised KeyError" in error.message
        assert isinstance(error.__cause__, KeyError)
        tracebacks = [r for r in caplog.records if r.exc_info and r.levelno == logging.ERROR]
        assert len(tracebacks) == 1

    def test_coroutines(self) -> None:
        """A coroutine handler that raises is reported likewise."""
        wire = Wire()
        wire.call()
        told = wire.listen("error")

        async def broken(event: Any, call: Any) -> None:
            raise KeyError("gone")

        wire.pc._add_handler("bot.word", broken)
        word(wire)
        assert "KeyError" in told[0][1].message

    def test_our_own_errors_are_told_as_they_are(self) -> None:
        """A handler that lets one of our errors through is reported with that very error."""
        wire = Wire()
        wire.call()
        told = wire.listen("error")
        error = ConfigurationError("mine")

        def broken(event: Any, call: Any) -> None:
            raise error

        wire.pc._add_handler("bot.word", broken)
        word(wire)
        assert told == [("error", error)]

    def test_outside_a_call(self) -> None:
        """A handler that fails without a call or an agent is reported on the client."""
        wire = Wire()
        told = wire.listen("error")

        def broken() -> None:
            raise ValueError("x")

        wire.pc._add_handler("connected", broken)
        wire.up()
        assert (told[0][1].agent_id, told[0][1].call_id) == (None, None)

    def test_error_handlers_that_fail(self, caplog: pytest.LogCaptureFixture) -> None:
        """An error handler that raises is logged, and does not get its own error."""
        wire = Wire().up()
        count: list[int] = []

        def broken(err: Any) -> None:
            count.append(1)
            raise ValueError("again")

        wire.pc._add_handler("error", broken)
        wire.server("error", error="x")
        assert count == [1]
        assert "broken raised" in caplog.text

    def test_the_call_ended_meanwhile(self, caplog: pytest.LogCaptureFixture) -> None:
        """CallEnded of the handler's own call is not a failure; of another call it is."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        told = wire.listen("error")
        wire.server("call.ended", call_id="CA2")

        def slow(event: Any, call: Any) -> None:
            if one._over:
                one.hold()
            two.hold()

        one._add_handler("turn.pause", slow)
        wire.server("turn.pause", **IDS)
        assert len(told) == 1
        assert isinstance(told[0][1], CallEnded)
        wire.engine.receive('{"event":"turn.pause","agent_id":"mara","call_id":"CA1"}', 0)
        late = wire.engine.deliveries()
        wire.engine.take_failure()
        wire.server("call.ended", call_id="CA1")
        wire.run_delivery(late[0])  # type: ignore[arg-type]
        wire.settle()
        assert len(told) == 1
        assert wire.engine.take_failure() is None

    def test_strict(self) -> None:
        """The first failure is kept for strict, and given once."""
        wire = Wire()
        wire.call()

        def broken(event: Any, call: Any) -> None:
            raise KeyError(event.word)

        wire.pc._add_handler("bot.word", broken)
        word(wire, "first")
        word(wire, "second")
        assert repr(wire.engine.take_failure()) == "KeyError('first')"
        assert wire.engine.take_failure() is None

    def test_our_own_mistakes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Should the SDK itself fail over a frame, it is reported and the stream goes on."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error", "bot.word")
        monkeypatch.setattr(call, "_skill_changed", None)
        wire.server("skill.loaded", **IDS, skill="x")
        word(wire)
        assert "the SDK's own handling of skill.loaded" in told[0][1].message
        assert told[1][0] == "bot.word"

    def test_a_full_buffer(self) -> None:
        """An answer that finds no room is reported, and raises nothing at the reader."""
        wire = Wire().up()
        told = wire.listen("error")
        for size in ((4 << 20) - 100, 10):
            wire.pc.send({"event": "x", "text": "x" * size})
        for _ in range(10):
            wire.server("ping")
        assert {error.code for _, error in told} == {"SEND_BUFFER_FULL"}


class TestIterators:
    def test_items(self) -> None:
        """An iterator gets the events named from then on, in order, with their surroundings."""
        wire = Wire()
        call = wire.call()
        word(wire, "early")
        subscription = wire.engine.subscribe(wire.engine.handlers, ("bot.word", "turn.pause"))
        assert subscription.take() is None
        word(wire, "a")
        wire.server("turn.resumed", **IDS)
        wire.server("turn.pause", **IDS)
        items = [subscription.take(), subscription.take(), subscription.take()]
        assert [item and item.name for item in items] == ["bot.word", "turn.pause", None]
        assert items[0] is not None
        assert items[0].call is call

    def test_everything(self) -> None:
        """Without names it gets everything, unknown events too."""
        wire = Wire()
        call = wire.call()
        subscription = wire.engine.subscribe(call._handlers, ())
        wire.server("brand.new", call_id="CA1")
        item = subscription.take()
        assert item is not None
        assert item.name == "brand.new"

    def test_ends_with_the_client(self) -> None:
        """It ends when the client disconnects, after what is still there."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ("call.ended",))
        wire.engine.disconnect()
        assert not subscription.over
        assert subscription.take() is not None
        assert subscription.over
        subscription.close()

    def test_closed(self) -> None:
        """A closed one gets nothing more."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ())
        subscription.close()
        word(wire)
        assert subscription.take() is None
        assert subscription.over

    def test_gap(self) -> None:
        """One that is far behind gets the number of missed events before it goes on."""
        wire = Wire()
        wire.call()
        subscription = wire.engine.subscribe(wire.engine.handlers, ("bot.word",))
        for number in range(1005):
            word(wire, str(number))
        gap = subscription.take()
        assert gap is not None
        assert (gap.name, gap.event.missed) == ("events.gap", 4)
        words = []
        while (item := subscription.take()) is not None:
            words.append(item.event.word)
        assert words == [*(str(n) for n in range(1000)), "1004"]

    def test_gap_of_a_lane(self) -> None:
        """A front reports handlers that are behind; the report reaches agent and client."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("events.gap")
        wire.engine.report_gap(call, 3)
        wire.engine.report_gap(call.agent, 4)
        wire.settle()
        assert [(gap.missed, of) for _, gap, of in told] == [(3, call), (4, None)]


def test_a_calls_iterators_end_with_it() -> None:
    """An iterator of a call's events ends after ``call.ended``; one of an ended call is empty."""
    wire = Wire()
    call = wire.call()
    subscription = wire.engine.subscribe(call._handlers, ())
    other = wire.engine.subscribe(wire.pc._handlers, ("call.ended",))
    wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
    item = subscription.take()
    assert item is not None
    assert item.name == "call.ended"
    assert subscription.over
    assert not other.over
    assert call._events_over
    assert not call.agent._events_over
