"""Nothing of the wire is left out: each command and event is used by a scenario, in both fronts."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from .claims import COMMANDS, EVENTS, claimed

HERE = Path(__file__).parent
DATA = HERE.parent / "data"

_V1 = "the first protocol's: no client sends it to today's server"
#: What no scenario uses, and why.
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


@pytest.mark.parametrize(
    ("name", "used", "exceptions"),
    [("commands", COMMANDS, NOT_SENT), ("events", EVENTS, NOT_RECEIVED)],
    ids=["commands", "events"],
)
def test_the_whole_catalogue(name: str, used: dict[str, str], exceptions: dict[str, str]) -> None:
    """Each of the platform's commands and events is used by a scenario, or there is a reason."""
    assert catalogue(name) == set(used) | set(exceptions)
    assert not set(used) & set(exceptions)
    assert all(exceptions.values())


@pytest.mark.parametrize("scenario", sorted({*COMMANDS.values(), *EVENTS.values()}))
def test_the_scenarios_exist(scenario: str) -> None:
    """The scenario is there, takes ``scene``, and runs through both fronts without a way out."""
    assert claimed(scenario)
    file, _, name = scenario.partition("::")
    tree = ast.parse((HERE / f"test_{file}.py").read_text(encoding="utf-8"))
    (function,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    assert "scene" in [argument.arg for argument in function.args.args]
    assert "skip" not in ast.dump(function)
    assert not any("'front'" in ast.dump(decorator) for decorator in function.decorator_list)
