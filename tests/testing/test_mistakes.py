"""Every mistake of a test, or of the program under test, is a failure that says what and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from .inner import mistakes
from .running import Run, run_pytest


def told_by(test: str) -> list[str]:
    """What the failure of a test must tell."""
    name, _, parameters = test.partition("::")[2].partition("[")
    parameter = parameters.removesuffix("]").removeprefix("asyncio-").removeprefix("blocking-")
    tables: dict[str, Any] = {
        "test_argument_of_a_verb": mistakes.ARGUMENTS,
        "test_argument_of_a_fixture": mistakes.FIXTURES,
    }
    if name in tables:
        return [tables[name][parameter][1]]
    return [part for part in getattr(mistakes, name).__doc__.split(" | ") if part]


def missing(run: Run, test: str) -> list[str]:
    """What a test's report does not tell, and what it should not."""
    text = run.text(test)
    wrong = [part for part in told_by(test) if part not in text]
    return wrong + [part for part in ("All traceback entries", "INTERNALERROR") if part in text]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All the mistakes, and after them tests that make none."""
    return run_pytest(tmp_path_factory.mktemp("mistakes"), ["mistakes.py", "conversations.py"])


def test_every_mistake_is_told(run: Run) -> None:
    """Each test of ``inner/mistakes.py`` fails, and its report holds what its docstring says."""
    mine = [test for test in run.reports if test.startswith("mistakes.py")]
    assert len(mine) > 120, run.output
    assert [test for test in mine if run.outcome(test) not in ("failed", "error")] == []
    wrong = {test: missing(run, test) for test in mine}
    assert {test: parts for test, parts in wrong.items() if parts} == {}


def test_a_mistake_does_not_reach_the_next_test(run: Run) -> None:
    """A hanging handler, an open call and a left client leave no trace in the tests after them."""
    fine = {test: one for test, one in run.outcomes.items() if not test.startswith("mistakes.py")}
    assert len(fine) > 15 and set(fine.values()) == {"passed"}, run.output
