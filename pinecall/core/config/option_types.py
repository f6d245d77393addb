"""The keywords of ``add_channel()``, ``configure()`` and ``line()``, for editors and type checkers.

Those of ``agent()`` and ``deploy()``, which hold channels, are in :mod:`pinecall.core.config.options`;
what the values mean is said with the classes. Only Python's spellings are listed: the platform's
camelCase keys work as keywords as well, but for a type checker they belong in a dict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

__all__ = [
    "ChannelFields",
    "ConfigFields",
    "ConfigureFields",
    "Greeting",
    "LineFields",
    "Object",
    "SharedFields",
]

#: A JSON object.
Object: TypeAlias = Mapping[str, Any]
#: A text, ``{language: text}``, ``{text, add_to_history}``, or a function of the call.
Greeting: TypeAlias = str | Object | Callable[..., Any]


class SharedFields(TypedDict, total=False):
    """What an agent, a channel and a live call can all be given."""

    voice: str | Object | None
    language: str | None
    flash: Any
    stt: str | Object | None
    interruption: bool | Object | None
    llm: str | Object | None
    prompt: str | None
    prompt_vars: Object | None
    greeting: Greeting | None
    greeting_in_chat: bool | None
    memory: Object | None
    timezone: str | None
    preparing: bool | Object | None
    raw_prompt: bool | None
    tools: Sequence[Any] | None
    skills: Sequence[Any] | None
    session_limits: Object | None
    analysis: Object | None
    knowledge_base: str | Sequence[str] | None
    mode: Any
    media: Object | None


class ConfigFields(SharedFields, total=False):
    """The keywords of ``agent.configure_session()`` and ``call.configure()``."""

    config: Object | None


class ConfigureFields(ConfigFields, total=False):
    """The keywords of ``agent.configure()``."""

    name: str | None
    history: Any


class ChannelFields(SharedFields, total=False):
    """The keywords of ``Channel()``, beside ``config``."""

    ringing: bool | None
    access_token: str | None
    verify_token: str | None
    app_secret: str | None
    phone: str | None


class LineFields(TypedDict, total=False):
    """The keywords of ``line()``."""

    stt: str | Object | None
    voice: str | Object | None
    language: str | None
    turn_detection: Any
    extension_window: float | None
