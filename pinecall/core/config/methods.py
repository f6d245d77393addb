"""What a user typed (keywords, dicts, attrs instances) as checked options and channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from .channels import CHANNEL, Channel, make_channel
from .checks import Place
from .options import AgentOptions, DeployOptions, LineOptions, ReconnectPolicy
from .phone import is_phone, normalize
from .shared import CONFIG, ConfigOptions
from .table import HINTS, Table, read, table_of
from .wire_form import ServerDefault

__all__ = [
    "agent_options",
    "channel_change",
    "channel_options",
    "check_agent_id",
    "configure_options",
    "deploy_options",
    "find_channel",
    "line_options",
    "put_skill",
    "reconnect_policy",
    "session_options",
]

_Item = TypeVar("_Item")

DEFAULT_PROVIDER = "openai"
DEFAULT_MODEL = "gpt-4.1-mini"
#: The server's own, without being told.
DEFAULT_STT = ServerDefault("deepgram-flux")

_ADD = "cannot be configured on an agent that exists; use add_channel() and remove_channel()"
_DEPLOY_HINTS = {key: hint for key, hint in HINTS.items() if key != "phones"}
_DEPLOY_HINTS["phones"] = "is called channels"
_CONFIGURE_HINTS = {
    **HINTS,
    **dict.fromkeys(
        ("phone_number", "phoneNumber", "phone_numbers", "phoneNumbers", "whatsapp"), _ADD
    ),
    **dict.fromkeys(
        ("allowed_origins", "allowedOrigins"),
        "is only sent when the agent is created; give it to agent() or deploy()",
    ),
}
_CHANNEL_HINTS = {
    **HINTS,
    **dict.fromkeys(
        CHANNEL.spellings,
        "is set where the channel is added; call add_channel() again with the same ref",
    ),
}
_LINE_HINTS: dict[str, str] = dict.fromkeys(
    ("llm", "prompt", "tools", "greeting"),
    "is refused: a line is answered by your code, not by a model; route_to() an agent instead",
)


_AGENT = table_of(AgentOptions)
_DEPLOY = table_of(DeployOptions)
#: What an agent that exists can still change: all that no hint refuses.
_CONFIGURE = Table({k: option for k, option in _AGENT.items() if k not in _CONFIGURE_HINTS})
_LINE = table_of(LineOptions)

_AGENT_ID = Place("agent id")


def check_agent_id(agent_id: object) -> str:
    """``agent_id`` itself, or a ConfigurationError: it must be a filled str, not ``line:…``."""
    if not isinstance(agent_id, str):
        raise _AGENT_ID.wrong("it", "a str like 'mara'", agent_id)
    if not agent_id or agent_id != agent_id.strip():
        raise _AGENT_ID.error(f"{agent_id!r} is empty or has white space around it; give it a name")
    if agent_id.startswith("line:"):
        raise _AGENT_ID.error(f"{agent_id!r} is the address of a line; use line() for numbers")
    return agent_id


def agent_options(
    config: object, options: Mapping[str, object], *, agent_id: str
) -> tuple[AgentOptions, list[Channel]]:
    """The options of ``agent()`` and the channels that its phone numbers and WhatsApp stand for."""
    values = read(_agent(agent_id), _AGENT, config, options)
    return AgentOptions(**values), _channels(values)


def deploy_options(
    config: object,
    options: Mapping[str, object],
    *,
    agent_id: str,
    existing: AgentOptions | None = None,
) -> tuple[AgentOptions, list[Channel]]:
    """The options of ``deploy()``, its model as ``llm``, and its channels in the order given.

    A prompt without a model is ``openai`` ``gpt-4.1-mini``, unless ``existing`` has an llm; ``stt``
    shows what the server takes by default.
    """
    place = _agent(agent_id)
    values = read(place, _DEPLOY, config, options, hints=_DEPLOY_HINTS)
    channels = _unique([*_channels(values), *values.pop("channels", ())])
    model = values.pop("model", None)
    if model is not None and "llm" in values:
        raise place.error("model and llm are both given; keep one")
    known = "llm" in values or (existing is not None and existing.llm is not None)
    if model is None and "prompt" in values and not known:
        model = DEFAULT_MODEL
    if model is not None:
        values["llm"] = _llm(place, model)
    if "stt" not in values and (existing is None or existing.stt is None):
        values["stt"] = DEFAULT_STT
    return AgentOptions(**values), channels


def configure_options(
    config: object, options: Mapping[str, object], *, agent_id: str
) -> AgentOptions:
    """The options of ``agent.configure()``; channels and ``allowed_origins`` are refused."""
    return AgentOptions(
        **read(_agent(agent_id), _CONFIGURE, config, options, hints=_CONFIGURE_HINTS)
    )


def session_options(
    config: object,
    options: Mapping[str, object],
    *,
    agent_id: str | None = None,
    call_id: str | None = None,
) -> ConfigOptions:
    """The options of ``configure_session()``, ``call.configure()`` and a dial's ``config``."""
    what = f"call {call_id!r}" if call_id else f"agent {agent_id!r}"
    place = Place(what, agent_id, call_id)
    return ConfigOptions(**read(place, CONFIG, config, options, hints=_CONFIGURE_HINTS))


def channel_options(
    type: object, ref: object, config: Mapping[str, object], *, agent_id: str
) -> Channel:
    """The channel of ``add_channel(type, ref, **config)``; a number alone is a phone channel."""
    place = _agent(agent_id)
    if isinstance(type, Channel):
        return type
    if ref is None and is_phone(type):
        type, ref = "phone", type
    return make_channel(place, type, ref, config)


def channel_change(config: Mapping[str, object], *, agent_id: str, ref: str) -> ConfigOptions:
    """The options of ``configure_channel(ref, **config)``: keywords, ``config=`` with an object or a
    dict of them, or both, as for ``add_channel``."""
    place = Place(f"agent {agent_id!r}, channel {ref!r}", agent_id)
    options = dict(config)
    whole = options.pop("config", None)
    return ConfigOptions(**read(place, CONFIG, whole, options, hints=_CHANNEL_HINTS))


def find_channel(channels: Iterable[Channel], ref: str) -> Channel | None:
    """The channel that ``ref`` names: its ref, its type where it has none, or its number in any
    way of writing it."""
    by_key = {channel.key: channel for channel in channels}
    if ref in by_key or not is_phone(ref):
        return by_key.get(ref)
    return by_key.get(normalize(ref))


def line_options(config: object, options: Mapping[str, object], *, number: str) -> LineOptions:
    """The options of ``line()``; ``llm``, ``prompt``, ``tools`` and ``greeting`` are refused with
    the code ``LINE_CONFIG_ERROR``."""
    place = Place(f"line {number!r}")
    values = read(place, _LINE, config, options, hints=_LINE_HINTS, code="LINE_CONFIG_ERROR")
    return LineOptions(**values)


def reconnect_policy(value: object) -> ReconnectPolicy | None:
    """The client's ``reconnect`` argument: True is the default policy, False is None."""
    if isinstance(value, ReconnectPolicy):
        return value
    if isinstance(value, bool):
        return ReconnectPolicy() if value else None
    raise Place("Pinecall()").wrong("reconnect", "True, False or a ReconnectPolicy", value)


def put_skill(skills: Iterable[_Item] | None, skill: _Item) -> list[_Item]:
    """The skills with ``skill`` in the place of the one of its name, else at the end."""
    from ..tools.tool import tool_name  # agents without skills need not load it

    name = tool_name(skill)
    out = list(skills or ())
    for i, old in enumerate(out):
        if tool_name(old) == name:
            out[i] = skill
            return out
    return [*out, skill]


def _agent(agent_id: str) -> Place:
    return Place(f"agent {agent_id!r}", agent_id)


def _llm(place: Place, model: str) -> dict[str, object]:
    ends = [i for i in (model.find(":"), model.find("/")) if i >= 0]
    provider, name = DEFAULT_PROVIDER, model
    if ends:
        provider, name = model[: min(ends)], model[min(ends) + 1 :]
    if not provider or not name:
        raise place.error(f"model is {model!r}; write it like 'gpt-4.1-mini' or 'openai/gpt-4.1'")
    return {"provider": provider, "model": name, "enabled": True}


def _channels(values: Mapping[str, Any]) -> list[Channel]:
    """What ``phone_number``, else ``phone_numbers``, and ``whatsapp`` stand for."""
    one = values.get("phone_number")
    phones = values.get("phone_numbers", ()) if one is None else (one,)
    return _unique([*phones, *values.get("whatsapp", ())])


def _unique(channels: list[Channel]) -> list[Channel]:
    return list({channel.key: channel for channel in channels}.values())
