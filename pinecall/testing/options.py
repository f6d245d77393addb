"""How a test is run: what its marks and the command line say."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import fields_dict

from pinecall.core.text.spelling import nearest
from pinecall.emulator.core import Settings

from .faults.known import FAULTS
from .stage import Options
from .values import is_number

__all__ = ["chaos_of", "list_of_faults", "options_of"]

_OWN = ("clock", "patience", "faults")
_LISTED = "pytest --pinecall-faults lists them"


def options_of(request: pytest.FixtureRequest, chaos: str | None) -> Options:
    """Return the options of a test; a nearer mark's value wins. Fails the test for a wrong one.

    chaos: the fault that ``--pinecall-chaos`` adds to this run; it need not happen
    """
    given: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("pinecall"))):
        if mark.args:
            _wrong(f"{', '.join(map(repr, mark.args))}", "it takes keywords, like clock='real'")
        given.update(mark.kwargs)
    settings = {key: value for key, value in given.items() if key not in _OWN}
    known = [*_OWN, *fields_dict(Settings)]
    for key in settings:
        if key not in known:
            near = nearest(key, known)
            hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(known)}"
            _wrong(f"{key}=…", f"no such option; {hint}")
    own = {key: value for key, value in given.items() if key in _OWN}
    clock: Any = own.get("clock", "virtual")
    patience: Any = own.get("patience")
    if clock not in ("virtual", "real"):
        _wrong(f"clock={clock!r}", "'virtual' or 'real'")
    if "patience" in own and (not is_number(patience) or not patience > 0):
        _wrong(f"patience={patience!r}", "seconds, more than 0")
    if "faults" in own:
        _check_faults(own["faults"], clock)
    if chaos is not None:
        own |= {"faults": [chaos], "must_happen": False}
    return Options(**own, settings=settings)


def _check_faults(names: Any, clock: str) -> None:
    if not isinstance(names, list | tuple):
        _wrong(f"faults={names!r}", f"a list of names, like ['cut-during-tool']; {_LISTED}")
    for name in names:
        schedule = FAULTS.get(name) if isinstance(name, str) else None
        if schedule is None:
            near = nearest(name, FAULTS) if isinstance(name, str) else None
            hint = f"did you mean {near!r}? " if near else ""
            _wrong(f"faults={names!r}", f"there is no fault {name!r}; {hint}{_LISTED}")
        elif clock == "real" and not schedule.does.real:
            why = f"{name!r} needs the virtual clock, and the test says clock='real'"
            _wrong(f"faults={names!r}", why)


def chaos_of(node: Any) -> list[str]:
    """Return the faults under which ``--pinecall-chaos`` runs a test: none if it names its own, even
    if that is an empty list."""
    given: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("pinecall"))):
        given.update(mark.kwargs)
    if "faults" in given:
        return []
    real = given.get("clock") == "real"
    return [name for name, schedule in FAULTS.items() if schedule.does.real or not real]


def list_of_faults() -> str:
    """Return the table that ``--pinecall-faults`` prints."""
    wide = max(map(len, FAULTS))
    lines = [
        f"{name:<{wide}}  {schedule.about}{'' if schedule.does.real else ' (virtual clock only)'}"
        for name, schedule in FAULTS.items()
    ]
    return "\n".join([f"{len(FAULTS)} faults, for @pytest.mark.pinecall(faults=[…]):", *lines])


def _wrong(given: str, why: str) -> None:
    pytest.fail(f"@pytest.mark.pinecall({given}): {why}", pytrace=False)
