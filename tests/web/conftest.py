"""``server``: one of the pairs of framework and server, running for all the tests that use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .serving import PAIRS, Server


@pytest.fixture(scope="session", params=PAIRS, ids=["-".join(pair) for pair in PAIRS])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(*request.param) as running:
        yield running
        printed = running.stop()
    assert "Traceback" not in printed
