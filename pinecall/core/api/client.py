"""The client of both fronts, without what connects and waits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ..agents.agent import AgentBase, check_coroutines
from ..config import methods, phone
from ..config.checks import Place, seconds
from ..drain import DrainReport
from ..engine import Engine
from ..kernel.handlers import Handlers
from ..kernel.has_handlers import HasHandlers
from ..lines.line import LineBase
from ..text.showing import shows
from .engine_of import engine_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..calls.chat_requests import ChatReply
    from ..config.option_types import LineFields
    from ..config.options import AgentFields, AgentOptions, DeployFields, LineOptions
    from ..kernel.outcome import Outcome

__all__ = ["ClientBase"]

AgentT = TypeVar("AgentT", bound=AgentBase)
LineT = TypeVar("LineT", bound=LineBase)


class ClientBase(HasHandlers, Generic[AgentT, LineT]):
    """Agents, lines and handlers of one connection to the platform."""

    @property
    def _engine(self) -> Engine:
        return engine_of(self)

    @property
    def _handlers(self) -> Handlers:
        return self._engine.handlers

    # -- agents ---------------------------------------------------------------------------------

    def agent(
        self,
        id: str,
        base: AgentOptions | Mapping[str, Any] | None = None,
        /,
        **options: Unpack[AgentFields],
    ) -> AgentT:
        """Create an agent, or return the existing one; it is registered as soon as the link is up.

        Options given for an existing agent are applied to it. Never waits; call it before or
        after ``connect()``. Raises ConfigurationError, which names the field and the fix.
        (Wire: ``agent.create``, ``agent.configure``, ``channel.add``.)
        """
        methods.check_agent_id(id)
        given, channels = methods.agent_options(base, options, agent_id=id)
        return self._put_agent(id, given, channels)

    def deploy(
        self,
        id: str,
        base: AgentOptions | Mapping[str, Any] | None = None,
        /,
        **options: Unpack[DeployFields],
    ) -> AgentT:
        """Create an agent with its model and channels in one call.

        ``channels`` are ``"webrtc"``, ``"chat"``, ``"mic"``, phone numbers, ``sip:`` URIs or
        :class:`Channel`; ``model`` is ``"gpt-4.1-mini"``, ``"provider/model"`` or
        ``"provider:model"``. For an existing id the changed options are applied.
        """
        methods.check_agent_id(id)
        existing = self._engine.registry.agents.get(id)
        given, channels = methods.deploy_options(
            base, options, agent_id=id, existing=existing.config if existing else None
        )
        return self._put_agent(id, given, channels)

    def _put_agent(self, id: str, given: AgentOptions, channels: list[Any]) -> AgentT:
        engine = self._engine
        check_coroutines(given, id, allowed=engine.front.coroutines)
        with engine.guard:
            agent = engine.registry.agents.get(id)
            if agent is None:
                agent = engine.makers.make_agent(engine, id)
                engine.registry.add_agent(agent)
                agent._apply(given, channels)
                agent._registration.create()
            else:
                agent._apply(given, channels, only_changed=True)
        engine.wake()
        return cast("AgentT", agent)

    def get_agent(self, id: str) -> AgentT | None:
        """Return the agent with this id; None if this client has none."""
        return cast("AgentT | None", self._engine.registry.agents.get(id))

    def remove_agent(self, id: str) -> bool:
        """End the agent's calls (``agent_removed``), release its channels on the server, and remove
        it.

        A wait for the agent raises RegistrationError, and so does every verb of it from now on.
        The platform keeps the name for this connection until ``disconnect()``: another process can
        have it only then. Returns whether it existed. (Wire: ``channel.remove``.)
        """
        engine = self._engine
        with engine.guard:
            agent = engine.registry.agents.get(id)
            if agent is None:
                return False
            engine.remove_agent(agent)
        engine.wake()
        return True

    @property
    def agents(self) -> Mapping[str, AgentT]:
        """The agents by id, read-only."""
        return MappingProxyType(cast("dict[str, AgentT]", self._engine.registry.agents))

    # -- lines ----------------------------------------------------------------------------------

    def line(
        self,
        number: str,
        base: LineOptions | Mapping[str, Any] | None = None,
        /,
        **options: Unpack[LineFields],
    ) -> LineT:
        """Claim a number that the program answers itself: it plays, listens and routes, without a model.

        The same number returns the same line, claimed again if its options changed. ``llm``,
        ``prompt``, ``tools`` and ``greeting`` are refused with ConfigurationError. (Wire: ``line.create``.)
        """
        number = phone.normalize(number, "line")
        given = methods.line_options(base, options, number=number)
        engine = self._engine
        with engine.guard:
            line = engine.registry.lines.get(number)
            if line is None:
                line = engine.makers.make_line(engine, number)
                line.config = given
                engine.registry.add_line(line)
                line._registration.create()
            elif (base or options) and given != line.config:
                line.config = given
                line._registration.create()
        engine.wake()
        return cast("LineT", line)

    # -- writing to agents ----------------------------------------------------------------------

    def _place_chat(self, agent_id: str, text: str, **options: Any) -> Outcome[ChatReply]:
        with self._engine.guard:
            outcome = self._engine.chats.ask(agent_id, text, **options)
        self._engine.wake()
        return outcome

    # -- leaving --------------------------------------------------------------------------------

    def _place_drain(self, timeout: float) -> Outcome[DrainReport]:
        timeout = seconds(Place("drain()"), "timeout", timeout)
        with self._engine.guard:
            drain = self._engine.begin_drain(timeout)
        self._engine.wake()
        return drain.outcome

    # -- the link -------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the link is up. The same as ``state == "connected"``."""
        return self._engine.link.ready

    @property
    def state(self) -> str:
        """``"idle"``, ``"connecting"``, ``"connected"``, ``"reconnecting"`` or ``"closed"``."""
        return self._engine.state

    def send(self, frame: dict[str, Any]) -> None:
        """Send a raw frame unchanged. Raises NotConnected while the link is down."""
        with self._engine.guard:
            self._engine.send_raw(frame)
        self._engine.wake()

    def stats(self) -> dict[str, Any]:
        """Return counters: frames received, sent, malformed, unknown, dropped and held; the number
        of agents, calls and reconnects.
        """
        with self._engine.guard:
            return self._engine.stats()

    @shows
    def __repr__(self) -> str:
        registry = self._engine.registry
        return (
            f"<{type(self).__module__.split('.')[0]}.Pinecall {self.state}: "
            f"{len(registry.agents)} agents, {len(registry.calls)} calls>"
        )
