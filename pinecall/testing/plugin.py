"""The pytest plugin: its fixtures, its mark and its options. It loads the SDK when a fixture is used."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .caller import Caller
    from .clock import Clock
    from .doubles import Tools
    from .emulator import Emulator
    from .model import Model
    from .stage import Stage

_STAGE: Any = pytest.StashKey[Any]()
#: The fixtures that are clients.
_CLIENTS = frozenset({"pinecall", "pinecall_sync"})
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


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """List the faults."""
    if not config.getoption("--pinecall-faults"):
        return None
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
    stage = pyfuncitem.stash.get(_STAGE, None)
    if stage is not None:
        test = pyfuncitem.obj
        inner = inspect.unwrap(test)
        # Another plugin may have wrapped it, to run it on its own loop.
        runs = inner if inspect.iscoroutinefunction(inner) else test
        bound = getattr(test, "__self__", None)
        if runs is not test and bound is not None and not hasattr(runs, "__self__"):
            runs = runs.__get__(bound)
        names = pyfuncitem._fixtureinfo.argnames

        def run(**_: Any) -> None:
            __tracebackhide__ = True
            stage.run(runs, {name: pyfuncitem.funcargs[name] for name in names})

        pyfuncitem.obj = run
    return (yield)


@pytest.fixture
def _pinecall_chaos() -> str | None:
    """The fault of this run; parametrized under ``--pinecall-chaos``."""
    return None


@pytest.fixture
def _pinecall_stage(request: pytest.FixtureRequest, _pinecall_chaos: str | None) -> Iterator[Stage]:
    from .options import options_of
    from .stage import Stage

    stage = Stage(options_of(request, _pinecall_chaos), colour=_colour(request.config))
    request.node.stash[_STAGE] = stage
    try:
        yield stage
    finally:
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
def clock(_pinecall_stage: Stage) -> Clock:
    """The call's time: virtual by default."""
    return _pinecall_stage.clock
