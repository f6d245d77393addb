"""Configuration to its wire form: what the config frames carry, key by key and in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

import attrs

from ..text.secrets import keep_in
from .channels import CHANNEL, Channel
from .options import AgentOptions, LineOptions
from .shared import CONFIG, ConfigOptions

__all__ = [
    "WIRE_KEYS",
    "ServerDefault",
    "config_values",
    "encode_channel",
    "encode_config",
    "encode_configure",
    "encode_create",
    "encode_line",
    "encode_session",
    "merge",
    "merge_channel",
]

_Options = TypeVar("_Options", bound=ConfigOptions)

#: Python name -> wire key, in the order of the wire. ``analysis`` travels inside ``config``.
WIRE_KEYS = {name: option.wire for name, option in CONFIG.items()}


class ServerDefault(str):
    """What the server takes where it is told nothing: shown in a configuration, and never sent."""


_get_config = attrgetter(*WIRE_KEYS)


def config_values(options: ConfigOptions) -> dict[str, object]:
    """The given values that a config frame carries, by Python name, in the order of the wire."""
    values = zip(WIRE_KEYS, _get_config(options), strict=True)
    return {
        name: value
        for name, value in values
        if value is not None and type(value) is not ServerDefault
    }


def encode_config(values: Mapping[str, Any]) -> dict[str, object]:
    """What :func:`config_values` gives in its wire form; functions are left out.

    ``stt`` ``"a:b:c"`` is split into provider, model and language; a greeting's ``{text, …}`` is
    its text; tools and skills are in their wire form; ``analysis`` is put inside ``config``.
    """
    out: dict[str, object] = {}
    for name, value in values.items():
        if name == "analysis":
            out["config"] = _with_analysis(out.get("config"), value)
            continue
        if name in _TRANSFORMS:
            value = _TRANSFORMS[name](value)
        if value is not None:
            out[WIRE_KEYS[name]] = value
            if isinstance(value, Mapping):
                keep_in(value)  # a provider's key may stand in it
    return out


def encode_create(agent_id: str, options: AgentOptions) -> dict[str, object]:
    """The whole ``agent.create`` frame; ``allowed_origins``, which only it carries, comes last."""
    frame: dict[str, object] = {"event": "agent.create", "agent_id": agent_id}
    frame.update(encode_config(config_values(options)))
    if options.allowed_origins is not None:
        frame["allowed_origins"] = list(options.allowed_origins)
    return frame


def encode_configure(
    old: ConfigOptions, given: ConfigOptions, *, only_changed: bool = False
) -> dict[str, object]:
    """What ``agent.configure`` carries when ``given`` comes on top of ``old``: the given keys.

    With ``only_changed``, those among them whose wire form differs; an empty dict means that there
    is nothing to send. ``config`` goes out whole, with what ``old`` had for ``analysis``. A
    function in place of a greeting that the server speaks sends ``""``, so that only one is heard.
    """
    before = encode_config(config_values(old))
    after = encode_config(config_values(merge(old, given)))
    keys = {WIRE_KEYS[name] for name in config_values(given)}
    if "greeting" in keys and "greeting" not in after and before.get("greeting", "") != "":
        after["greeting"] = ""
    return {
        key: after[key]
        for key in dict.fromkeys(WIRE_KEYS.values())
        if key in keys
        and key in after
        and not (only_changed and key in before and before[key] == after[key])
    }


def encode_session(options: ConfigOptions) -> dict[str, object]:
    """What ``session.configure`` and ``channel.configure`` carry: the given keys."""
    return encode_config(config_values(options))


def encode_channel(channel: Channel) -> dict[str, object]:
    """What ``channel.add`` carries beside ``agent_id``: type, ref, WhatsApp's keys, the overrides,
    and ``ringing`` last.

    For the wire only: it holds the WhatsApp secrets.
    """
    body: dict[str, object] = {"type": channel.type}
    if channel.ref is not None:
        body["ref"] = channel.ref
    own = {option.wire: getattr(channel, name) for name, option in CHANNEL.items()}
    ringing = own.pop("ringing")
    body.update({key: value for key, value in own.items() if value is not None})
    body.update(encode_session(channel.config))
    if ringing:
        body["ringing"] = True
    return body


def encode_line(options: LineOptions) -> dict[str, object]:
    """The ``config`` of ``line.create``; ``extension_window_ms`` is always in it, 0 included."""
    given = {field.name: getattr(options, field.name) for field in attrs.fields(LineOptions)}
    window = given.pop("extension_window")
    given["stt"] = _stt(given["stt"])
    config = {key: value for key, value in given.items() if value is not None}
    config["extension_window_ms"] = round(window * 1000)
    return config


def merge(old: _Options, given: ConfigOptions) -> _Options:
    """``old`` with the given values of ``given`` over it, key by key; the type is ``old``'s."""
    names = {item.name for item in attrs.fields(type(old))}
    values = ((item.name, getattr(given, item.name)) for item in attrs.fields(type(given)))
    return attrs.evolve(old, **{k: v for k, v in values if k in names and v is not None})


def merge_channel(channel: Channel, given: ConfigOptions) -> Channel:
    """``channel`` with the given overrides over its own, as ``channel.configure`` leaves it."""
    return attrs.evolve(channel, config=merge(channel.config, given))


def _stt(value: object) -> object:
    if not isinstance(value, str) or ":" not in value:
        return value
    parts = zip(("provider", "model", "language"), value.split(":"), strict=False)
    return {key: part for key, part in parts if part}


def _greeting(value: object) -> object:
    if callable(value):
        return None
    if isinstance(value, Mapping) and "text" in value:
        return value["text"]
    return value


def _preparing(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    named = {"enabled": value.get("enabled"), "timeout_ms": value.get("timeout_ms")}
    return {key: item for key, item in named.items() if item is not None}


def _wire_forms(value: Any) -> list[object]:
    return [_wire_form(item) for item in value]


def _wire_form(item: Any) -> object:
    return item if isinstance(item, Mapping) else item.to_wire()


def _with_analysis(config: object, analysis: Mapping[str, object]) -> dict[str, object]:
    whole = dict(config) if isinstance(config, Mapping) else {}
    inner = whole.get("analysis")
    whole["analysis"] = {**inner, **analysis} if isinstance(inner, Mapping) else dict(analysis)
    return whole


_TRANSFORMS: dict[str, Callable[[Any], object]] = {
    "stt": _stt,
    "greeting": _greeting,
    "preparing": _preparing,
    "tools": _wire_forms,
    "skills": _wire_forms,
}
