"""Where the exported names are defined, and how the packages load them on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["lazy", "version"]

#: Modules of ``pinecall``: the same objects in both packages. Names not listed here are errors.
_SHARED = {
    "core.calls.chat_requests": ("ChatReply",),
    "core.history.record": ("ConversationRecord",),
    "core.drain": ("DrainReport",),
    "core.lines.line_call": ("RouteResult",),
    "core.lines.listener": ("Heard",),
    "core.rest.call_log": ("LogEntry",),
    "core.rest.phones": ("Balance", "Phone"),
    "core.rest.tokens": ("Token",),
    "core.rest.voices": ("Voice",),
    "core.agents.ringing": ("RingingCall",),
    "core.calls.speech": ("ReplyStream", "SayResult"),
    "core.tools.rounds": ("ToolResult",),
    "options": ("AgentOptions", "Channel", "DeployOptions", "LineOptions", "ReconnectPolicy"),
    "skills": ("Skill",),
    "tools": ("Tool", "tool"),
    "traces": ("CallTrace", "Latency", "TraceEntry", "TraceTool", "TraceTurn", "latency"),
}
#: Modules of each package: each package has a class of its own.
_OF_A_FRONT = {
    "agent": ("Agent", "Call", "Line", "LineCall", "WhatsAppSession"),
    "client": ("Pinecall",),
    "history": ("SqliteHistory",),
    "stream": ("EventStream",),
    "waiting": ("Answer", "Playback"),
}


def lazy(
    package: str, names: Sequence[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that exports only ``names``."""
    homes = {name: f"pinecall.{module}" for module, own in _SHARED.items() for name in own}
    homes |= {name: f"{package}.{module}" for module, own in _OF_A_FRONT.items() for name in own}
    members = vars(sys.modules[package])

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            value: Any = version()
        elif name == "events":
            value = import_module("pinecall.events")
        elif name in names:
            value = getattr(import_module(homes.get(name, "pinecall.errors")), name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        members[name] = value
        return value

    def __dir__() -> list[str]:
        special = {name for name in members if name.startswith("__") and name.endswith("__")}
        return sorted({*special, *names, "__version__"})

    return __getattr__, __dir__


@cache
def version() -> str:
    """Return the version of the installed distribution; ``0+unknown`` if it is not installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        return version_of("pinecall-sdk")
    except PackageNotFoundError:
        return "0+unknown"
