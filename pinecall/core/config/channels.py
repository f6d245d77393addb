"""Channels, and the ways that one can be written in a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

from ...errors import ConfigurationError
from ..text import secrets
from ..text.showing import shows
from ..text.spelling import nearest
from . import checks
from .checks import Place
from .option_types import ChannelFields, Object
from .phone import is_phone, normalize
from .shared import CONFIG, ConfigOptions, show_given
from .table import Table, checked_by, read, table_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "CHANNEL",
    "Channel",
    "Phone",
    "entries",
    "make_channel",
    "phone",
    "phones",
    "whatsapp",
]

_REFLESS = ("webrtc", "chat", "mic")


@frozen(init=False, repr=False)
class Channel:
    """A way to reach an agent: ``Channel("webrtc")``, ``Channel("phone", "+13186330963",
    voice="polly/Lupe")``, ``Channel("whatsapp", "123456789012345", access_token=…)``.

    - ``type``: ``phone``, ``webrtc``, ``chat``, ``mic`` or ``whatsapp``; ``sip`` is taken as
      ``phone``.
    - ``ref``: the number (normalised) or ``sip:`` URI of a phone channel, or WhatsApp's phone-number
      id; other types have none.
    - ``ringing`` (phone): the program decides whether to pick up.
    - ``access_token`` (required), ``verify_token``, ``app_secret``, ``phone`` (whatsapp); the first
      three are secrets, which ``repr`` does not show.
    - ``config``, or keywords: the options that differ from the agent's on this channel.

    Raises:
        ConfigurationError: an unknown type or key, a bad number, a missing or superfluous ref.
    """

    type: str
    ref: str | None
    ringing: bool | None = field(metadata=checked_by(checks.flag))
    access_token: str | None = field(
        repr=False, metadata=checked_by(checks.secret, wire="accessToken")
    )
    verify_token: str | None = field(
        repr=False, metadata=checked_by(checks.secret, wire="verifyToken")
    )
    app_secret: str | None = field(repr=False, metadata=checked_by(checks.secret, wire="appSecret"))
    phone: str | None = field(metadata=checked_by(checks.filled))
    config: ConfigOptions

    def __init__(
        self,
        /,
        type: str,
        ref: str | None = None,
        *,
        config: ConfigOptions | Object | None = None,
        **options: Unpack[ChannelFields],
    ) -> None:
        short = isinstance(type, str) and len(type) <= 20
        place = Place(f"{type} channel" if short else "channel")
        kind, ref = _address(place, type, ref)
        values = read(place, _ALL, config, options)
        own: dict[str, Any] = {name: values.pop(name, None) for name in CHANNEL}
        _fits(place, kind, own)
        if own["phone"] is not None:
            own["phone"] = _number(place, own["phone"])
        own.update(type=kind, ref=ref, config=ConfigOptions(**values))
        for name, value in own.items():
            object.__setattr__(self, name, value)
        for secret in (self.access_token, self.verify_token, self.app_secret):
            secrets.keep(secret)

    @shows
    def __repr__(self) -> str:
        return show_given(self)

    @property
    def key(self) -> str:
        """The channel's name on its agent: the ref, or the type where there is none."""
        return self.ref or self.type


#: A number, a ``sip:`` URI, a Channel or a dict of one.
Phone: TypeAlias = str | Object | Channel

#: What only a channel has.
CHANNEL = table_of(Channel)
_ALL = Table({**CONFIG, **CHANNEL})


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
    near = nearest(value, ("webrtc", "chat", "mic"))
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


def _address(place: Place, type: object, ref: object) -> tuple[str, str | None]:
    if not isinstance(type, str):
        raise place.wrong("type", "a str like 'phone'", type)
    kind = "phone" if type == "sip" else type
    if kind in _REFLESS:
        if ref is not None:
            raise place.error("it has no ref; leave it out")
        return kind, None
    if kind not in ("phone", "whatsapp"):
        near = nearest(kind, (*_REFLESS, "phone", "whatsapp", "sip"))
        raise place.error(
            f"did you mean {near!r}?"
            if near
            else "there is no such type; there are phone, webrtc, chat, mic and whatsapp"
        )
    if ref is None:
        want = "the number or sip: URI" if kind == "phone" else "WhatsApp's phone-number id"
        raise place.error(f"it needs a ref: {want}")
    if kind == "phone":
        return kind, _number(place, ref)
    if not isinstance(ref, str) or not ref.strip():
        raise place.wrong("ref", "WhatsApp's phone-number id as a str", ref)
    return kind, ref


def _fits(place: Place, kind: str, own: dict[str, Any]) -> None:
    if own["ringing"] is not None and kind != "phone":
        raise place.error("ringing is for phone channels; leave it out")
    if kind == "whatsapp":
        if own["access_token"] is None:
            raise place.error("it needs access_token, the token of the WhatsApp Business account")
        return
    for name in ("access_token", "verify_token", "app_secret", "phone"):
        if own[name] is not None:
            raise place.error(f"{name} is for whatsapp channels; leave it out")


def _number(place: Place, ref: object) -> str:
    try:
        return normalize(ref)  # type: ignore[arg-type]
    except ConfigurationError as err:
        raise place.error(err.message) from None
