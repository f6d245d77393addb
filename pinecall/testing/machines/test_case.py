"""The test case of a machine, as unittest and pytest find it, with settings that need no others."""

from __future__ import annotations

import unittest
from functools import cache
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

__all__ = ["TestCaseOf"]

#: Steps of a run.
_STEPS = 12
_QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))  # pyright: ignore[reportArgumentType]
#: One failure, and no search for what does not matter in it: the story says that better.
_DEFAULT = settings(
    _QUIET,
    stateful_step_count=_STEPS,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


@cache
def _case(machine: type[RuleBasedStateMachine]) -> type[unittest.TestCase]:
    class Callers(unittest.TestCase):
        settings: ClassVar[settings] = _DEFAULT

        def runTest(self) -> None:
            # A user's own settings name examples and steps; that a run may take long is known.
            checks = _QUIET.suppress_health_check
            given = settings(self.settings, deadline=None, suppress_health_check=checks)
            run: Any = run_state_machine_as_test  # without types in the version for Python 3.10
            run(machine, settings=given)

        runTest.is_hypothesis_test = True  # type: ignore[attr-defined]

    Callers.__name__ = f"{machine.__name__}.TestCase"
    Callers.__qualname__ = f"{machine.__qualname__}.TestCase"
    Callers.__module__ = machine.__module__
    return Callers


class TestCaseOf:
    """Gives each class of machines its own test case."""

    def __get__(self, machine: object, owner: Any) -> Any:
        return _case(owner)
