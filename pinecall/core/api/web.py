"""Streams to browsers and the call log: methods of clients, agents and calls, for a front's classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from ..agents.agent import AgentBase
from ..calls.call import CallBase
from ..kernel.has_handlers import HasHandlers
from .engine_of import engine_of

__all__ = ["AgentWebBase", "CallWebBase", "ClientWebBase", "Streaming"]

S = TypeVar("S")  # an event stream
O = TypeVar("O")  # an observation of a call log  # noqa: E741


class Streaming(Generic[S]):
    """What makes a front's event streams, which are loaded when the first is made."""

    def _event_stream(self, *args: Any, **options: Any) -> S:
        raise NotImplementedError


class ClientWebBase(HasHandlers, Streaming[S], Generic[S, O]):
    """Methods of ``Pinecall``."""

    def _observation(self, **wanted: Any) -> O:
        raise NotImplementedError

    def observe(
        self,
        *,
        call: str | None = None,
        agent: str | None = None,
        after: int = 0,
        agents: str | Sequence[str] | None = None,
    ) -> O:
        """Follow the log of one call, or of the calls of one agent, from entry ``after`` on: an
        iterator that resumes by itself, repeats nothing and announces gaps. (``/v1/attach``)

        agents: with ``call``, the agents it may belong to; default: its agent where this client
            knows it, else any agent of this client
        """
        if call is not None and agents is None:
            agents = engine_of(self).agents_of_call(call)
        return self._observation(call=call, agent=agent, after=after, agents=agents)

    def stream(self, *, agents: str | Iterable[str] | None = None) -> S:
        """The events of all agents (later ones too), or of ``agents``, as an SSE response: return
        it from a handler of your web framework."""
        return self._event_stream(engine_of(self).open_hub(), agents)


class AgentWebBase(AgentBase, Streaming[S]):
    """An agent with a front's event streams."""

    def stream(self) -> S:
        """This agent's events as an SSE response."""
        self.require("stream")
        return self._event_stream(engine_of(self).open_hub(), [self.id], of_agent=self.id)


class CallWebBase(CallBase, Streaming[S]):
    """A call with a front's event streams."""

    def stream(self, *, greeting: str | None = None) -> S:
        """This call as an SSE response, for a page that shows nothing else; it ends with the call.

        Each event has the whole text, so that a page replaces what it had under a
        ``messageId``: ``call.started`` ``{callId}`` · ``bot.word`` ``{text, messageId}``, the text
        so far · ``bot.confirmed``, ``user.speaking`` and ``user.message``, the same · ``tool.call``
        ``{name, args}`` · ``call.ended`` ``{reason, duration}`` in whole seconds. What was said
        before comes first.

        greeting: shown as the first ``bot.confirmed``, with the ``messageId`` ``greeting``; default:
            the greeting it was dialled with
        """
        return self._event_stream(engine_of(self).open_hub(), [], call=self, greeting=greeting)
