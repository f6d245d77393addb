"""The keywords of agent(), deploy(), add_channel() and line(), for editors and type checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Union

if TYPE_CHECKING:
    from pinecall.options import Channel

Object = Mapping[str, Any]
Greeting = str | Object | Callable[..., Any]
Phone = Union[str, Object, "Channel"]


class SharedFields(TypedDict, total=False):
    """What an agent, a channel and a live session can all be given."""

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
    """The keywords of ``configure_session()`` and ``call.configure()``."""

    config: Object | None


class ConfigureFields(ConfigFields, total=False):
    """The keywords of ``agent.configure()``."""

    name: str | None
    history: Any


class AgentFields(ConfigureFields, total=False):
    """The keywords of ``agent()``."""

    allowed_origins: Sequence[str] | None
    phone_number: Phone | None
    phone_numbers: Sequence[Phone] | None
    whatsapp: Sequence[Object | Channel] | Object | Channel | None


class DeployFields(AgentFields, total=False):
    """The keywords of ``deploy()``."""

    model: str | None
    channels: Sequence[Phone] | None


class ChannelFields(SharedFields, total=False):
    """The keywords of ``Channel()`` and ``add_channel()``, beside ``config``."""

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
