"""Nothing of the wire is left out: each command and event was used above, in both fronts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fronts.driving import FRONTS

from .scene import COMMANDS, EVENTS

DATA = Path(__file__).parent.parent / "data"

_V1 = "the first protocol's; no client sends it to today's server"
NOT_SENT = {
    "agent.resume": "agent.create does the same, and is what every known client sends",
    "register": _V1,
    "update_config": _V1,
    "update_session_config": _V1,
    "add_phone": _V1,
    "remove_phone": _V1,
}
NOT_RECEIVED = {
    "authenticated": "changes nothing, and reaches no handler",
}


def catalogue(name: str) -> set[str]:
    return set(json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")))


@pytest.mark.usefixtures("whole_run")
@pytest.mark.parametrize("front", FRONTS)
def test_every_command_was_sent(front: str) -> None:
    """Each command of the catalogue was waited for by a scenario, or there is a reason why not."""
    assert catalogue("commands") - COMMANDS[front] == set(NOT_SENT)


@pytest.mark.usefixtures("whole_run")
@pytest.mark.parametrize("front", FRONTS)
def test_every_event_was_received(front: str) -> None:
    """Each event of the catalogue reached a scenario's handlers, or there is a reason why not."""
    assert catalogue("events") - EVENTS[front] == set(NOT_RECEIVED)
