"""An agent: its desired state, kept here and replayed after every reconnect, and its verbs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, cast

from ...errors import ConfigurationError, PinecallError
from ...logs import Log
from ..calls.call import CallBase
from ..config import methods, phone, wire_form
from ..config.options import AgentOptions, Channel
from ..history.store import check_store
from ..kernel.callables import is_coroutine
from ..kernel.handlers import Source
from ..kernel.outcome import Outcome
from ..kernel.runtime import Runtime, frame_event
from ..kernel.usercode import describe
from ..text.showing import shows
from .channels import AgentChannels
from .dials import Dials
from .people import AgentPeople
from .registration import AgentRegistration

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..config.option_types import ConfigFields, ConfigureFields
    from ..config.options import ConfigOptions

__all__ = ["AgentBase", "check_coroutines", "tools_of"]

log = Log("agents")

_NOTHING_GIVEN = AgentOptions()


class AgentBase(AgentChannels, AgentPeople):
    """One agent of this client (wire: ``agent.create``)."""

    __slots__ = {
        "_callers": None,
        "_channel_table": None,
        "_claimed": None,
        "_context": None,
        "_live_calls": None,
        "_made_dials": None,
        "_made_tools": None,
        "_own_handlers": None,
        "_own_registration": None,
        "_pauses": None,
        "_runtime": None,
        "config": "Its options now (:class:`~pinecall.AgentOptions`); ``configure`` changes them.",
        "id": "Its id, as given to ``pc.agent()``.",
    }

    #: How messages say that the agent was removed.
    _gone = "removed (remove_agent()); pc.agent() makes a new one"

    def __init__(self, runtime: Runtime, agent_id: str) -> None:
        self._own_handlers = None
        self._runtime = runtime
        self.id = agent_id
        self.config = _NOTHING_GIVEN
        self._channel_table: dict[str, Channel] = {}
        self._live_calls: dict[str, CallBase] = {}
        self._callers: tuple[str, ...] = ()
        self._pauses: list[dict[str, str]] = []
        #: The context its functions (tools, greeting, store) were given in; they run in a copy of
        #: it.
        self._context: Context | None = None
        #: The configuration sent with the last claim.
        self._claimed = self.config
        self._own_registration = AgentRegistration(runtime, self)
        self._made_dials: Dials | None = None
        self._made_tools: dict[str, Any] | None = None

    # -- what it says of itself -----------------------------------------------------------------

    @property
    def name(self) -> str:
        """The configured name, or else the id."""
        return self.config.name or self.id

    @property
    def _registration(self) -> AgentRegistration:
        return self._own_registration

    @shows
    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.id!r}: {self._registration.status}, "
            f"{len(self._channel_table)} channels, {len(self._live_calls)} calls>"
        )

    @property
    def _title(self) -> str:
        return f"agent {self.id}"

    # -- configuration --------------------------------------------------------------------------

    def configure(
        self,
        options: ConfigOptions | Mapping[str, Any] | None = None,
        /,
        **keywords: Unpack[ConfigureFields],
    ) -> None:
        """Change the configuration: kept, sent now (``agent.configure``), and part of every later
        registration. Applies to future calls; tools, skills and prompt also to live ones.

        Raises ConfigurationError; ``allowed_origins`` is only read when the agent is created.
        """
        self._require("configure")
        given = methods.configure_options(options, keywords, agent_id=self.id)
        check_coroutines(given, self.id, allowed=self._runtime.front.coroutines)
        with self._runtime.guard:
            self._apply(given, ())
        self._runtime.wake()

    def _apply(
        self, given: AgentOptions, channels: Iterable[Channel], *, only_changed: bool = False
    ) -> None:
        """Check options and channels, and merge them into those of the agent."""
        before = self.config
        if given.allowed_origins is not None and self._registration.status in ("asked", "held"):
            log.warning(
                "agent %r: allowed_origins takes effect with the next registration",
                self.id,
            )
        self.config = given if before is _NOTHING_GIVEN else wire_form.merge(before, given)
        self._made_tools = None
        if any(
            one is not None for one in (given.tools, given.skills, given.greeting, given.history)
        ):
            self._context = copy_context()
        if self.registered:
            changes = wire_form.encode_configure(before, given, only_changed=only_changed)
            if changes:
                frame = {"event": "agent.configure", "agent_id": self.id, **changes}
                self._runtime.transmit(frame)
        for channel in channels:
            if self._channel_table.get(channel.key) != channel:
                self._put_channel(channel)
        if self._registration.status == "refused":
            self._registration.create()

    def configure_session(
        self,
        call_id: str,
        options: ConfigOptions | Mapping[str, Any] | None = None,
        /,
        **keywords: Unpack[ConfigFields],
    ) -> None:
        """Change one live call, by its id, from the next utterance on (``session.configure``)."""
        if not isinstance(call_id, str) or not call_id:
            raise ConfigurationError(
                f"configure_session(call_id, …): call_id is the id of a call, not {call_id!r:.80}",
                agent_id=self.id,
            )
        self._require("configure_session")
        given = methods.session_options(options, keywords, agent_id=self.id, call_id=call_id)
        encoded = wire_form.encode_session(given)
        frame = {"event": "session.configure", "agent_id": self.id, "session_id": call_id}
        with self._runtime.guard:
            self._runtime.require_up("configure_session", self.id)
            self._after_ack({**frame, **encoded})
        self._runtime.wake()

    def skill(self, skill: Any) -> None:
        """Add a skill, or replace the one with the same name; the whole list is sent."""
        self.configure(skills=methods.put_skill(self.config.skills, skill))

    @property
    def _tools(self) -> dict[str, Any]:
        """The tools this process runs, by name: the agent's and those of every declared skill."""
        if self._made_tools is None:
            groups = [self.config.tools or (), *(tools_of(s) for s in self.config.skills or ())]
            self._made_tools = {
                tool.name: tool for group in groups for tool in group if hasattr(tool, "invoke")
            }
        return self._made_tools

    # -- calls ----------------------------------------------------------------------------------

    @property
    def _dials(self) -> Dials:
        if self._made_dials is None:
            self._made_dials = Dials(self)
        return self._made_dials

    @property
    def _has_dials(self) -> bool:
        return self._made_dials is not None

    def _call_ended(self, call: Source) -> None:
        if self._made_dials is not None:
            self._made_dials.call_ended(cast("CallBase", call))

    def _caller_id(self, from_: str | None) -> str:
        """Return the number to ring from: the one given, or the only phone channel."""
        if from_ is not None:
            return phone.normalize(from_, f"dial, from_, {self._title}")
        numbers = [c.key for c in self._channel_table.values() if c.type == "phone"]
        if len(numbers) == 1:
            return numbers[0]
        has = f"has {len(numbers)} ({', '.join(numbers)})" if numbers else "has no phone channel"
        raise ConfigurationError(
            f"dial: agent {self.id!r} {has}; say from_= which number to ring from",
            agent_id=self.id,
        )

    def _place_dial(self, to: str, from_: str | None, **options: Any) -> Outcome[CallBase]:
        with self._runtime.guard:
            number = phone.normalize(to, f"dial, {self._title}")
            outcome = self._dials.dial(number, self._caller_id(from_), **options)
        self._runtime.wake()
        return outcome

    def _place_bridge(self, target: str, **options: Any) -> Outcome[CallBase]:
        with self._runtime.guard:
            outcome = self._dials.bridge(target, **options)
        self._runtime.wake()
        return outcome

    # -- frames ---------------------------------------------------------------------------------

    def send(self, frame: dict[str, Any]) -> None:
        """Send a raw frame, with this agent's id unless it names one; after the registration.

        Raises NotConnected while the link is down.
        """
        self._require("send")
        event = frame_event(frame, f"agent {self.id!r}.send()")
        with self._runtime.guard:
            self._runtime.require_up(event, self.id)
            self._after_ack({**frame} if "agent_id" in frame else {**frame, "agent_id": self.id})
        self._runtime.wake()

    def _after_ack(self, frame: dict[str, Any]) -> None:
        if self.registered:
            self._runtime.transmit(frame)
            self._runtime.count_ping(frame)
        else:
            self._runtime.hold_raw(frame, self.id)

    # -- registration ---------------------------------------------------------------------------

    def _claim(self) -> dict[str, Any]:
        self._claimed = self.config
        return wire_form.encode_create(self.id, self.config)

    def _replay(self) -> Iterator[dict[str, Any]]:
        """Yield the frames to send after the ack: configuration changed since the claim, channels,
        callers, pauses."""
        if self._claimed is not self.config:
            changes = wire_form.encode_configure(self._claimed, self.config, only_changed=True)
            if changes:
                yield {"event": "agent.configure", "agent_id": self.id, **changes}
        for channel in self._channel_table.values():
            yield self._adding(channel)
        if self._callers:
            yield {"event": "dev.config", "callers": list(self._callers)}
        for scope in self._pauses:
            yield self._pausing(scope)

    def _registration_ended(self, error: PinecallError | None) -> None:
        if self._made_dials is not None:
            if error is None:
                self._made_dials.registered()
            else:
                self._made_dials.not_registered(error)

    def _removed_by_program(self) -> None:
        """Release its channels on the server and forget what was still to be sent."""
        self._stop_taking_calls()
        self._registration.forget()
        if self._made_dials is not None:
            self._made_dials.fail_all("agent_removed")
        if self._own_handlers is not None:
            self._runtime.unsubscribe_all(self._own_handlers)
        self._runtime.drop_held(self.id, self._title)


def tools_of(skill: Any) -> Iterable[Any]:
    return getattr(skill, "tools", None) or ()


def check_coroutines(options: AgentOptions, agent_id: str, *, allowed: bool) -> None:
    """Raise ConfigurationError for a coroutine function, unless an event loop can run it
    (``allowed``)."""
    if allowed:
        return
    check_store(options.history, agent_id, coroutines=False)
    if is_coroutine(options.greeting):
        raise ConfigurationError(
            f"agent {agent_id!r}: the greeting {describe(options.greeting)} is an 'async def'; "
            "pinecall_sync runs plain functions: write 'def', or use the asyncio package pinecall",
            agent_id=agent_id,
        )
    for group in (options.tools or (), *map(tools_of, options.skills or ())):
        for tool in group:
            if getattr(tool, "is_async", False):
                raise ConfigurationError(
                    f"agent {agent_id!r}: the tool {tool.name!r} is an 'async def'; pinecall_sync "
                    "runs plain functions: write 'def', or use the asyncio package pinecall",
                    agent_id=agent_id,
                )
