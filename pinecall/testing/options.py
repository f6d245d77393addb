"""How a test is run: what its marks and the command line say."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import fields_dict

from pinecall.core.text.spelling import nearest
from pinecall.emulator.core import Settings

from .stage import Options
from .values import is_number

__all__ = ["options_of"]

_OWN = ("clock", "patience", "faults")


def options_of(request: pytest.FixtureRequest) -> Options:
    """Return the options of a test; a nearer mark's value wins. Fails the test for a wrong one."""
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
    clock, faults = own.get("clock"), own.get("faults")
    patience: Any = own.get("patience")
    if "clock" in own and clock not in ("virtual", "real"):
        _wrong(f"clock={clock!r}", "'virtual' or 'real'")
    if "patience" in own and (not is_number(patience) or not patience > 0):
        _wrong(f"patience={patience!r}", "seconds, more than 0")
    if "faults" in own and (
        not isinstance(faults, list | tuple) or not all(isinstance(one, str) for one in faults)
    ):
        _wrong(f"faults={faults!r}", "a list of names, as pytest --pinecall-faults tells them")
    return Options(**own, settings=settings)


def _wrong(given: str, why: str) -> None:
    pytest.fail(f"@pytest.mark.pinecall({given}): {why}", pytrace=False)
