"""What a client does besides its socket: tokens, REST, and streams to browsers. Asyncio front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .core import rest
from .core.api.engine_of import engine_of
from .core.kernel.has_handlers import HasHandlers
from .waiting import wait_registered

if TYPE_CHECKING:
    from ._asyncio.http import HttpPort
    from ._shared.settings import Settings
    from .audio import Audio
    from .call_log import Observation
    from .client import Pinecall
    from .core.calls.call import CallBase
    from .core.rest.phones import Balance, OnlineAgent, Phone
    from .core.rest.tokens import Token
    from .core.rest.voices import Voice
    from .knowledge import Knowledge
    from .memory import Memory
    from .stream import EventStream

__all__ = ["AgentWeb", "CallWeb", "ClientWeb"]

#: Seconds that a token waits for the registration of its agent.
REGISTERED_WITHIN = 10.0


class ClientWeb(HasHandlers):
    """Of ``Pinecall``. httpx is loaded, and a connection opened, with the first request."""

    if TYPE_CHECKING:
        settings: Settings

    _opened_port: HttpPort | None = None

    @property
    def _port(self) -> HttpPort:
        if self._opened_port is None:
            from ._asyncio.http import HttpPort

            self._opened_port = HttpPort(self.settings)
        return self._opened_port

    async def create_token(
        self,
        channel: str,
        agent_id: str | Iterable[str],
        *,
        metadata: Mapping[str, Any] | None = None,
        scope: str | None = None,
        call_id: str | None = None,
    ) -> Token:
        """A short-lived token for one browser: ``"webrtc"``, ``"chat"`` or ``"stream"`` (which may
        be for several agents).

        metadata: sealed into the token, becomes ``call.metadata``; 2 KB of JSON at most
        scope: ``observe``, ``participate`` or ``supervise``
        call_id: narrows ``observe`` and ``supervise`` to one call

        Waits up to 10 s for the registration of an agent of this client. Raises ConfigurationError,
        RegistrationError (AgentConflictError while another connection holds its name), NotConnected
        at once where nothing is connecting, and TokenError with its ``status``.
        (``GET /<channel>/token``)
        """
        op = rest.tokens.create_token(
            channel, agent_id, metadata=metadata, scope=scope, call_id=call_id
        )
        for agent in engine_of(self).local_agents(rest.tokens.agents_of(op)):
            registration = agent.registration
            await wait_registered(registration, registration.ready, REGISTERED_WITHIN)
        return await self._port.run(op)

    async def voices(
        self, *, provider: str | None = None, language: str | None = None
    ) -> list[Voice]:
        """Voices to choose from; without a provider ElevenLabs'. Raises ApiError.
        (``GET /api/sdk/voices``)"""
        return await self._port.run(rest.voices.voices(provider, language))

    async def phones(self) -> list[Phone]:
        """The organisation's numbers. Raises ApiError. (``GET /api/sdk/phone-numbers``)"""
        return await self._port.run(rest.phones.phones())

    async def balance(self) -> Balance | None:
        """Of the organisation's Twilio account; None where the server does not know it.
        (``GET /api/sdk/twilio-balance``)"""
        return await self._port.run(rest.phones.balance())

    async def online_agents(self) -> list[OnlineAgent]:
        """The organisation's agents that are connected, from any process.
        (``GET /api/sdk/agents``)"""
        return await self._port.run(rest.phones.online_agents())

    def observe(
        self,
        *,
        call: str | None = None,
        agent: str | None = None,
        after: int = 0,
        agents: str | Sequence[str] | None = None,
    ) -> Observation:
        """The log of one call, or of the calls of one agent, from entry ``after`` on: an iterator
        that resumes by itself, repeats nothing and announces gaps. (``/v1/attach``)

        agents: with ``call``, whose call it is; default: as far as is known here, else any of ours
        """
        from .call_log import observe

        if call is not None and agents is None:
            agents = engine_of(self).agents_of_call(call)
        return observe(self._port, call=call, agent=agent, after=after, agents=agents)

    @property
    def audio(self) -> Audio:
        """Speech, transcription and live transcription without a call. (``/v1/audio/*``)"""
        from .audio import Audio

        return Audio(self._port)

    @property
    def knowledge(self) -> Knowledge:
        """Knowledge bases. (``/api/knowledge``)"""
        from .knowledge import Knowledge

        return Knowledge(self._port)

    def stream(self, *, agents: str | Iterable[str] | None = None) -> EventStream:
        """The events of all agents (later ones too), or of ``agents``, as an SSE response: return
        it from a handler of your web framework."""
        from .stream import EventStream

        return EventStream(engine_of(self).open_hub(), agents)

    async def ws(
        self, socket: Any, *, agents: str | Iterable[str] | None = None, last_event_id: str = ""
    ) -> None:
        """The same events over a WebSocket that your framework has accepted (Starlette, FastAPI,
        Litestar, Quart, aiohttp, or anything with ``send`` and ``receive``), until it is closed.

        Of this front alone: WSGI has no WebSockets, and a thread cannot wait for a message and for
        an event at once.
        """
        from ._asyncio.websocket_stream import serve_ws

        await serve_ws(engine_of(self).open_hub(), socket, agents, last_event_id=last_event_id)

    async def _close_web(self) -> None:
        hub = engine_of(self).hub
        if hub is not None:
            hub.close()
        if self._opened_port is not None:
            await self._opened_port.aclose()


class AgentWeb(HasHandlers):
    """Of ``Agent``."""

    if TYPE_CHECKING:
        id: str

        @property
        def client(self) -> Pinecall: ...
        def require(self, verb: str) -> None: ...

    async def create_token(
        self,
        channel: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        scope: str | None = None,
        call_id: str | None = None,
    ) -> Token:
        """As the client's, for this agent."""
        self.require("create_token")
        return await self.client.create_token(
            channel, self.id, metadata=metadata, scope=scope, call_id=call_id
        )

    @property
    def memory(self) -> Memory:
        """What is remembered of its contacts. (``/api/memory``)"""
        from .memory import Memory

        return Memory(self.client._port, self.id)

    def stream(self) -> EventStream:
        """This agent's events as an SSE response."""
        self.require("stream")
        from .stream import EventStream

        return EventStream(engine_of(self).open_hub(), [self.id], of_agent=self.id)

    async def ws(self, socket: Any, *, session_id: str = "", last_event_id: str = "") -> None:
        """This agent's events, or one call's, over a WebSocket that your framework has accepted.
        Of this front alone, as the client's."""
        self.require("ws")
        from ._asyncio.websocket_stream import serve_ws

        await serve_ws(
            engine_of(self).open_hub(),
            socket,
            [self.id],
            of_agent=self.id,
            session_id=session_id,
            last_event_id=last_event_id,
        )


class CallWeb(HasHandlers):
    """Of ``Call``."""

    def stream(self, *, greeting: str | None = None) -> EventStream:
        """This call as an SSE response, for a page that shows nothing else; it ends with the call.

        Its events have all of their text, so that a page replaces what it had under a
        ``messageId``: ``call.started`` ``{callId}`` · ``bot.word`` ``{text, messageId}``, the text
        so far · ``bot.confirmed``, ``user.speaking`` and ``user.message``, the same · ``tool.call``
        ``{name, args}`` · ``call.ended`` ``{reason, duration}`` in whole seconds. What was said
        before comes first.

        greeting: shown as the first ``bot.confirmed``, with the ``messageId`` ``greeting``; default:
            the one it was dialled with
        """
        from .stream import EventStream

        call = cast("CallBase", self)
        return EventStream(engine_of(self).open_hub(), [], call=call, greeting=greeting)
