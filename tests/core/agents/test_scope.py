"""The scope of a pause, a resume or a message."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.agents.scope import scope_of
from pinecall.errors import ConfigurationError

from ..harness import Wire


@pytest.mark.parametrize(
    ("session_id", "contact", "scope"),
    [
        (None, None, {}),
        ("wa-1", None, {"session_id": "wa-1"}),
        (None, "549", {"contact": "549"}),
        ("wa-1", "549", {"session_id": "wa-1", "contact": "549"}),
    ],
)
def test_scope(session_id: str | None, contact: str | None, scope: dict[str, str]) -> None:
    """A scope has the ids that are given; without any it is the whole agent."""
    assert scope_of(session_id, contact) == scope


@pytest.mark.parametrize("bad", ["", 5])
@pytest.mark.parametrize("name", ["session_id", "contact"])
def test_bad_scope(name: str, bad: Any) -> None:
    """An id in a scope is a non-empty str."""
    given = {"session_id": None, "contact": None, name: bad}
    with pytest.raises(ConfigurationError, match=f"{name} is a non-empty str, not"):
        scope_of(**given)


def test_bad_scope_of_a_verb() -> None:
    """A verb with a bad scope raises before anything is sent."""
    wire = Wire()
    mara = wire.agent()
    with pytest.raises(ConfigurationError, match="session_id is a non-empty str"):
        mara.pause("")
    assert wire.sent() == []
