"""Whatever user code raises is reported once, and stops nothing but itself."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from pinecall import tool
from pinecall.core.kernel import usercode
from pinecall.errors import PinecallError

from ..harness import Wire

SPLIT = "half \ud83d a pair"


class Unshowable(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


class Interrupted(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class Forgetful(PinecallError):
    def __init__(self) -> None:
        """Without the constructor of the class above."""


def raising(exc: BaseException) -> Any:
    def raises(*args: Any) -> None:
        raise exc

    return raises


BAD = [
    asyncio.CancelledError(),
    GeneratorExit(),
    SystemExit(2),
    StopIteration(),
    StopAsyncIteration(),
    Unshowable(),
    ValueError(SPLIT),
    BaseException("bare"),
]


@pytest.mark.parametrize("exc", BAD, ids=lambda exc: type(exc).__name__)
class TestWhateverItRaises:
    def test_handler(self, exc: BaseException) -> None:
        """The next handlers of call, agent and client run, and ``error`` fires once."""
        wire = Wire()
        agent = wire.agent("mara")
        heard: list[str] = []
        agent._add_handler("call.started", raising(exc))
        agent._add_handler("call.started", lambda call: heard.append("agent"))
        wire.pc._add_handler("call.started", lambda call: heard.append("client"))
        told = wire.listen("error")
        wire.call()
        assert heard == ["agent", "client"]
        assert [type(exc).__name__ in error.message for _, error in told] == [True]
        assert told[0][1].code == "HANDLER_ERROR"
        assert wire.engine.state == "connected"

    def test_greeting(self, exc: BaseException) -> None:
        """A greeting function that raises is reported, and the call goes on."""
        wire = Wire()
        wire.agent("mara", greeting=raising(exc))
        told = wire.listen("error")
        call = wire.call()
        assert len(told) == 1 and "greeting" in told[0][1].message
        assert call.status == "active"

    def test_tool(self, exc: BaseException) -> None:
        """The model reads an error result at once, and ``error`` fires once."""

        @tool
        def breaks() -> str:
            """Break."""
            raise exc

        wire = Wire()
        wire.agent("mara", tools=[breaks])
        wire.call()
        told = wire.listen("error")
        wire.sent()
        wire.server(
            "llm.tool_call",
            agent_id="mara",
            call_id="CA1",
            msg_id="m1",
            tool_calls=[{"id": "t1", "name": "breaks", "arguments": "{}"}],
        )
        (frame,) = [one for one in wire.sent() if one["event"] == "llm.tool_result"]
        assert frame["results"][0]["result"]["error"]
        assert len(told) == 1
        assert ("tool", "CA1", "m1", 0) not in wire.engine.timers


def test_text_of_an_exception() -> None:
    """The text of an exception can always be written, also where it has none."""
    assert usercode.text_of(ValueError("bad")) == "bad"
    assert usercode.text_of(ValueError(SPLIT)) == "half \ufffd a pair"
    assert "ValueError" in usercode.text_of(Unshowable())
    assert usercode.shown(KeyError("x")) == "KeyError: 'x'"
    assert usercode.error_text(ValueError()) == "ValueError"
    with pytest.raises(KeyboardInterrupt):
        usercode.text_of(Interrupted())


class Odd:
    """An object that raises where a function has its name."""

    def __init__(self, exc: BaseException) -> None:
        self.exc = exc

    def __getattr__(self, name: str) -> Any:
        raise self.exc

    def __call__(self, *args: Any) -> None: ...


def test_describing_an_odd_object() -> None:
    """A callable object whose name cannot be read is described by its class."""
    assert usercode.describe(Odd(ValueError())) == "Odd"
    assert usercode.describe(functools.partial(Odd(ValueError()))) == "Odd"
    with pytest.raises(KeyboardInterrupt):
        usercode.describe(Odd(KeyboardInterrupt()))


class Frozen(PinecallError):
    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)


def test_an_error_of_ours_is_told_itself() -> None:
    """A PinecallError that user code raised reaches the ``error`` handlers as it is, unless it cannot
    take the ids of its agent and call."""
    own = PinecallError("mine")
    assert usercode.as_reported(own, "text", "mara", "CA1") is own
    assert (own.agent_id, own.call_id) == ("mara", "CA1")
    frozen = Frozen.__new__(Frozen)
    told = usercode.as_reported(frozen, "text", "mara", "CA1")
    assert (told.message, told.agent_id, told.call_id) == ("text", "mara", "CA1")
    assert told.__cause__ is frozen
    with pytest.raises(KeyboardInterrupt):
        usercode.as_reported(Interrupting.__new__(Interrupting), "text", None, None)


class Interrupting(PinecallError):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class Lying(Exception):
    @property
    def __class__(self) -> Any:
        raise RuntimeError("what am I?")


@pytest.mark.parametrize("kind", [Frozen, Lying])
def test_an_exception_that_cannot_be_looked_at(kind: type[BaseException]) -> None:
    """A handler's failure is reported, and the next handler runs, whatever its exception is like."""
    wire = Wire()
    told = wire.listen("error")
    ran: list[Any] = []

    def fails(call: Any) -> None:
        raise kind.__new__(kind)

    wire.pc._add_handler("call.started", fails)
    wire.pc._add_handler("call.started", ran.append)
    wire.call()
    assert len(told) == len(ran) == 1
    assert kind.__name__ in told[0][1].message


@pytest.mark.parametrize("exc", [ValueError("bad"), Unshowable(), PinecallError("no")])
def test_what_strict_raises(exc: Exception) -> None:
    """``strict`` raises an exception as it is."""
    assert usercode.to_raise(exc) is exc


@pytest.mark.parametrize(
    "exc",
    [
        SystemExit(2), GeneratorExit(), asyncio.CancelledError(), StopIteration(),
        StopAsyncIteration(), BaseException("bare"),
    ],
)  # fmt: skip
def test_what_strict_must_not_raise(exc: BaseException) -> None:
    """``strict`` wraps what would end the program, a coroutine or an iterator."""
    error = usercode.to_raise(exc)
    assert isinstance(error, PinecallError)
    assert error.message.startswith(f"a handler raised {type(exc).__name__}: ")
    assert (error.code, error.__cause__) == ("HANDLER_ERROR", exc)


def test_a_long_text() -> None:
    """An exception's text is cut to 2,000 characters."""
    assert usercode.text_of(ValueError("x" * 2000)) == "x" * 2000
    assert usercode.text_of(ValueError("x" * 9999)) == "x" * 2000 + "…"


def test_an_error_of_the_users_own_class() -> None:
    """A subclass of PinecallError whose constructor is its own is reported like any other."""
    wire = Wire()
    agent = wire.agent("mara")
    agent._add_handler("call.started", raising(Forgetful()))
    told = wire.listen("error")
    wire.call()
    assert told[0][1].agent_id == "mara" and told[0][1].call_id == "CA1"


def test_descriptions() -> None:
    """A handler is described by module and name, whatever it is."""
    assert usercode.describe(TestWhateverItRaises.test_handler) == (
        f"{__name__}.TestWhateverItRaises.test_handler"
    )
    assert usercode.describe(functools.partial(raising)) == f"{__name__}.raising"

    class Odd:
        __module__ = None  # type: ignore[assignment]

    assert usercode.describe(Odd()).startswith("?.")
