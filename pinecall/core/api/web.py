"""Tokens, streams to browsers and the call log: methods of clients, agents and calls that a front
completes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .. import rest
from ..agents.agent import AgentBase
from ..calls.call import CallBase
from ..kernel.has_handlers import HasHandlers
from .engine_of import engine_of

if TYPE_CHECKING:
    from ..agents.registration import AgentRegistration
    from ..rest.call_log import CallLog
    from ..rest.op import RestOp
    from ..rest.tokens import Token

__all__ = ["REGISTERED_WITHIN", "AgentWebBase", "CallWebBase", "ClientWebBase", "Streaming"]

TokenT = TypeVar("TokenT")  # a token
StreamT = TypeVar("StreamT")  # an event stream
ObservationT = TypeVar("ObservationT")  # an observation of a call log
PortT = TypeVar("PortT")  # the front's port to REST

#: Seconds that a token waits for the registration of its agent.
REGISTERED_WITHIN = 10.0


class Streaming(Generic[StreamT]):
    """Makes event streams of a front's class, which is loaded with the first one."""

    def _event_stream(self, *args: Any, **options: Any) -> StreamT:
        raise NotImplementedError


class ClientWebBase(HasHandlers, Streaming[StreamT], Generic[TokenT, StreamT, ObservationT, PortT]):
    """Methods of ``Pinecall``."""

    _opened_port: PortT | None = None

    def _open_port(self) -> PortT:
        raise NotImplementedError

    @property
    def _port(self) -> PortT:
        if self._opened_port is None:
            self._opened_port = self._open_port()
        return self._opened_port

    def _create_token(self, make: Callable[[], RestOp[Token]]) -> TokenT:
        """Run the request that ``make`` builds; its arguments are checked then."""
        raise NotImplementedError

    def create_token(
        self,
        channel: str,
        agent_id: str | Iterable[str],
        *,
        metadata: Mapping[str, Any] | None = None,
        scope: str | None = None,
        call_id: str | None = None,
    ) -> TokenT:
        """Create a short-lived token for one browser: ``"webrtc"``, ``"chat"`` or ``"stream"``
        (which may be for several agents).

        metadata: sealed into the token, becomes ``call.metadata``; 2 KB of JSON at most
        scope: ``observe``, ``participate`` or ``supervise``
        call_id: narrows ``observe`` and ``supervise`` to one call

        Waits up to 10 s for the registration of an agent of this client. Raises ConfigurationError,
        RegistrationError (AgentConflictError while another connection holds its name), NotConnected
        at once if the client is not connecting, and TokenError with its ``status``.
        (``GET /<channel>/token``)
        """
        return self._create_token(
            lambda: rest.tokens.create_token(
                channel, agent_id, metadata=metadata, scope=scope, call_id=call_id
            )
        )

    def _registrations(self, op: RestOp[Token]) -> list[AgentRegistration]:
        """The registrations of this client's agents that a token is for."""
        agents = engine_of(self).local_agents(rest.tokens.agents_of(op))
        return [agent._registration for agent in agents]

    def _observation(self, log: CallLog) -> ObservationT:
        raise NotImplementedError

    def observe(
        self,
        *,
        call: str | None = None,
        agent: str | None = None,
        after: int = 0,
        agents: str | Sequence[str] | None = None,
    ) -> ObservationT:
        """Follow the log of one call, or of the calls of one agent, from entry ``after`` on: an
        iterator that resumes by itself, repeats nothing and reports gaps. (``/v1/attach``)

        agents: with ``call``, the agents it may belong to; default: its agent if this client
            knows it, else any agent of this client
        """
        if call is not None and agents is None:
            agents = engine_of(self).agents_of_call(call)
        log = rest.call_log.CallLog(
            call=call, agent=agent, after=after, agents=agents, random=engine_of(self).random
        )
        return self._observation(log)

    def stream(self, *, agents: str | Iterable[str] | None = None) -> StreamT:
        """Return the events of all agents (later ones too), or of ``agents``, as an SSE response
        for a handler of the web framework.
        """
        return self._event_stream(engine_of(self).open_hub(), agents)

    def _close_streams(self) -> None:
        hub = engine_of(self).hub
        if hub is not None:
            hub.close()


class AgentWebBase(AgentBase, Streaming[StreamT], Generic[TokenT, StreamT]):
    """An agent with a front's tokens and event streams."""

    @property
    def _client(self) -> ClientWebBase[TokenT, Any, Any, Any]:
        client: ClientWebBase[TokenT, Any, Any, Any] = self._runtime.front.client
        return client

    def create_token(
        self,
        channel: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        scope: str | None = None,
        call_id: str | None = None,
    ) -> TokenT:
        """Create a token as the client's method does, for this agent."""

        def make() -> RestOp[Token]:
            self._require("create_token")
            return rest.tokens.create_token(
                channel, self.id, metadata=metadata, scope=scope, call_id=call_id
            )

        return self._client._create_token(make)

    def stream(self) -> StreamT:
        """Return this agent's events as an SSE response."""
        self._require("stream")
        return self._event_stream(engine_of(self).open_hub(), [self.id], of_agent=self.id)


class CallWebBase(CallBase, Streaming[StreamT]):
    """A call with a front's event streams."""

    def stream(self, *, greeting: str | None = None) -> StreamT:
        """Return this call as an SSE response, for a page that shows it alone. It ends with the
        call.

        Each event has the whole text, so that a page replaces the text it had under a
        ``messageId``: ``call.started`` ``{callId}`` · ``bot.word`` ``{text, messageId}``, the text
        so far · ``bot.confirmed``, ``user.speaking`` and ``user.message``, the same · ``tool.call``
        ``{name, args}`` · ``call.ended`` ``{reason, duration}`` in whole seconds. The earlier
        transcript comes first.

        greeting: shown as the first ``bot.confirmed``, with the ``messageId`` ``greeting``; default:
            the greeting given to ``dial``
        """
        return self._event_stream(engine_of(self).open_hub(), [], call=self, greeting=greeting)
