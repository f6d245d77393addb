"""How a test is run: what its marks and the command line say."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import fields_dict

from pinecall.core.text.spelling import nearest
from pinecall.emulator.core import Settings

from .faults.known import FAULTS
from .stage import Options

__all__ = ["chaos_of", "list_of_faults", "options_of"]

_OWN = ("clock", "faults", "patience")


def options_of(request: pytest.FixtureRequest, chaos: str | None) -> Options:
    """Return the options of a test; a nearer mark's value wins.

    chaos: the fault that ``--pinecall-chaos`` adds to this run; it need not happen

    Raises pytest.UsageError for an option that does not exist.
    """
    given = _given(request.node)
    settings = {key: value for key, value in given.items() if key not in _OWN}
    known = [*_OWN, *fields_dict(Settings)]
    for key in settings:
        if key not in known:
            near = nearest(key, known)
            hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(known)}"
            raise pytest.UsageError(f"@pytest.mark.pinecall({key}=…): no such option; {hint}")
    own = {key: value for key, value in given.items() if key in _OWN}
    clock = own.get("clock", "virtual")
    if clock not in ("virtual", "real"):
        raise pytest.UsageError(f"@pytest.mark.pinecall(clock={clock!r}): 'virtual' or 'real'")
    if "faults" in own:
        _check_faults(own["faults"], clock)
    if chaos is not None:
        own |= {"faults": [chaos], "must_happen": False}
    return Options(**own, settings=settings)


def _given(node: Any) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("pinecall"))):
        if mark.args:
            raise pytest.UsageError("@pytest.mark.pinecall takes keywords, like faults=[…]")
        given.update(mark.kwargs)
    return given


def _check_faults(names: Any, clock: str) -> None:
    where = f"@pytest.mark.pinecall(faults={names!r})"
    if not isinstance(names, list | tuple):
        raise pytest.UsageError(f"{where}: a list of names, like ['cut-during-tool']")
    for name in names:
        schedule = FAULTS.get(name) if isinstance(name, str) else None
        if schedule is None:
            near = nearest(name, FAULTS) if isinstance(name, str) else None
            hint = f"; did you mean {near!r}?" if near else ""
            raise pytest.UsageError(
                f"{where}: there is no fault {name!r}{hint} (pytest --pinecall-faults lists them)"
            )
        if clock == "real" and not schedule.does.real:
            raise pytest.UsageError(
                f"{where}: {name} needs the virtual clock, and this test has clock='real'"
            )


def chaos_of(node: Any) -> list[str]:
    """Return the faults under which ``--pinecall-chaos`` runs a test: none if it names its own."""
    given = _given(node)
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
