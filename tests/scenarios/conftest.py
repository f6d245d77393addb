"""``scene`` runs a test through both fronts against an emulated server."""

from __future__ import annotations

import faulthandler
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fronts.driving import FRONTS, Front
from fronts.log import DEADLINE

from pinecall_sync.emulator import Emulator

from .scene import Scene

HERE = Path(__file__).parent
LAST = "test_zz_wire.py"


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    """A test that hangs in spite of its deadlines ends the run, and says where it was."""
    faulthandler.dump_traceback_later(4 * DEADLINE, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def emu(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A server; ``@pytest.mark.parametrize("emu", [{"pace": 0.1}], indirect=True)`` sets it up."""
    with Emulator(**getattr(request, "param", {})) as there:
        yield there


@pytest.fixture(params=list(FRONTS))
def front(request: pytest.FixtureRequest, emu: Emulator) -> Iterator[Front]:
    """One of the fronts; afterwards its clients are closed and nothing of theirs is left."""
    there = FRONTS[request.param]()
    yield there
    there.close()
    left = [t for t in threading.enumerate() if t.name.startswith("pinecall-client")]
    for thread in left:
        thread.join(DEADLINE)
    assert not any(thread.is_alive() for thread in left)


@pytest.fixture
def scene(front: Front, emu: Emulator) -> Scene:
    return Scene(front, emu)


@pytest.fixture
def whole_run(request: pytest.FixtureRequest) -> None:
    """Skips where only some of the scenarios were asked for."""
    ran = {item.path.name for item in request.session.items if item.path.parent == HERE}
    missing = {path.name for path in HERE.glob("test_*.py")} - ran
    if missing or request.config.option.keyword or getattr(request.config.option, "lf", False):
        pytest.skip("only some of the scenarios were run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The look at what no scenario used comes after all of them."""
    items.sort(key=lambda item: item.path.parent == HERE and item.path.name == LAST)
