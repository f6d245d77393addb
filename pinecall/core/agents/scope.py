"""The scope of a pause, resume or operator message: a session, a contact, or the whole agent."""

from __future__ import annotations

from ...errors import ConfigurationError

__all__ = ["scope_of"]


def scope_of(session_id: str | None, contact: str | None) -> dict[str, str]:
    """Return the frame's ``session_id`` and ``contact``; neither means the whole agent."""
    given = {"session_id": session_id, "contact": contact}
    for name, value in given.items():
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigurationError(f"{name} is a non-empty str, not {value!r}")
    return {name: value for name, value in given.items() if value is not None}
