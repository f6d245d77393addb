"""How a test is run: what its marks and the command line say."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import fields_dict

from pinecall.core.text.spelling import nearest
from pinecall.emulator.core import Settings

from .stage import Options

__all__ = ["options_of"]

_OWN = ("clock", "faults", "patience")


def options_of(request: pytest.FixtureRequest) -> Options:
    """Return the options of a test; a nearer mark's value wins.

    Raises pytest.UsageError for an option that does not exist.
    """
    given: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("pinecall"))):
        if mark.args:
            raise pytest.UsageError("@pytest.mark.pinecall takes keywords, like faults=[…]")
        given.update(mark.kwargs)
    settings = {key: value for key, value in given.items() if key not in _OWN}
    known = [*_OWN, *fields_dict(Settings)]
    for key in settings:
        if key not in known:
            near = nearest(key, known)
            hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(known)}"
            raise pytest.UsageError(f"@pytest.mark.pinecall({key}=…): no such option; {hint}")
    own = {key: value for key, value in given.items() if key in _OWN}
    if own.get("clock", "virtual") not in ("virtual", "real"):
        raise pytest.UsageError(
            f"@pytest.mark.pinecall(clock={own['clock']!r}): 'virtual' or 'real'"
        )
    return Options(**own, settings=settings)
