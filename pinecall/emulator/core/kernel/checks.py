"""Validation of agent configurations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .outbox import Frame

__all__ = ["CONFIG_KEYS", "config_of", "tool_names", "unusable"]

CONFIG_KEYS = (
    "voice", "language", "flash", "stt", "interruption", "llm", "prompt", "vars", "greeting",
    "greetingInChat", "memory", "timezone", "preparing", "raw_prompt", "tools", "skills",
    "session_limits", "config", "knowledge_base", "mode", "media", "allowed_origins",
)  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "voice": (str, dict), "language": (str,), "flash": (bool,), "stt": (str, dict),
    "interruption": (bool, dict), "llm": (str, dict), "prompt": (str,), "vars": (dict,),
    "greeting": (str, dict), "greetingInChat": (bool,), "memory": (dict, bool), "timezone": (str,),
    "preparing": (bool, dict), "raw_prompt": (bool,), "tools": (list,), "skills": (list,),
    "session_limits": (dict,), "config": (dict,), "knowledge_base": (str, list), "mode": (str,),
    "media": (dict,), "allowed_origins": (list,),
}  # fmt: skip
_LIMITS = (
    "max_duration_seconds",
    "idle_timeout_seconds",
    "idle_warning_seconds",
    "idle_grace_seconds",
)
_NOT_CONFIG = {"event", "agent_id", "session_id", "call_id", "type", "ref", "ringing", "phone"}
_SECRETS = {"accessToken", "verifyToken", "appSecret"}


def config_of(frame: Frame) -> dict[str, Any]:
    """Extract the config from a frame: everything but its envelope and secrets."""
    return {k: v for k, v in frame.items() if k not in _NOT_CONFIG and k not in _SECRETS}


def unusable(config: dict[str, Any]) -> str | None:
    """Explain why the server refuses this config, naming the field; None when it is valid."""
    for key, value in config.items():
        wanted = _TYPES.get(key)
        if wanted and (
            not isinstance(value, wanted)
            or (bool not in wanted and value in (True, False) and isinstance(value, bool))
        ):
            names = " or ".join(t.__name__ for t in wanted)
            return f"{key} must be {names}, not {type(value).__name__}"
    return (
        _tools(config.get("tools", []), "tools")
        or _skills(config.get("skills", []))
        or _limits(config.get("session_limits", {}))
        or _preparing(config.get("preparing"))
    )


def tool_names(tools: Iterable[Any]) -> list[str]:
    """List the names of declared tools."""
    return [str(tool["function"]["name"]) for tool in tools]


def _tools(tools: list[Any], where: str) -> str | None:
    for at, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            return f"{where}[{at}] is not a tool: it needs function.name"
        if not isinstance(function.get("parameters", {}), dict):  # type: ignore[union-attr]
            return f"{where}[{at}] ({name}): parameters must be a JSON Schema object"
    names = tool_names(tools)
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"{where}: two tools are called {twice!r}" if twice else None


def _skills(skills: list[Any]) -> str | None:
    for at, skill in enumerate(skills):
        if not isinstance(skill, dict) or not isinstance(skill.get("name"), str):
            return f"skills[{at}] is not a skill: it needs a name"
        if why := _tools(skill.get("tools") or [], f"skills[{at}].tools"):
            return why
    return None


def _limits(limits: dict[str, Any]) -> str | None:
    for key, value in limits.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if key in _LIMITS and (not number or value < 0):
            return f"session_limits.{key} must be a number of seconds, 0 or more"
    return None


def _preparing(preparing: Any) -> str | None:
    if isinstance(preparing, dict) and "timeout_ms" in preparing:
        value = preparing["timeout_ms"]
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
            return "preparing.timeout_ms must be milliseconds, 0 or more"
    return None
