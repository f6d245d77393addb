"""The configuration of agents, channels, lines and reconnecting.

None means "not given": such an option is not sent, and the server's default applies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from ..kernel.seconds import check_unit, is_number
from . import checks, nested
from .channels import Channel, Phone, entries, phone, phones, whatsapp
from .checks import Place
from .option_types import ChannelFields, ConfigureFields, Object, SharedFields
from .shared import ConfigOptions
from .table import checked_by

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

    allowed_origins: Sequence[str] | None = field(default=None, metadata=checked_by(checks.texts))
    name: str | None = field(default=None, metadata=checked_by(checks.filled))
    phone_number: Phone | None = field(default=None, metadata=checked_by(phone))
    phone_numbers: Sequence[Phone] | None = field(default=None, metadata=checked_by(phones))
    whatsapp: Sequence[Object | Channel] | Object | Channel | None = field(
        default=None, repr=False, metadata=checked_by(whatsapp)
    )
    history: Any = field(default=None, metadata=checked_by(checks.store))


@frozen(kw_only=True, repr=False, eq=False)
class DeployOptions(AgentOptions):
    """The configuration of ``deploy()``.

    - ``model``: ``"gpt-4.1-mini"``, ``"provider/model"`` or ``"provider:model"``; without a
      provider it is ``openai``. With a prompt and no model it is ``gpt-4.1-mini``.
    - ``channels``: ``"webrtc"``, ``"chat"``, ``"mic"``, a phone number, a ``sip:`` URI, a
      ``Channel`` or ``{type, ref, config}``.
    """

    model: str | None = field(default=None, metadata=checked_by(checks.filled))
    channels: Sequence[Phone] | None = field(default=None, repr=False, metadata=checked_by(entries))


@frozen(kw_only=True)
class LineOptions:
    """The configuration of a line (``line.create``).

    - ``stt``, ``voice``, ``language``: as for an agent.
    - ``turn_detection``: sent as it is.
    - ``extension_window``: how long the server waits for the digits of an extension, in seconds;
      0 switches it off.
    """

    stt: str | Object | None = field(default=None, metadata=checked_by(nested.stt))
    voice: str | Object | None = field(default=None, metadata=checked_by(nested.voice))
    language: str | None = field(default=None, metadata=checked_by(checks.text))
    turn_detection: Any = field(default=None, metadata=checked_by(checks.anything))
    extension_window: float = field(default=2.5, metadata=checked_by(checks.seconds))


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
