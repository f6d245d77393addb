"""``front`` runs a test through both fronts; ``server`` is what they talk to."""

from __future__ import annotations

import faulthandler
import threading
from collections.abc import Iterator

import pytest

from .driving import FRONTS, Front
from .log import DEADLINE, Log
from .server import Server


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    """A test that hangs in spite of its deadlines ends the run, and says where it was."""
    faulthandler.dump_traceback_later(4 * DEADLINE, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def nothing_else_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is to be sent is sent because it was said, not because a timer came by."""
    monkeypatch.setattr("pinecall.core.link.link.STABLE_AFTER", 3600.0)


@pytest.fixture
def server() -> Iterator[Server]:
    there = Server()
    yield there
    there.stop()


@pytest.fixture(params=list(FRONTS))
def front(request: pytest.FixtureRequest, server: Server) -> Iterator[Front]:
    """One of the fronts; afterwards its clients are closed and nothing of theirs is left.

    The server is there for longer: what ends must not end because the server went.
    """
    there = FRONTS[request.param]()
    yield there
    there.close()
    left = [t for t in threading.enumerate() if t.name.startswith("pinecall")]
    for thread in left:
        thread.join(DEADLINE / 5)
    assert not any(thread.is_alive() for thread in left)


@pytest.fixture
def log() -> Log:
    return Log()
