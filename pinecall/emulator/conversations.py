"""The methods that begin conversations, and those that wait for what clients do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from . import views
from .core import Server
from .core.kernel.names import normal_number
from .core.kernel.outbox import Frame
from .core.openers.outbound import Outcome
from .core.sessions.chat import ChatSession
from .core.sessions.whatsapp import WhatsAppSession
from .core.tokens import Claims, TokenRefused
from .core.voice.call import VoiceCall
from .errors import EmulatorError
from .lifecycle import EmulatorBase
from .runner import Runner

__all__ = ["Conversations"]

_D = TypeVar("_D")  # result of a method that finishes before it returns
_C = TypeVar("_C")  # a caller's end
_T = TypeVar("_T")  # a chat's
_W = TypeVar("_W")  # a WhatsApp session's
_F = TypeVar("_F")  # a frame
_A = TypeVar("_A")  # a held agent


class Conversations(EmulatorBase[_D], Generic[_D, _C, _T, _W, _F, _A]):
    """The emulator's methods that begin conversations and wait; a front supplies its own classes."""

    _caller_end: Callable[[Runner, VoiceCall], Any]
    _chat_end: Callable[[Runner, ChatSession], Any]
    _whatsapp_end: Callable[[Runner, WhatsAppSession], Any]

    def phone_call(
        self, to: str, from_: str | None = "+15551230000", transport: str = "phone",
        extension: str | None = None, metadata: dict[str, Any] | None = None,
        language: str | None = None, wait: float = 2.0,
    ) -> _C:  # fmt: skip
        """Ring a number; if it is not answered yet, keep trying for ``wait`` seconds.

        ``from_`` may also be what a carrier reports for a withheld number: ``"anonymous"``, ``""``, None.
        """
        future = self._attempt(
            lambda core: core.inbound.phone(
                to, from_, transport=transport, extension=extension, metadata=metadata,
                language=language,
            ),
            wait,
        )  # fmt: skip
        caller: _C = self._made(future, self._caller_end)
        return caller

    def webrtc_call(
        self, agent: str | None = None, metadata: dict[str, Any] | None = None, language: str | None = None,
        wait: float = 2.0, token: str | None = None,
    ) -> _C:  # fmt: skip
        """Call an agent from a browser; a token says which agent, and its metadata takes precedence."""
        if token is not None:
            claims = self._redeem(token, "webrtc")
            agent = claims.agents[0]
            metadata = {**(metadata or {}), **claims.metadata}
        if not agent:
            raise EmulatorError("webrtc_call() needs an agent or a token")
        name = agent
        future = self._attempt(
            lambda core: core.inbound.webrtc(name, metadata=metadata, language=language), wait
        )
        caller: _C = self._made(future, self._caller_end)
        return caller

    def chat(
        self, agent: str, metadata: dict[str, Any] | None = None, language: str | None = None,
        session_id: str | None = None, wait: float = 2.0,
    ) -> _T:  # fmt: skip
        """Open a chat with an agent, as a visitor."""

        def start(core: Server) -> ChatSession:
            chat = core.chats.open(
                core.registry.online(agent),
                metadata=metadata,
                language=language,
                session_id=session_id,
            )
            chat.start()
            return chat

        end: _T = self._made(self._attempt(start, wait), self._chat_end)
        return end

    def whatsapp(
        self, to: str, from_: str = "5491155551234", name: str = "Ana", wait: float = 2.0
    ) -> _W:
        """Open a contact's session with an agent, or with the channel of that phone-number id."""
        future = self._attempt(lambda core: core.whatsapps.open(to, from_, name), wait)
        end: _W = self._made(future, self._whatsapp_end)
        return end

    def on_dial(
        self, to: str, outcome: str = "answer", delay: float | None = None, times: int | None = None
    ) -> _D:
        """Set the outcome of dialling ``to`` (or ``"*"``, any number).

        ``outcome``: answer, busy, no-answer, failed, canceled, silent (it rings for ever), error.
        """
        self._act(lambda core: core.outbound.on_dial(to, Outcome(outcome, delay, times)))
        return self._done()

    def wait_dialled(self, to: str, timeout: float = 10.0) -> _C:
        """Wait for the next answered dial to ``to``; gives the callee's end, once each."""
        number, core = normal_number(to), self._runner.core
        future = self._runner.wait(
            lambda: core.outbound.take_answered(number),
            timeout,
            lambda: f"no answered dial to {number}",
        )
        caller: _C = self._made(future, self._caller_end)
        return caller

    def wait_frame(self, event: str, timeout: float = 10.0, count: int = 1, **fields: Any) -> _F:
        """Wait for the ``count``-th frame from a client with that event and those fields."""
        core = self._runner.core

        def find() -> Frame | None:
            matching = [
                f for f in core.frames
                if f["event"] == event and all(f.get(k) == v for k, v in fields.items())
            ]  # fmt: skip
            return matching[count - 1] if len(matching) >= count else None

        def seen() -> str:
            names = ", ".join(f["event"] for f in list(core.frames)[-10:]) or "nothing"
            return f"no {event} frame from a client; the last ones: {names}"

        frame: _F = self._later(self._runner.wait(find, timeout, seen))
        return frame

    def wait_agent(self, agent_id: str, timeout: float = 10.0) -> _A:
        """Wait until an agent is registered."""
        core = self._runner.core

        def find() -> views.HeldAgent | None:
            agent = core.registry.any_org(agent_id)
            held = views.agents(core).get(agent.id) if agent is not None else None
            return held if held is not None and held.registered else None

        missing = f"agent {agent_id!r} did not register"
        held: _A = self._later(self._runner.wait(find, timeout, lambda: missing))
        return held

    def _redeem(self, token: str, channel: str) -> Claims:
        try:
            return self._act(lambda core: core.tokens.redeem(token, channel))
        except TokenRefused as why:
            raise EmulatorError(f"the token is refused: {why}") from None

    def _made(self, future: Future[Any], end: Callable[[Runner, Any], Any]) -> Any:
        runner = self._runner
        return self._later(future, lambda session: end(runner, session))
