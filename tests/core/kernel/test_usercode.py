"""Whatever user code raises is reported once, and stops nothing but itself."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import Any

import pytest

from pinecall import tool
from pinecall.core.history.store import has_method, method_of
from pinecall.core.kernel import usercode
from pinecall.core.kernel.job import Job
from pinecall.core.text.utf8 import valid
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


class Store:
    """A history store one of whose methods raises."""

    def __init__(self, exc: BaseException, failing: str) -> None:
        self.exc, self.failing = exc, failing

    def save(self, record: Any) -> None:
        if self.failing == "save":
            raise self.exc

    def find_by_contact(self, contact: str, limit: int) -> Any:
        if self.failing == "find":
            raise self.exc
        if self.failing == "records":
            return self._records()
        return []

    def _records(self) -> Any:
        yield {"call_id": "CA0", "agent_id": "mara"}
        raise self.exc


class Lookup:
    """A store whose methods cannot even be looked up any more, once it is ``broken``."""

    def __init__(self, exc: BaseException, *, broken: bool = False) -> None:
        self.exc, self.broken = exc, broken

    def __getattr__(self, name: str) -> Any:
        if name not in ("save", "find_by_contact"):
            raise AttributeError(name)
        if self.broken:
            raise self.exc
        return lambda *args: None


def raising(exc: BaseException) -> Any:
    def raises(*args: Any) -> None:
        raise exc

    return raises


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

    @pytest.mark.parametrize("failing", ["save", "find", "records"])
    def test_store(self, exc: BaseException, failing: str) -> None:
        """A history store that raises is reported, and its call ends as every call."""
        wire = Wire()
        wire.agent("mara", history=Store(exc, failing))
        told = wire.listen("error", "call.ended")
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        names = [name for name, *_ in told]
        assert "error" in names and names.count("call.ended") == 1

    def test_store_without_methods(self, exc: BaseException) -> None:
        """A store whose methods raise when they are looked up is reported, and its call ends."""
        wire = Wire()
        store = Lookup(exc)
        wire.agent("mara", history=store)
        store.broken = True
        told = wire.listen("error", "call.ended")
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        names = [name for name, *_ in told]
        assert "error" in names and names.count("call.ended") == 1

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


def test_valid() -> None:
    """Half a pair is replaced, two halves side by side are joined, all else stays."""
    assert valid("plain") == "plain"
    assert valid("señor 😀") == "señor 😀"
    assert valid("\ud83d\ude00") == "😀"
    assert valid("a\ude00b") == "a\ufffdb"


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


@pytest.mark.parametrize("make", [SystemExit, StopIteration, asyncio.CancelledError])
def test_strict_with_what_others_take_for_theirs(make: type[BaseException]) -> None:
    """What would end the program or a coroutine is raised by ``strict`` as a PinecallError."""
    wire = Wire()

    def fails(call: Any) -> None:
        raise make

    wire.pc._add_handler("call.started", fails)
    wire.call()
    failure = wire.engine.take_failure()
    assert isinstance(failure, PinecallError)
    assert isinstance(failure.__cause__, make)
    assert wire.engine.take_failure() is None


def test_a_long_text() -> None:
    """An exception's text is cut to 2,000 characters."""
    assert usercode.text_of(ValueError("x" * 2000)) == "x" * 2000
    assert usercode.text_of(ValueError("x" * 9999)) == "x" * 2000 + "…"


def test_timers_that_fail() -> None:
    """Should a timer's action fail, it is reported, and the other deadlines are kept."""
    wire = Wire().up()
    told = wire.listen("error")
    rang: list[str] = []

    def raises(exc: Exception) -> Any:
        def action(late: float) -> None:
            raise exc

        return action

    for key, action in (
        ("a", raises(PinecallError("no room"))),
        ("b", raises(ValueError("ours"))),
        ("c", lambda late: rang.append("c")),
    ):
        wire.engine.timers.set(key, 1.0, action)
    wire.after(1.0)
    assert rang == ["c"]
    assert [error.message for _, error in told] == [
        "no room",
        "a timer of the SDK raised ValueError: ours",
    ]


def numbers() -> Any:
    yield 1


def test_work_that_nobody_does() -> None:
    """A handler that returns a generator, or a coroutine without a loop, is reported as a failure."""
    wire = Wire()
    agent = wire.agent("mara")
    told = wire.listen("error")
    agent._add_handler("call.started", lambda call: numbers())
    wire.call()
    assert len(told) == 1 and "returned a generator" in told[0][1].message


def test_looking_up_a_store() -> None:
    """A store's method that cannot be looked up counts as there, and fails when it is called."""
    store = Lookup(SystemExit(3), broken=True)
    assert has_method(store, "save") and not has_method(store, "list")
    with pytest.raises(SystemExit):
        method_of(store, "save")(1)
    ctrl_c = Lookup(KeyboardInterrupt(), broken=True)
    for look in (has_method, method_of):
        with pytest.raises(KeyboardInterrupt):
            look(ctrl_c, "save")


def test_ctrl_c_gets_out() -> None:
    """KeyboardInterrupt out of the user's objects is not taken for a failure of theirs."""
    wire = Wire()
    agent = wire.agent("mara", history=Store(KeyboardInterrupt(), "records"))
    with pytest.raises(KeyboardInterrupt):
        wire.call(agent)
    broken = Lookup(KeyboardInterrupt())
    agent.configure(history=broken)
    broken.broken = True
    with pytest.raises(KeyboardInterrupt):
        wire.call(agent, "CA2")


def test_an_error_of_the_users_own_class() -> None:
    """A subclass of PinecallError whose constructor is its own is reported like any other."""
    wire = Wire()
    agent = wire.agent("mara")
    agent._add_handler("call.started", raising(Forgetful()))
    told = wire.listen("error")
    wire.call()
    assert told[0][1].agent_id == "mara" and told[0][1].call_id == "CA1"


def test_a_job_that_goes_wrong_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """What a job's own end raises is reported, and the job fails; nothing else stops."""
    wire = Wire().up()
    told = wire.listen("error")
    failed: list[BaseException] = []

    def job(finished: Any, failing: Any = failed.append) -> Job:
        return Job("a job", lambda: None, finished, failing)

    with caplog.at_level(logging.CRITICAL, "pinecall"):
        wire.engine.job_finished(job(raising(SystemExit())), None)
        assert [type(exc) for exc in failed] == [SystemExit]
        wire.engine.job_finished(job(raising(PinecallError("full")), failed.append), None)
        wire.engine.job_failed(job(print, raising(PinecallError("refused"))), ValueError())
        wire.engine.job_failed(job(print, raising(ValueError("mistake"))), ValueError())
        with pytest.raises(KeyboardInterrupt):
            wire.engine.job_finished(job(raising(KeyboardInterrupt())), None)
    wire.settle()
    assert [
        "full" in e.message or "refused" in e.message or "mistake" in e.message for _, e in told
    ]
    assert len(told) == 3
