"""Agents, calls and lines for asyncio: the core's, with what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from ._shared.prompt_file import PromptFile
from ._shared.traced import Traced
from .core.agents.agent import AgentBase
from .core.api.agents import AgentVerbs, HasCalls
from .core.api.calls import SpeechVerbs
from .core.api.lines import LineVerbs
from .core.api.listening import Listening
from .core.calls.call import CallBase
from .core.calls.whatsapp import WhatsAppSessionBase
from .core.lines.line import LineBase
from .core.lines.line_call import LineCallBase, RouteResult
from .core.lines.listener import Heard
from .waiting import Answer, Answers, EventIterator, Later, Playback, wait, wait_registered
from .web import AgentWeb, CallWeb

if TYPE_CHECKING:
    from .core.calls.speech import Speech
    from .core.kernel.outcome import Outcome

__all__ = ["Agent", "Call", "Line", "LineCall", "WhatsAppSession"]


_Events = EventIterator["Call", "Agent | Line"]
_LineEvents = EventIterator["LineCall", "Line"]


class Events(Listening["Call", "Agent", "LineCall", "Line", "WhatsAppSession", _Events]):
    """``on``, ``once``, ``off`` and ``events`` with this front's classes."""

    _make_events = EventIterator


class LineEvents(Listening["LineCall", "Line", "LineCall", "Line", "WhatsAppSession", _LineEvents]):
    """As :class:`Events`, for a line: its calls are line calls, and it stands for the agent."""

    _make_events = EventIterator


class _Requests(Answers, PromptFile[Answer[list[dict[str, Any]]], Answer[int]]):
    """The requests that the server answers."""


class Call(Traced, Events, CallWeb, _Requests, SpeechVerbs[Playback]):
    __doc__ = CallBase.__doc__

    if TYPE_CHECKING:
        agent: Agent

    async def wait_ended(self, timeout: float | None = None) -> str:
        """Wait until the call is over and return the reason (``call.ended``); at once if it is
        over. Raises RequestTimeout after ``timeout`` seconds.
        """
        return await wait(self._runtime, self._ending, timeout)

    def _play(self, speech: Speech) -> Playback:
        return Playback(self._runtime, speech)


class WhatsAppSession(_Requests, WhatsAppSessionBase):
    __doc__ = WhatsAppSessionBase.__doc__


class Agent(Events, AgentWeb, AgentVerbs["Call", Later["Call"]]):
    __doc__ = AgentBase.__doc__

    async def wait_ready(self, timeout: float = 10.0) -> None:
        """Wait until the server has acknowledged the registration.

        Raises RegistrationError if the server refuses it (also PhoneInUseError, when the agent has
        no other number); after ``timeout`` seconds AgentConflictError while another connection
        holds the name, else ``AGENT_NOT_REGISTERED``.
        """
        await wait_registered(self._registration, self._registration.usable, timeout)

    async def _set_up(self, place: Callable[[], Outcome[CallBase]]) -> Call:
        return cast("Call", await wait(self._runtime, place()))

    async def dial(
        self,
        to: str,
        *,
        from_: str | None = None,
        greeting: str | None = None,
        metadata: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        detect_turn_end: bool = False,
        timeout: float = 30.0,
    ) -> Call:
        """Ring a number; return the call once it is answered.

        to, from_: E.164 numbers or SIP URIs; without ``from_`` the agent's only phone channel rings
        greeting: spoken when the call is answered
        metadata: becomes ``call.metadata``
        config: the agent's options, for this call only
        detect_turn_end: let the other side speak first, and greet when it has finished
        timeout: seconds, including the wait for the agent's registration

        Raises ConfigurationError before anything is sent, NotConnected, RegistrationError if the
        agent is refused, and DialError with its ``reason``. (Wire: ``call.dial``.)
        """
        return await self._dial(to, from_, greeting, metadata, config, detect_turn_end, timeout)


class Line(LineEvents, HasCalls["LineCall"], LineBase):
    __doc__ = LineBase.__doc__

    async def wait_ready(self, timeout: float = 10.0) -> None:
        """Wait until the server has acknowledged the line; raises RegistrationError."""
        await wait_registered(self._registration, self._registration.usable, timeout)


class LineCall(LineVerbs[Playback, Answer[Heard], Answer[RouteResult]], Call):  # pyright: ignore[reportIncompatibleVariableOverride]
    __doc__ = LineCallBase.__doc__
