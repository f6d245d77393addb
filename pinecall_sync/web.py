"""Tokens, REST, and streams to browsers: methods of clients, agents and calls, blocking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pinecall.core import rest
from pinecall.core.api.web import (
    REGISTERED_WITHIN,
    AgentWebBase,
    CallWebBase,
    ClientWebBase,
    Streaming,
)

from .waiting import wait_registered

if TYPE_CHECKING:
    from pinecall._shared.settings import Settings
    from pinecall.core.rest.call_log import CallLog
    from pinecall.core.rest.op import RestOp
    from pinecall.core.rest.phones import Balance, OnlineAgent, Phone
    from pinecall.core.rest.tokens import Token
    from pinecall.core.rest.voices import Voice

    from ._threads.http import HttpPort
    from .audio import Audio
    from .call_log import Observation
    from .knowledge import Knowledge
    from .memory import Memory
    from .stream import EventStream

__all__ = ["AgentWeb", "CallWeb", "ClientWeb"]


class _Streaming(Streaming["EventStream"]):
    def _event_stream(self, *args: Any, **options: Any) -> EventStream:
        from .stream import EventStream

        return EventStream(*args, **options)


class ClientWeb(_Streaming, ClientWebBase["Token", "EventStream", "Observation", "HttpPort"]):
    """Methods of ``Pinecall``. The first request loads httpx and opens a connection."""

    _settings: Settings

    def _open_port(self) -> HttpPort:
        from ._threads.http import HttpPort

        return HttpPort(self._settings)

    def _create_token(self, make: Callable[[], RestOp[Token]]) -> Token:
        op = make()
        for registration in self._registrations(op):
            wait_registered(registration, registration.ready, REGISTERED_WITHIN)
        return self._port.run(op)

    def voices(self, *, provider: str | None = None, language: str | None = None) -> list[Voice]:
        """The voices of a provider, of ElevenLabs by default. Raises ApiError.
        (``GET /api/sdk/voices``)"""
        return self._port.run(rest.voices.voices(provider, language))

    def phones(self) -> list[Phone]:
        """Return the organisation's numbers. Raises ApiError. (``GET /api/sdk/phone-numbers``)"""
        return self._port.run(rest.phones.phones())

    def balance(self) -> Balance | None:
        """Return the balance of the organisation's Twilio account; None if it is not known.
        (``GET /api/sdk/twilio-balance``)"""
        return self._port.run(rest.phones.balance())

    def online_agents(self) -> list[OnlineAgent]:
        """Return the organisation's agents that are connected, from any process.
        (``GET /api/sdk/agents``)"""
        return self._port.run(rest.phones.online_agents())

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

    def _close_web(self) -> None:
        self._close_streams()
        if self._opened_port is not None:
            self._opened_port.close()


class AgentWeb(_Streaming, AgentWebBase["Token", "EventStream"]):
    """Methods of ``Agent``."""

    @property
    def memory(self) -> Memory:
        """What the agent remembers about its contacts. (``/api/memory``)"""
        from .memory import Memory

        return Memory(self._client._port, self.id)


class CallWeb(_Streaming, CallWebBase["EventStream"]):
    """Methods of ``Call``."""
