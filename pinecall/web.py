"""Tokens, REST, and streams to browsers: methods of clients, agents and calls, for asyncio."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .core import rest
from .core.api.engine_of import engine_of
from .core.api.web import REGISTERED_WITHIN, AgentWebBase, CallWebBase, ClientWebBase, Streaming
from .waiting import Later, wait_registered

if TYPE_CHECKING:
    from ._asyncio.http import HttpPort
    from ._shared.settings import Settings
    from .audio import Audio
    from .call_log import Observation
    from .core.rest.call_log import CallLog
    from .core.rest.op import RestOp
    from .core.rest.phones import Balance, OnlineAgent, Phone
    from .core.rest.tokens import Token
    from .core.rest.voices import Voice
    from .knowledge import Knowledge
    from .memory import Memory
    from .stream import EventStream

__all__ = ["AgentWeb", "CallWeb", "ClientWeb"]


class _Streaming(Streaming["EventStream"]):
    def _event_stream(self, *args: Any, **options: Any) -> EventStream:
        from .stream import EventStream

        return EventStream(*args, **options)


class ClientWeb(
    _Streaming, ClientWebBase[Later["Token"], "EventStream", "Observation", "HttpPort"]
):
    """Methods of ``Pinecall``. The first request loads httpx and opens a connection."""

    _settings: Settings

    def _open_port(self) -> HttpPort:
        from ._asyncio.http import HttpPort

        return HttpPort(self._settings)

    async def _create_token(self, make: Callable[[], RestOp[Token]]) -> Token:
        op = make()
        for registration in self._registrations(op):
            await wait_registered(registration, registration.ready, REGISTERED_WITHIN)
        return await self._port.run(op)

    async def voices(
        self, *, provider: str | None = None, language: str | None = None
    ) -> list[Voice]:
        """The voices of a provider, of ElevenLabs by default. Raises ApiError.
        (``GET /api/sdk/voices``)"""
        return await self._port.run(rest.voices.voices(provider, language))

    async def phones(self) -> list[Phone]:
        """Return the organisation's numbers. Raises ApiError. (``GET /api/sdk/phone-numbers``)"""
        return await self._port.run(rest.phones.phones())

    async def balance(self) -> Balance | None:
        """Return the balance of the organisation's Twilio account; None if it is not known.
        (``GET /api/sdk/twilio-balance``)"""
        return await self._port.run(rest.phones.balance())

    async def online_agents(self) -> list[OnlineAgent]:
        """Return the organisation's agents that are connected, from any process.
        (``GET /api/sdk/agents``)"""
        return await self._port.run(rest.phones.online_agents())

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

    def _observation(self, log: CallLog) -> Observation:
        from .call_log import Observation

        return Observation(self._port, log)

    async def ws(
        self, socket: Any, *, agents: str | Iterable[str] | None = None, last_event_id: str = ""
    ) -> None:
        """Send the same events over a WebSocket that the web framework has accepted (Starlette,
        FastAPI, Litestar, Quart, aiohttp, or anything with ``send`` and ``receive``), until it is
        closed.

        Only the asyncio front has it: WSGI has no WebSockets, and a thread cannot wait for a message
        and for an event at once.
        """
        from ._asyncio.websocket_stream import serve_ws

        await serve_ws(engine_of(self).open_hub(), socket, agents, last_event_id=last_event_id)

    async def _close_web(self) -> None:
        self._close_streams()
        if self._opened_port is not None:
            await self._opened_port.aclose()


class AgentWeb(_Streaming, AgentWebBase[Later["Token"], "EventStream"]):
    """Methods of ``Agent``."""

    @property
    def memory(self) -> Memory:
        """What the agent remembers about its contacts. (``/api/memory``)"""
        from .memory import Memory

        return Memory(self._client._port, self.id)

    async def ws(self, socket: Any, *, session_id: str = "", last_event_id: str = "") -> None:
        """This agent's events, or one call's, over a WebSocket that your framework has accepted.
        Only the asyncio front has it, like the client's method."""
        self._require("ws")
        from ._asyncio.websocket_stream import serve_ws

        await serve_ws(
            engine_of(self).open_hub(),
            socket,
            [self.id],
            of_agent=self.id,
            session_id=session_id,
            last_event_id=last_event_id,
        )


class CallWeb(_Streaming, CallWebBase["EventStream"]):
    """Methods of ``Call``."""
