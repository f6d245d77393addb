"""The ways a channel can be written in a configuration, each as a :class:`Channel`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinecall.core.config import checks
from pinecall.core.config.checks import Place
from pinecall.core.config.options import Channel
from pinecall.core.config.phone import is_phone
from pinecall.errors import ConfigurationError


def make_channel(place: Place, type: Any, ref: Any, options: Mapping[Any, Any]) -> Channel:
    given = {key: value for key, value in options.items() if isinstance(key, str)}
    if len(given) < len(options):
        raise place.error("the option names of a channel must be str")
    try:
        return Channel(type, ref, **given)
    except ConfigurationError as err:
        raise place.error(err.message) from None


def _entry(place: Place, field: str, value: object) -> Channel:
    """One entry of ``channels=``."""
    if isinstance(value, Channel):
        return value
    here = Place(f"{place.what}, {field}", place.agent_id)
    if isinstance(value, Mapping):
        if "type" not in value:
            raise here.error("it has no type; give {'type': 'phone', 'ref': '+13186330963'}")
        rest = {key: item for key, item in value.items() if key not in ("type", "ref")}
        return make_channel(here, value["type"], value.get("ref"), rest)
    if not isinstance(value, str):
        raise here.wrong("it", "a str, a Channel or a dict", value)
    if value in ("webrtc", "chat", "mic"):
        return Channel(value)
    if is_phone(value):
        return Channel("phone", value)
    if value in ("phone", "whatsapp", "sip"):
        raise here.error(f"{value!r} needs its ref; give Channel({value!r}, …)")
    near = checks.nearest(value, ("webrtc", "chat", "mic"))
    shown = repr(value) if len(value) <= 40 else f"a text of {len(value)} characters"
    hint = f"did you mean {near!r}?" if near else "give 'webrtc', 'chat' or 'mic', a phone number"
    raise here.error(
        f"{shown} is no channel; {hint}"
        + ("" if near else " with its country code, like '+13186330963', or a sip: URI")
    )


def entries(place: Place, field: str, value: object) -> tuple[Channel, ...]:
    if not isinstance(value, (list, tuple)):
        raise place.wrong(field, "a list of channels", value)
    return tuple(_entry(place, f"{field}[{i}]", item) for i, item in enumerate(value))


def phone(place: Place, field: str, value: object) -> Channel:
    """``phone_number``: a number, ``{number, ringing, …}`` or a Channel of type phone."""
    here = Place(f"{place.what}, {field}", place.agent_id)
    if isinstance(value, Channel):
        if value.type != "phone":
            raise here.error(f"a {value.type} channel is no phone number; use add_channel()")
        return value
    if isinstance(value, Mapping):
        return _from_dict(here, "phone", value, ("number", "ref"))
    return make_channel(here, "phone", value, {})


def phones(place: Place, field: str, value: object) -> tuple[Channel, ...]:
    if not isinstance(value, (list, tuple)):
        raise place.wrong(field, "a list of phone numbers", value)
    return tuple(phone(place, f"{field}[{i}]", item) for i, item in enumerate(value))


def whatsapp(place: Place, field: str, value: object) -> tuple[Channel, ...]:
    """``whatsapp``: ``{phone_number_id, access_token, …}`` or a Channel, or a list of them."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    out: list[Channel] = []
    for i, item in enumerate(items):
        here = Place(f"{place.what}, {field}[{i}]", place.agent_id)
        if isinstance(item, Channel) and item.type == "whatsapp":
            out.append(item)
        elif isinstance(item, Mapping):
            ids = ("phone_number_id", "phoneNumberId", "ref")
            out.append(_from_dict(here, "whatsapp", item, ids))
        else:
            raise here.wrong("it", "a dict with phone_number_id and access_token", item)
    return tuple(out)


def _from_dict(
    place: Place, type: str, value: Mapping[Any, Any], names: tuple[str, ...]
) -> Channel:
    refs = [value[name] for name in names if value.get(name) is not None]
    if not refs:
        raise place.error(f"it has no {names[0]}")
    rest = {key: item for key, item in value.items() if key not in names}
    # Here an inner "config" is the agent's own option of that name, as on agent().
    return make_channel(place, type, refs[0], {"config": rest})
