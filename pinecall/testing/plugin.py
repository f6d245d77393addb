"""The pytest plugin: its fixtures, its mark and its options. It loads the SDK when a fixture is used."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from .caller import Caller
    from .clock import Clock
    from .doubles import Tools
    from .emulator import Emulator
    from .model import Model
    from .stage import Stage

_STAGE: Any = pytest.StashKey[Any]()
#: The fixtures that are clients.
_CLIENTS = frozenset({"pinecall", "pinecall_sync"})
#: The end of an asynchronous generator.
_OVER: Any = object()
_MARK = (
    "pinecall(clock='virtual', faults=[…], patience=10.0, **settings): how a test with a Pinecall "
    "client is run; the settings are the emulator's (pace, capacity, credits, numbers, …)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pinecall", "Pinecall: tests of voice agents")
    group.addoption("--pinecall-update", action="store_true", help="write the stored traces anew")
    group.addoption(
        "--pinecall-chaos", action="store_true",
        help="run every test that has a Pinecall client under each of the named faults too",
    )  # fmt: skip
    group.addoption(
        "--pinecall-faults", action="store_true", help="list the named faults, and exit"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)
    if config.getoption("--pinecall-chaos"):
        _check_extra("--pinecall-chaos")


def _check_extra(option: str) -> None:
    from .extra import lacking

    text = lacking(option)
    if text:
        raise pytest.UsageError(text)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """List the faults."""
    if not config.getoption("--pinecall-faults"):
        return None
    _check_extra("--pinecall-faults")
    from .options import list_of_faults

    sys.stdout.write(f"{list_of_faults()}\n")
    return 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that has a client under every fault too."""
    config, used = metafunc.config, metafunc.fixturenames
    if not config.getoption("--pinecall-chaos") or not _CLIENTS.intersection(used):
        return
    from .options import chaos_of

    names = chaos_of(metafunc.definition)
    if names:
        metafunc.parametrize("_pinecall_chaos", [None, *names], ids=["no-fault", *names])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a test that uses a stage; ``async def`` ones too, on the stage's loop."""
    __tracebackhide__ = True
    stage = pyfuncitem.stash.get(_STAGE, None)
    if stage is None:
        return (yield)
    test = pyfuncitem.obj
    runs = _function_of(test)
    names = pyfuncitem._fixtureinfo.argnames

    @functools.wraps(runs)
    def run(**_: Any) -> None:
        __tracebackhide__ = True
        stage.run(runs, {name: pyfuncitem.funcargs[name] for name in names})

    pyfuncitem.obj = run
    put_back = _run_examples(stage, getattr(test, "hypothesis", None))
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test
        put_back()


def _run_examples(stage: Stage, given: Any) -> Callable[[], None]:
    """Let Hypothesis run the examples of an ``async def`` test on the stage's loop."""
    test = getattr(given, "inner_test", None)
    runs = _function_of(test) if test is not None else None
    if not inspect.iscoroutinefunction(runs):
        return lambda: None

    @functools.wraps(runs)
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return stage.run_coroutine(runs(*args, **kwargs), "the test")

    def put_back() -> None:
        given.inner_test = test

    given.inner_test = run
    return put_back


def _function_of(test: Any) -> Any:
    """Return what a test runs: its own coroutine function, if another plugin has wrapped one to run
    it on its own loop."""
    inner = inspect.unwrap(test)
    if not inspect.iscoroutinefunction(inner):
        return test
    bound = getattr(test, "__self__", None)
    if inner is not test and bound is not None and not hasattr(inner, "__self__"):
        inner = inner.__get__(bound)
    return inner


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the end of a test that is no function, and that a mark has not been without effect."""
    __tracebackhide__ = True
    result = yield
    stage = item.stash.get(_STAGE, None)
    if stage is not None:
        if not stage.ran:
            stage.finish()
    elif any(mark.name == "pinecall" for mark in item.own_markers):
        _told_without_effect()
    return result


def _told_without_effect() -> None:
    pytest.fail(
        "@pytest.mark.pinecall has no effect on a test without a fixture of the plugin: use one "
        "(pinecall, pinecall_sync, emulator, …), or take the mark away",
        pytrace=False,
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Run an ``async def`` fixture of a test that uses a stage on the stage's loop, like the test."""
    __tracebackhide__ = True
    function = fixturedef.func
    if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)) or not (
        fixturedef.scope == "function" and "_pinecall_stage" in request.fixturenames
    ):
        return (yield)
    stage: Stage = request.getfixturevalue("_pinecall_stage")
    bound = _bound_to(function, request.instance)
    made: Any = fixturedef
    made.func = _run_by(stage, bound, fixturedef.argname)
    try:
        return (yield)
    finally:
        made.func = function


def _bound_to(function: Any, instance: object) -> Any:
    """Return a fixture that is a method as the test's own instance has it."""
    itself = getattr(function, "__self__", None)
    if instance is not None and isinstance(itself, type(instance)):
        return function.__func__.__get__(instance)
    return function


def _run_by(stage: Stage, function: Any, name: str) -> Any:
    """Return a plain fixture that runs the coroutine function, or async generator, ``function``."""
    what = f"the fixture {name!r}"

    def wait(**given: Any) -> Any:
        __tracebackhide__ = True
        return stage.run_coroutine(function(**given), what)

    def run(**given: Any) -> Iterator[Any]:
        __tracebackhide__ = True
        steps = function(**given)
        yield stage.run_coroutine(_next(steps), what)
        if stage.run_coroutine(_next(steps), what) is not _OVER:
            raise RuntimeError(f"{what} yields more than once")

    return wait if inspect.iscoroutinefunction(function) else run


async def _next(steps: Any) -> Any:
    return await anext(steps, _OVER)


@pytest.fixture
def _pinecall_chaos() -> str | None:
    """The fault of this run; parametrized under ``--pinecall-chaos``."""
    return None


@pytest.fixture
def _pinecall_stage(request: pytest.FixtureRequest, _pinecall_chaos: str | None) -> Iterator[Stage]:
    from .extra import lacking

    text = lacking("a test with a fixture of pinecall.testing")
    if text:
        pytest.fail(text, pytrace=False)
    from .options import options_of
    from .stage import Stage

    stage = Stage(
        options_of(request, _pinecall_chaos),
        colour=_colour(request.config),
        folder=request.path.parent,
        update=bool(request.config.getoption("--pinecall-update")),
    )
    request.node.stash[_STAGE] = stage
    yield stage
    stage.close()


def _colour(config: pytest.Config) -> bool:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return bool(reporter is not None and reporter.hasmarkup)


@pytest.fixture
def pinecall(_pinecall_stage: Stage) -> Any:
    """A connected client of the asyncio front, with an emulator behind it."""
    return _pinecall_stage.client(sync=False)


@pytest.fixture
def pinecall_sync(_pinecall_stage: Stage) -> Any:
    """A connected client of the blocking front, with an emulator behind it."""
    return _pinecall_stage.client(sync=True)


@pytest.fixture
def emulator(_pinecall_stage: Stage) -> Emulator:
    """The server behind the clients: faults, raw frames, what it holds."""
    return _pinecall_stage.emulator


@pytest.fixture
def caller(_pinecall_stage: Stage) -> Caller:
    """The other end of the line: phones, chats, and answers calls of the program."""
    return _pinecall_stage.caller


@pytest.fixture
def model(_pinecall_stage: Stage) -> Model:
    """What the model says; without rules, the emulator's built-in responder."""
    model: Model = _pinecall_stage.model
    return model


@pytest.fixture
def tools(_pinecall_stage: Stage) -> Tools:
    """Doubles for the agents' own tools."""
    return _pinecall_stage.tools


@pytest.fixture
def assert_trace(_pinecall_stage: Stage) -> Callable[..., None]:
    """``assert_trace(name, call)``: compare a call's trace with the stored one of that name."""
    return _pinecall_stage.assert_trace


@pytest.fixture
def replay(_pinecall_stage: Stage) -> Callable[..., None]:
    """``replay(path)``: play a saved call's server side, and check what the program sends."""
    return _pinecall_stage.replay


@pytest.fixture
def clock(_pinecall_stage: Stage) -> Clock:
    """The call's time: virtual by default."""
    return _pinecall_stage.clock
