"""The configuration of agents, channels, lines and reconnecting.

None means "not given": such an option is not sent, and the server's default applies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs import field, frozen

from ...errors import ConfigurationError
from ..kernel.seconds import check_unit, is_number
from ..text import secrets
from ..text.by_value import ByValue
from ..text.showing import shows
from .checks import Place, nearest
from .fields import CHANNEL, CONFIG, Table, read
from .option_types import ChannelFields, ConfigureFields, Greeting, Object, SharedFields
from .phone import normalize

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "AddChannelFields",
    "AgentFields",
    "AgentOptions",
    "Channel",
    "ConfigOptions",
    "ConfigureChannelFields",
    "DeployFields",
    "DeployOptions",
    "LineOptions",
    "ReconnectPolicy",
]


@frozen(kw_only=True, repr=False, eq=False)
class ConfigOptions(ByValue):
    """The configuration that agents, channels and live calls share (``agent.create``,
    ``agent.configure``, ``channel.add``, ``channel.configure``, ``session.configure``).

    - ``voice``: ``"elevenlabs/sarah"`` or a provider dict.
    - ``language``: such as ``"es"``.
    - ``stt``: ``"deepgram-flux"``, ``"soniox/stt-rt-v5"``, ``"provider:model:language"`` or a dict.
    - ``llm``: ``"openai/gpt-4.1-mini"`` or ``{provider, model, enabled, temperature, …}``; without
      one the turns come to the program, which answers them itself.
    - ``interruption``: False, or ``{min_duration_ms, confidence, min_volume, min_words, …}``.
    - ``prompt``: a text; ``prompt_vars``, ``{name: value}``, replace each ``{{name}}`` in it.
    - ``raw_prompt``: True: the server adds nothing of its own to the prompt.
    - ``greeting``: a str, ``{language: text}``, or a function that gets the call and returns the
      text or ``{text, add_to_history}`` (spoken by the SDK, never sent). A dict
      ``{text, add_to_history}`` counts as its text: the server has no such switch.
    - ``greeting_in_chat``: whether chats are greeted too.
    - ``preparing``: True (1500 ms), False, or ``{enabled, timeout_ms}`` (up to 5000 ms).
    - ``tools``: a list of ``@tool`` functions and OpenAI tool dicts.
    - ``skills``: a list of ``Skill`` and dicts of a skill's fields.
    - ``knowledge_base``: an id, or a list of ids.
    - ``memory``: ``{remember, forget, consolidate, model, contact_key, enabled}``.
    - ``session_limits``: ``{max_duration_seconds, idle_timeout_seconds, idle_warning_seconds,
      idle_grace_seconds}``, in seconds; 0 switches one off.
    - ``analysis``: ``{send_audio_metrics, audio_metrics_interval_ms, send_turn_audio,
      send_bot_audio, recording}``; it is sent inside ``config``.
    - ``media``: ``{live, recording, max_duration_seconds}``.
    - ``timezone``: an IANA name, ``"Europe/Madrid"``.
    - ``config``, ``flash``, ``mode``: sent as they are.

    Values are checked where the options are used, by ``agent()``, ``configure()`` and the like.
    """

    voice: str | Object | None = None
    language: str | None = None
    flash: Any = None
    stt: str | Object | None = None
    interruption: bool | Object | None = None
    llm: str | Object | None = None
    prompt: str | None = None
    prompt_vars: Object | None = None
    greeting: Greeting | None = None
    greeting_in_chat: bool | None = None
    memory: Object | None = None
    timezone: str | None = None
    preparing: bool | Object | None = None
    raw_prompt: bool | None = None
    tools: Sequence[Any] | None = None
    skills: Sequence[Any] | None = None
    session_limits: Object | None = None
    config: Object | None = None
    analysis: Object | None = None
    knowledge_base: str | Sequence[str] | None = None
    mode: Any = None
    media: Object | None = None

    @shows
    def __repr__(self) -> str:
        return _given(self)


@frozen(kw_only=True, repr=False, eq=False)
class AgentOptions(ConfigOptions):
    """The configuration of one agent.

    - ``allowed_origins``: web origins that may mint tokens without a key; ``agent.create`` only.
    - ``phone_number``: a number, a ``sip:`` URI, ``{number, ringing, voice, …}`` or a ``Channel``;
      ``phone_numbers`` is the list form, used only without ``phone_number``.
    - ``whatsapp``: ``{phone_number_id, access_token, verify_token, app_secret, phone, …}``, a
      ``Channel``, or a list of them; not shown by ``repr``, since it holds secrets.
    - ``history``: an object with ``save(record)``.
    - ``name``: the name that ``agent.name`` shows. Neither is sent.
    """

    allowed_origins: Sequence[str] | None = None
    name: str | None = None
    phone_number: Phone | None = None
    phone_numbers: Sequence[Phone] | None = None
    whatsapp: Sequence[Object | Channel] | Object | Channel | None = field(default=None, repr=False)
    history: Any = None


@frozen(kw_only=True, repr=False, eq=False)
class DeployOptions(AgentOptions):
    """The configuration of ``deploy()``.

    - ``model``: ``"gpt-4.1-mini"``, ``"provider/model"`` or ``"provider:model"``; without a
      provider it is ``openai``. With a prompt and no model it is ``gpt-4.1-mini``.
    - ``channels``: ``"webrtc"``, ``"chat"``, ``"mic"``, a phone number, a ``sip:`` URI, a
      ``Channel`` or ``{type, ref, config}``.
    """

    model: str | None = None
    channels: Sequence[Phone] | None = field(default=None, repr=False)


@frozen(kw_only=True)
class LineOptions:
    """The configuration of a line (``line.create``).

    - ``stt``, ``voice``, ``language``: as for an agent.
    - ``turn_detection``: sent as it is.
    - ``extension_window``: how long the server waits for the digits of an extension, in seconds;
      0 switches it off.
    """

    stt: str | Object | None = None
    voice: str | Object | None = None
    language: str | None = None
    turn_detection: Any = None
    extension_window: float = 2.5


_CHANNEL = Table({**CONFIG, **CHANNEL})
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
    ringing: bool | None
    access_token: str | None = field(repr=False)
    verify_token: str | None = field(repr=False)
    app_secret: str | None = field(repr=False)
    phone: str | None
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
        values = read(place, _CHANNEL, config, options)
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
        return _given(self)

    @property
    def key(self) -> str:
        """The channel's name on its agent: the ref, or the type where there is none."""
        return self.ref or self.type


#: A number, a ``sip:`` URI, a Channel or a dict of one.
Phone: TypeAlias = str | Object | Channel


class AgentFields(ConfigureFields, total=False):
    """The keywords of ``agent()``, as :class:`AgentOptions`."""

    allowed_origins: Sequence[str] | None
    phone_number: Phone | None
    phone_numbers: Sequence[Phone] | None
    whatsapp: Sequence[Object | Channel] | Object | Channel | None


class DeployFields(AgentFields, total=False):
    """The keywords of ``deploy()``, as :class:`DeployOptions`."""

    model: str | None
    channels: Sequence[Phone] | None


class AddChannelFields(ChannelFields, total=False):
    """The keywords of ``add_channel()``, as those of :class:`Channel`."""

    config: ConfigOptions | Object | None


class ConfigureChannelFields(SharedFields, total=False):
    """The keywords of ``configure_channel()``; ``config`` holds the same, as one object."""

    config: ConfigOptions | Object | None


def _given(options: Any) -> str:
    # There are dozens of fields: only those that are given. One with repr=False is a secret.
    values = {a.name: getattr(options, a.name) for a in attrs.fields(type(options)) if a.repr}
    shown = (f"{k}={v!r}" for k, v in values.items() if v is not None and v != ConfigOptions())
    return f"{type(options).__name__}({', '.join(shown)})"


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


@frozen
class ReconnectPolicy:
    """The waits between the attempts to connect again.

    - ``initial``, ``maximum``, ``factor``: the n-th wait, counted from 0, is
      ``initial * factor ** n`` seconds, ``maximum`` at most.
    - ``jitter``: the share of each wait that is random, 0 to 1; with 1 it is anything between 0 and
      the wait.
    - ``max_attempts``: how many attempts there are; None: no limit. Without a limit, while the host
      cannot be reached, a wait is at most a sixteenth of the outage so far (or ``initial``, if that
      is more), so that the client is back soon after the host is.

    An attempt follows whatever made the last one fail; only a missing or refused key and a
    displacement end them.

    Raises:
        ConfigurationError: a value out of range; the message names it.
    """

    initial: float = 0.5
    maximum: float = 30.0
    factor: float = 2.0
    jitter: float = 1.0
    max_attempts: int | None = None

    def __attrs_post_init__(self) -> None:
        place = Place("ReconnectPolicy")
        for name in ("initial", "maximum", "factor", "jitter"):
            value = getattr(self, name)
            if not is_number(value):
                raise place.wrong(name, "a number", value)
        rules = {
            "initial must be more than 0 seconds": 0 < self.initial < math.inf,
            "maximum must not be less than initial": self.initial <= self.maximum < math.inf,
            "factor must be 1 or more": 1 <= self.factor < math.inf,
            "jitter must be between 0 and 1": 0 <= self.jitter <= 1,
        }
        for rule, holds in rules.items():
            if not holds:
                raise place.error(f"{rule}, got {getattr(self, rule.split()[0])!r}")
        for name in ("initial", "maximum"):
            check_unit(f"ReconnectPolicy: {name}", getattr(self, name))
        tries = self.max_attempts
        if tries is not None and (isinstance(tries, bool) or not isinstance(tries, int)):
            raise place.wrong("max_attempts", "an int or None", tries)
        if tries is not None and tries < 1:
            raise place.error(f"max_attempts must be 1 or more, got {tries}; None means for ever")
