"""Skills of a session: loading and unloading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusals import Refused

if TYPE_CHECKING:
    from .session import Session

__all__ = ["change"]


def change(session: Session, name: str, load: bool, by: str) -> None:
    """``skill.loaded`` / ``skill.unloaded``; effective with the next generation.

    Raises:
        Refused: the agent declares no such skill.
    """
    if not any(s["name"] == name for s in session.config("skills") or []):
        raise Refused("SKILL_NOT_FOUND", f"Agent '{session.owner.id}' declares no skill '{name}'")
    if load and name not in session.skills:
        session.skills.append(name)
    elif not load and name in session.skills:
        session.skills.remove(name)
    session.emit("skill.loaded" if load else "skill.unloaded", skill=name, by=by)
