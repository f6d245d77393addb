"""What may be given as a handler, a greeting, an extension or a store, and what is refused at once."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable
from typing import Any

import pytest

from pinecall import ConfigurationError, tool
from pinecall.core.kernel.callables import (
    check_function,
    check_result,
    is_coroutine,
    same,
    why_it_never_runs,
)

from ..harness import Wire


def generator(*_: Any) -> Any:
    yield 1


async def async_generator(*_: Any) -> Any:
    yield 1


async def coroutine(*_: Any) -> None:
    """It could wait."""


class Streams:
    def __call__(self, *_: Any) -> Any:
        yield 1

    async def method(self, *_: Any) -> Any:
        yield 1


@contextlib.contextmanager
def managed(*_: Any) -> Any:
    yield 1


NEVER_RUN = {
    "generator": generator,
    "async generator": async_generator,
    "lambda": lambda *_: (yield),
    "partial": functools.partial(generator, 1),
    "partial of an object": functools.partial(Streams()),
    "object": Streams(),
    "method": Streams().method,
    "static method": staticmethod(generator),
    "cached": functools.lru_cache(generator),
    "context manager": managed,
}

never_run = pytest.mark.parametrize("function", NEVER_RUN.values(), ids=list(NEVER_RUN))


@never_run
def test_generators(function: Callable[..., Any]) -> None:
    """They are refused wherever a function is registered: nothing of them would run."""
    wire = Wire()
    agent = wire.agent()
    line = wire.pc.line("+13186330963")
    for register in (
        lambda: agent._add_handler("user.message", function),
        lambda: wire.pc._add_once("call.started", function),
        lambda: agent.configure(greeting=function),
        lambda: line.extensions({"10": function}),
    ):
        with pytest.raises(ConfigurationError, match="'yield' in it"):
            register()
    if function is not managed:
        with pytest.raises(ConfigurationError):
            tool(function, name="x")


def test_stores() -> None:
    """A store's methods too; but what find_by_contact yields is as good as a list."""

    class Saves:
        def save(self, record: Any) -> Any:
            yield record

    class Finds:
        def save(self, record: Any) -> None:
            """It saves."""

        async def find_by_contact(self, contact: str, limit: int) -> Any:
            yield contact

    class Yields(Saves):
        def save(self, record: Any) -> None:
            """It saves."""

        def find_by_contact(self, contact: str, limit: int) -> Any:
            yield from ()

    agent = Wire().agent()
    with pytest.raises(ConfigurationError, match=r"history.save has a 'yield'"):
        agent.configure(history=Saves())
    with pytest.raises(ConfigurationError, match=r"history.find_by_contact has a 'yield'"):
        agent.configure(history=Finds())
    agent.configure(history=Yields())


def test_what_was_called_already() -> None:
    """A coroutine, a generator or None in place of the function: the message says what to pass."""
    wire = Wire()
    called = coroutine()
    for given in (called, generator(), async_generator()):
        with pytest.raises(ConfigurationError, match="without calling it"):
            wire.pc._add_handler("call.started", given)
    called.close()
    with pytest.raises(ConfigurationError, match=r"not NoneType$"):
        wire.pc._add_handler("call.started", None)  # type: ignore[arg-type]


def test_classes() -> None:
    """A class whose objects are the handlers is refused; one that begins its work when made is not."""

    class Talks:
        def __init__(self, call: Any) -> None:
            """It is made for a call."""

    class Answers(Talks):
        async def __call__(self, call: Any) -> None:
            """It answers."""

    wire = Wire(coroutines=False)
    with pytest.raises(ConfigurationError, match="Answers is a class"):
        wire.pc._add_handler("call.started", Answers)
    wire.pc._add_handler("call.started", Talks)
    assert not is_coroutine(Talks)
    assert is_coroutine(Answers(None))


def test_parameters_that_nobody_fills() -> None:
    """A required keyword is refused, at a greeting and an extension as well; one with a value is not."""

    def wants(call: Any, *, mood: str) -> str:
        return mood

    agent = Wire().agent()
    for register in (
        lambda: agent._add_handler("call.started", wants),
        lambda: agent.configure(greeting=wants),
        lambda: agent.configure(greeting=lambda: "hello"),
    ):
        with pytest.raises(ConfigurationError, match=r"write def handler\(call\)"):
            register()
    agent._add_handler("call.started", functools.partial(wants, mood="good"))
    agent.configure(greeting=functools.partial(wants, mood="good"))


def test_generators_that_can_be_awaited() -> None:
    """``types.coroutine`` makes a generator function that does run."""

    @types.coroutine
    def old(call: Any) -> Any:
        yield

    assert why_it_never_runs(old) == ""
    check_function("x", old, ["call"])


def test_what_does_not_tell_its_parameters() -> None:
    """A builtin, or an object whose signature fails, is taken as it is."""

    class Odd:
        def __call__(self, call: Any) -> None:
            """It works."""

        @property
        def __signature__(self) -> Any:
            raise KeyError("signature")

    check_function("x", min, ["call"])
    check_function("x", Odd(), ["call"])


def test_results_that_nobody_runs() -> None:
    """A wrapper that returns a generator, or without a loop an awaitable, is an error of the handler."""
    for wire, make in (
        (Wire(), generator),
        (Wire(), async_generator),
        (Wire(coroutines=False), generator),
    ):
        call = wire.call()
        told = wire.listen("error")
        call._add_handler("turn.pause", lambda event, call, make=make: make(event))
        wire.server("turn.pause", agent_id="mara", call_id="CA1")
        ((_, error),) = told
        assert "returned a generator" in error.message
        assert (error.agent_id, error.call_id) == ("mara", "CA1")


def test_results_without_a_loop() -> None:
    """What a blocking handler returns to be awaited is reported, and a coroutine is closed."""

    class Later:
        def __await__(self) -> Any:
            return iter(())

    made = coroutine()
    for result in (Later(), made):
        with pytest.raises(ConfigurationError, match="returned an awaitable"):
            check_result(result, coroutines=False)
    assert made.cr_frame is None
    check_result(Later(), coroutines=True)
    check_result("text", coroutines=False)


def test_an_extension_that_yields_by_itself() -> None:
    """An extension's function that gives a generator is reported for its line."""
    wire = Wire().up()
    line = wire.pc.line("+13186330963")
    wire.server("line.created", number="+13186330963")
    line.extensions({"10": lambda call: generator()})
    told = wire.listen("error")
    about = {"agent_id": line.id, "call_id": "CL1", "owner": "line", "extension": "10"}
    wire.server("call.started", **about, from_="+34607827824", to="+13186330963")
    ((_, error),) = told
    assert "returned a generator" in error.message


class Odd:
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("never equal")


class Interrupts:
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise KeyboardInterrupt


def test_an_extension_that_gives_an_awaitable() -> None:
    """Without an event loop nothing runs it: that is reported for the line."""

    class Later:
        def __await__(self) -> Any:
            return iter(())

    wire = Wire(coroutines=False).up()
    line = wire.pc.line("+13186330963")
    wire.server("line.created", number="+13186330963")
    line.extensions({"10": lambda call: Later()})
    told = wire.listen("error")
    about = {"agent_id": line.id, "call_id": "CL1", "owner": "line", "extension": "10"}
    wire.server("call.started", **about, from_="+34607827824", to="+13186330963")
    ((_, error),) = told
    assert "returned an awaitable" in error.message


def test_objects_that_fail_when_compared() -> None:
    """An object whose ``==`` raises equals nothing but itself; KeyboardInterrupt gets out."""
    odd = Odd()
    assert same(odd, odd)
    assert not same(odd, 1)
    with pytest.raises(KeyboardInterrupt):
        same(Interrupts(), 1)


def test_coroutines_without_a_loop() -> None:
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
