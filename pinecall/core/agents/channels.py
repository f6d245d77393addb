"""An agent's channels: how it is reached, kept here and claimed again after every reconnect."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ..config import methods, wire_form
from ..config.options import Channel
from ..model.owner import Owner
from .registration import AgentRegistration

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..config.options import AddChannelFields, ConfigureChannelFields

__all__ = ["AgentChannels"]


class AgentChannels(Owner):
    """The part of an agent that adds, changes and removes channels."""

    __slots__ = ()

    #: By ref, or by type where there is none.
    _channel_table: dict[str, Channel]

    @property
    def _registration(self) -> AgentRegistration:
        raise NotImplementedError

    @property
    def channels(self) -> Mapping[str, Channel]:
        """The channels by ref (``"+13186330963"``), or by type if they have none (``"chat"``)."""
        return MappingProxyType(self._channel_table)

    def add_channel(
        self, type: str | Channel, ref: str | None = None, /, **options: Unpack[AddChannelFields]
    ) -> Channel:
        """Add a channel: ``"webrtc"``, ``"chat"``, ``"phone"`` with a number, ``"whatsapp"`` with
        its phone-number id and ``access_token`` (wire: ``channel.add``).

        Adding the same ref again updates it. Raises ConfigurationError for a bad number or config.
        """
        self._require("add_channel")
        channel = methods.channel_options(type, ref, options, agent_id=self.id)
        with self._runtime.guard:
            self._put_channel(channel)
        self._runtime.wake()
        return channel

    def configure_channel(self, ref: str, /, **options: Unpack[ConfigureChannelFields]) -> None:
        """Change a channel's own configuration; kept and replayed (wire: ``channel.configure``)."""
        given = methods.channel_change(options, agent_id=self.id, ref=ref)
        with self._runtime.guard:
            channel = self._channel(ref, "configure_channel")
            self._channel_table[channel.key] = wire_form.merge_channel(channel, given)
            if self.registered:
                self._runtime.transmit(
                    {
                        "event": "channel.configure",
                        "agent_id": self.id,
                        "ref": channel.key,
                        **wire_form.encode_session(given),
                    }
                )
        self._runtime.wake()

    def remove_channel(self, ref: str, /) -> None:
        """Remove a channel; it is not claimed again (wire: ``channel.remove``)."""
        with self._runtime.guard:
            channel = self._channel(ref, "remove_channel")
            del self._channel_table[channel.key]
            if self.registered:
                self._send_remove(channel)
        self._runtime.wake()

    def _channel(self, ref: str, verb: str) -> Channel:
        self._require(verb)
        channel = methods.find_channel(self._channel_table.values(), ref)
        if channel is None:
            known = ", ".join(self._channel_table) or "none"
            raise ConfigurationError(
                f"{verb}({ref!r}): agent {self.id!r} has no such channel; it has {known}",
                agent_id=self.id,
            )
        return channel

    def _put_channel(self, channel: Channel) -> None:
        if self.registered:
            self._runtime.transmit(self._adding(channel))
            if channel.type == "phone":
                self._registration.ask_numbers([channel.key])
        self._channel_table[channel.key] = channel

    def _adding(self, channel: Channel) -> dict[str, Any]:
        body = wire_form.encode_channel(channel)
        return {"event": "channel.add", "agent_id": self.id, **body}

    def _send_remove(self, channel: Channel) -> None:
        self._runtime.transmit(
            {
                "event": "channel.remove",
                "agent_id": self.id,
                "type": channel.type,
                "ref": channel.key,
            }
        )

    def _stop_taking_calls(self) -> None:
        """Close its channels on the server; here they stay, for the next connection."""
        if self.registered:
            for channel in self._channel_table.values():
                self._send_remove(channel)

    def _numbers(self) -> list[str]:
        return [one.key for one in self._channel_table.values() if one.type == "phone"]

    def _number_refused(self, number: str) -> bool:
        return self._channel_table.pop(number, None) is not None
