"""An agent: its desired state, kept here and replayed after every reconnect, and its verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import Context, copy_context
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..logs import Log
from ..options import AgentOptions, Channel
from . import config, encode, phone
from .dial import Dials
from .listening import HasHandlers
from .outcome import Outcome
from .registration import AgentRegistration
from .session_scope import scope_of
from .showing import shows

if TYPE_CHECKING:
    from .call import CallBase
    from .session import Session

__all__ = ["AgentBase", "tools_of"]

log = Log("agents")

_NOTHING_GIVEN = AgentOptions()


class AgentBase(HasHandlers):
    """One agent of this client (wire: ``agent.create``)."""

    __slots__ = (
        "_dials",
        "_tools",
        "callers",
        "channel_table",
        "config",
        "context",
        "id",
        "live_calls",
        "own_handlers",
        "pauses",
        "registration",
        "session",
    )

    #: How messages say that it is no more.
    gone = "removed (remove_agent()); pc.agent() makes a new one"

    def __init__(self, session: Session, agent_id: str) -> None:
        self.own_handlers = None
        self.session = session
        self.id = agent_id
        self.config = _NOTHING_GIVEN
        self.channel_table: dict[str, Channel] = {}
        self.live_calls: dict[str, CallBase] = {}
        self.callers: tuple[str, ...] = ()
        self.pauses: list[dict[str, str]] = []
        #: Where its functions (tools, greeting, store) were given: they run in a copy of it.
        self.context: Context | None = None
        self.registration = AgentRegistration(session, self)
        self._dials: Dials | None = None
        self._tools: dict[str, Any] | None = None

    # -- what it says of itself -----------------------------------------------------------------

    @property
    def name(self) -> str:
        """As configured, else the id."""
        return self.config.name or self.id

    @property
    def registered(self) -> bool:
        """Does the server have it now?"""
        return self.registration.held

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Its channels by ref (``"+13186330963"``), or by type where there is none (``"chat"``)."""
        return MappingProxyType(self.channel_table)

    @shows
    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.id!r}: {self.registration.status}, "
            f"{len(self.channel_table)} channels, {len(self.live_calls)} calls>"
        )

    @property
    def title(self) -> str:
        return f"agent {self.id}"

    @property
    def removed(self) -> bool:
        return self.registration.status == "removed"

    @property
    def events_over(self) -> bool:
        return self.removed

    def require(self, verb: str) -> None:
        """Raises RegistrationError on an agent that was removed."""
        self.registration.require(verb)

    def check_listening(self, verb: str) -> None:
        self.require(verb)

    # -- configuration --------------------------------------------------------------------------

    def configure(self, options: Mapping[str, Any] | None = None, /, **keywords: Any) -> None:
        """Change the configuration: kept, sent now (``agent.configure``), and part of every later
        registration. Applies to future calls; tools, skills and prompt also to live ones.

        Raises ConfigurationError; ``allowed_origins`` is only read when the agent is created.
        """
        self.require("configure")
        given = config.configure_options(options, keywords, agent_id=self.id)
        self.session.check_tools(given, self.id)
        with self.session.guard:
            self.apply(given, ())
        self.session.wake()

    def apply(
        self, given: AgentOptions, channels: Iterable[Channel], *, only_changed: bool = False
    ) -> None:
        """Merge options, checked, and channels into those of the agent."""
        before = self.config
        if given.allowed_origins is not None and self.registration.status in ("asked", "held"):
            log.warning(
                "agent %r: allowed_origins takes effect with the next registration",
                self.id,
            )
        self.config = given if before is _NOTHING_GIVEN else encode.merge(before, given)
        self._tools = None
        if any(
            one is not None for one in (given.tools, given.skills, given.greeting, given.history)
        ):
            self.context = copy_context()
        if self.registered:
            changes = encode.encode_configure(before, given, only_changed=only_changed)
            if changes:
                frame = {"event": "agent.configure", "agent_id": self.id, **changes}
                self.session.transmit(frame)
        for channel in channels:
            if self.channel_table.get(channel.key) != channel:
                self._put_channel(channel)
        if self.registration.status == "refused":
            self.registration.create()

    def configure_session(
        self, call_id: str, options: Mapping[str, Any] | None = None, /, **keywords: Any
    ) -> None:
        """Change one live call, by its id, from the next utterance on (``session.configure``)."""
        if not isinstance(call_id, str) or not call_id:
            raise ConfigurationError(
                f"configure_session(call_id, …): call_id is the id of a call, not {call_id!r:.80}",
                agent_id=self.id,
            )
        self.require("configure_session")
        given = config.session_options(options, keywords, agent_id=self.id, call_id=call_id)
        encoded = encode.encode_session(given)
        frame = {"event": "session.configure", "agent_id": self.id, "session_id": call_id}
        with self.session.guard:
            self.session.require_up("configure_session", self.id)
            self._after_ack({**frame, **encoded})
        self.session.wake()

    def skill(self, skill: Any) -> None:
        """Add a skill, or replace the one of that name; the whole list is sent."""
        self.configure(skills=config.put_skill(self.config.skills, skill))

    @property
    def tools(self) -> dict[str, Any]:
        """Tools this process runs, by name: the agent's and those of every declared skill."""
        if self._tools is None:
            groups = [self.config.tools or (), *(tools_of(s) for s in self.config.skills or ())]
            self._tools = {
                tool.name: tool for group in groups for tool in group if hasattr(tool, "invoke")
            }
        return self._tools

    # -- channels -------------------------------------------------------------------------------

    def add_channel(
        self, type: str | Channel, ref: str | None = None, /, **options: Any
    ) -> Channel:
        """Open a way in: ``"webrtc"``, ``"chat"``, ``"phone"`` with a number, ``"whatsapp"`` with
        its phone-number id and ``access_token`` (wire: ``channel.add``).

        The same ref again updates it. Raises ConfigurationError for a bad number or config.
        """
        self.require("add_channel")
        channel = config.channel_options(type, ref, options, agent_id=self.id)
        with self.session.guard:
            self._put_channel(channel)
        self.session.wake()
        return channel

    def configure_channel(self, ref: str, /, **options: Any) -> None:
        """Change a channel's own configuration; kept and replayed (wire: ``channel.configure``)."""
        given = config.channel_change(options, agent_id=self.id, ref=ref)
        with self.session.guard:
            channel = self._channel(ref, "configure_channel")
            self.channel_table[channel.key] = encode.merge_channel(channel, given)
            if self.registered:
                self.session.transmit(
                    {
                        "event": "channel.configure",
                        "agent_id": self.id,
                        "ref": channel.key,
                        **encode.encode_session(given),
                    }
                )
        self.session.wake()

    def remove_channel(self, ref: str, /) -> None:
        """Close a way in; not claimed again (wire: ``channel.remove``)."""
        with self.session.guard:
            channel = self._channel(ref, "remove_channel")
            del self.channel_table[channel.key]
            if self.registered:
                self._send_remove(channel)
        self.session.wake()

    def _channel(self, ref: str, verb: str) -> Channel:
        self.require(verb)
        channel = config.find_channel(self.channel_table.values(), ref)
        if channel is None:
            known = ", ".join(self.channel_table) or "none"
            raise ConfigurationError(
                f"{verb}({ref!r}): agent {self.id!r} has no such channel; it has {known}",
                agent_id=self.id,
            )
        return channel

    def _put_channel(self, channel: Channel) -> None:
        if self.registered:
            self.send_channel(channel)
            self.registration.channel_sent(channel)
        self.channel_table[channel.key] = channel

    def send_channel(self, channel: Channel, *, state: bool = False) -> None:
        body = encode.encode_channel(channel)
        frame = {"event": "channel.add", "agent_id": self.id, **body}
        self.session.transmit(frame, state=state)

    def _send_remove(self, channel: Channel) -> None:
        self.session.transmit(
            {
                "event": "channel.remove",
                "agent_id": self.id,
                "type": channel.type,
                "ref": channel.key,
            }
        )

    def route_callers(self, numbers: Iterable[str]) -> None:
        """Send the calls and messages of these numbers to this connection (``dev.config``)."""
        self.require("route_callers")
        if isinstance(numbers, str):
            numbers = [numbers]
        what = f"route_callers, {self.title}"
        if not isinstance(numbers, Iterable):
            raise ConfigurationError(
                f"{what}: a list of phone numbers, not {type(numbers).__name__}", agent_id=self.id
            )
        callers = tuple(phone.normalize(number, what) for number in numbers)
        with self.session.guard:
            self.callers = callers
            if self.registered:
                self.session.transmit({"event": "dev.config", "callers": list(callers)})
        self.session.wake()

    # -- people in the loop ---------------------------------------------------------------------

    def pause(self, session_id: str | None = None, *, contact: str | None = None) -> None:
        """Let a person answer: one session's, one contact's, or all (wire: ``session.pause``).

        Kept until ``resume`` and sent again after a reconnect.
        """
        self.require("pause")
        scope = scope_of(session_id, contact)
        with self.session.guard:
            if scope not in self.pauses:
                self.pauses.append(scope)
            if self.registered:
                self.send_pause(scope)
        self.session.wake()

    def resume(self, session_id: str | None = None, *, contact: str | None = None) -> None:
        """The model answers again; without a scope every pause ends (wire: ``session.resume``)."""
        self.require("resume")
        scope = scope_of(session_id, contact)
        with self.session.guard:
            self.pauses = [p for p in self.pauses if scope and p != scope]
            if self.registered:
                frame = {"event": "session.resume", "agent_id": self.id, **scope}
                self.session.transmit(frame)
        self.session.wake()

    def send_pause(self, scope: dict[str, str], *, state: bool = False) -> None:
        frame = {"event": "session.pause", "agent_id": self.id, **scope}
        self.session.transmit(frame, state=state)

    def send_message(
        self, text: str, *, session_id: str | None = None, contact: str | None = None
    ) -> None:
        """Write to a WhatsApp contact as a person; sent later if the link is down.

        One of ``session_id`` and ``contact`` is needed. If the link is lost before the server has
        confirmed it, ``error`` fires, and it is not sent again (wire: ``session.send``).
        """
        self.require("send_message")
        scope = scope_of(session_id, contact)
        if not scope or not isinstance(text, str):
            raise ConfigurationError(
                "send_message(text, …) needs a text and session_id= or contact=", agent_id=self.id
            )
        frame = {"event": "session.send", "agent_id": self.id, **scope, "text": text}
        with self.session.guard:
            self.session.send_durable(frame, now=self.registered, agent_id=self.id)
        self.session.wake()

    # -- calls ----------------------------------------------------------------------------------

    @property
    def dials(self) -> Dials:
        if self._dials is None:
            self._dials = Dials(self)
        return self._dials

    @property
    def has_dials(self) -> bool:
        return self._dials is not None

    def call_ended(self, call: CallBase) -> None:
        if self._dials is not None:
            self._dials.call_ended(call)

    def caller_id(self, from_: str | None) -> str:
        """The number to ring from: the one given, or the only phone channel."""
        if from_ is not None:
            return phone.normalize(from_, f"dial, from_, {self.title}")
        numbers = [c.key for c in self.channel_table.values() if c.type == "phone"]
        if len(numbers) == 1:
            return numbers[0]
        has = f"has {len(numbers)} ({', '.join(numbers)})" if numbers else "has no phone channel"
        raise ConfigurationError(
            f"dial: agent {self.id!r} {has}; say from_= which number to ring from",
            agent_id=self.id,
        )

    def place_dial(self, to: str, from_: str | None, **options: Any) -> Outcome[CallBase]:
        with self.session.guard:
            number = phone.normalize(to, f"dial, {self.title}")
            outcome = self.dials.dial(number, self.caller_id(from_), **options)
        self.session.wake()
        return outcome

    def place_bridge(self, target: str, **options: Any) -> Outcome[CallBase]:
        with self.session.guard:
            outcome = self.dials.bridge(target, **options)
        self.session.wake()
        return outcome

    # -- frames ---------------------------------------------------------------------------------

    def send(self, frame: dict[str, Any]) -> None:
        """A raw frame, with this agent's id unless it names one; after the registration.

        Raises NotConnected while the link is down.
        """
        self.require("send")
        event = self.session.frame_event(frame, f"agent {self.id!r}.send()")
        with self.session.guard:
            self.session.require_up(event, self.id)
            self._after_ack({**frame} if "agent_id" in frame else {**frame, "agent_id": self.id})
        self.session.wake()

    def _after_ack(self, frame: dict[str, Any]) -> None:
        if self.registered:
            self.session.transmit(frame)
            self.session.count_ping(frame)
        else:
            self.session.hold_raw(frame, self.id)

    def stop_taking_calls(self) -> None:
        """Its channels close on the server; here they stay, for the next connection."""
        if self.registered:
            for channel in self.channel_table.values():
                self._send_remove(channel)

    # -- removal --------------------------------------------------------------------------------

    def remove(self) -> None:
        """End its calls, release its channels on the server, forget what was to be sent."""
        for call in list(self.live_calls.values()):
            self.session.end_call(call, "agent_removed")
        if self.registered:
            for channel in self.channel_table.values():
                self._send_remove(channel)
        self.registration.forget()
        if self._dials is not None:
            self._dials.fail_all("agent_removed")
        if self.own_handlers is not None:
            self.session.unsubscribe_all(self.own_handlers)
        self.session.drop_held(self)


def tools_of(skill: Any) -> Iterable[Any]:
    return getattr(skill, "tools", None) or ()
