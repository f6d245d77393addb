"""Skills of a session, loaded and unloaded by its owner, or by the model through two tools."""

from __future__ import annotations

from typing import Any

import msgspec

from ..kernel.outbox import Frame
from ..kernel.refusals import Refused
from .session import Session

__all__ = ["TOOLS", "called", "change", "tools"]

#: The tools with which the model loads and unloads skills: name and description.
TOOLS = {"loadSkill": "Load a skill", "unloadSkill": "Unload a skill"}


def change(session: Session, name: str, load: bool, by: str) -> None:
    """Load or unload a skill, effective with the next generation; sends the event.

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


def tools(session: Session) -> list[Frame]:
    """Make the schemas of the two tools; none when the model may not load any skill."""
    names = [skill["name"] for skill in session.config("skills") or [] if _by_model(skill)]
    if not names:
        return []
    parameters = {
        "type": "object",
        "properties": {"name": {"type": "string", "enum": names}},
        "required": ["name"],
    }
    return [
        {
            "type": "function",
            "function": {"name": name, "description": text, "parameters": parameters},
        }
        for name, text in TOOLS.items()
    ]


def called(session: Session, call: Frame) -> Any:
    """Carry out the model's call of one of the two tools; returns its result."""
    try:
        name = msgspec.json.decode(call["arguments"]).get("name")
    except (msgspec.DecodeError, AttributeError):
        name = None
    known = next((s for s in session.config("skills") or [] if s["name"] == name), None)
    if name is None or known is None or not _by_model(known):
        return {"error": f"no skill {name!r} to load"}
    change(session, name, call["name"] == "loadSkill", "model")
    return {"ok": True, "skill": name}


def _by_model(skill: Frame) -> bool:
    return bool(skill.get("activation", "model") == "model")
