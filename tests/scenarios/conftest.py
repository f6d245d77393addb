"""``scene`` runs a test through both fronts against an emulated server."""

from __future__ import annotations

import faulthandler
import threading
from collections.abc import Generator, Iterator

import pytest

from pinecall_sync.emulator import Emulator

from ..fronts.driving import FRONTS, Front
from ..fronts.log import DEADLINE
from .claims import claimed
from .scene import Scene


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A scenario that passed has used of the wire what it is said to use."""
    result = yield
    scene = getattr(item, "funcargs", {}).get("scene")
    if isinstance(item, pytest.Function) and isinstance(scene, Scene):
        claims = claimed(f"{item.path.stem.removeprefix('test_')}::{item.originalname}")
        assert claims <= scene.used, f"it did not use {sorted(claims - scene.used)}"
    return result
