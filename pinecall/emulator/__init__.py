"""A Pinecall server on this machine, for offline work, demos and tests (asyncio front).

::

    async with Emulator() as emu:
        pc = Pinecall(emu.api_key, url=emu.url)
        ...
        call = await emu.phone_call(to="+13186330963", from_="+34607827824")
        await call.say("hello")
        print(await call.wait_reply(timeout=10.0))

What goes wrong on a real network can be had on demand: see ``Emulator.fail``, ``on_dial``, ``drop``
and ``freeze``.

Everything but the ``wait_…`` methods has happened when the method returns; the ``await`` only gives the
result. ``pinecall_sync.emulator`` is the same, blocking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

try:
    from .base import EmulatorBase
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
        raise
    raise ModuleNotFoundError(
        f"the emulator needs {missing.name}, which comes with an extra: "
        'pip install "pinecall-sdk[emulator]"',
        name=missing.name,
    ) from None
from .core.caller import Saying
from .core.session import Heard
from .errors import EmulatorError, Nobody
from .farends import CallerBase, ChatBase, WhatsAppBase
from .models import OpenAIResponder
from .turn import Failure, ToolCall, ToolCalls, Turn
from .views import CallView, ChannelView, ConnectionView, HeldAgent, HeldLine

__all__ = [
    "CallView",
    "CallerEnd",
    "ChannelView",
    "ChatEnd",
    "ConnectionView",
    "Done",
    "Emulator",
    "EmulatorError",
    "Failure",
    "Heard",
    "HeldAgent",
    "HeldLine",
    "Nobody",
    "OpenAIResponder",
    "ToolCall",
    "ToolCalls",
    "Turn",
    "WhatsAppEnd",
]

_T = TypeVar("_T")
_R = TypeVar("_R")


class Done(Awaitable[_T]):
    """Something that has happened; awaiting it gives its value."""

    def __init__(self, value: _T) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, _T]:
        yield from ()
        return self._value


_DONE: Done[None] = Done(None)


class Waiting(Awaitable[_R], Generic[_T, _R]):
    """Something that is under way; awaiting it waits for its value."""

    def __init__(self, future: Future[_T], then: Callable[[_T], _R]) -> None:
        self._future = future
        self._then = then

    def __await__(self) -> Generator[Any, None, _R]:
        value = yield from asyncio.wrap_future(self._future).__await__()
        return self._then(value)


def _same(value: _T) -> _T:
    return value


class CallerEnd(CallerBase):
    """The caller's (or callee's) end of a voice call."""

    def say(self, text: str, interim: bool = True, *, end: bool = True) -> Done[None]:
        """Say something, once the agent has finished speaking; ``end=False`` leaves the turn open."""
        self._say(Saying(text, interim, end))
        return _DONE

    def interrupt(self, text: str) -> Done[None]:
        """Speak over the agent: now if it speaks or thinks, else over its next words.

        When it has nothing to say for 2 s (``interrupt_patience=``), it is said all the same.
        """
        self._say(Saying(text, cut=True))
        return _DONE

    def continue_(self, text: str) -> Done[None]:
        """Go on in the turn that had ended: the agent's answer to it is dropped (``turn.continued``)."""
        self._say(Saying(text, more=True))
        return _DONE

    def silence(self) -> Done[None]:
        """A pause in an open turn (``turn.pause``)."""
        self._silence()
        return _DONE

    def press(self, digits: str) -> Done[None]:
        """Press keys."""
        self._press(digits)
        return _DONE

    def hangup(self) -> Done[None]:
        """Hang up; nothing when the call is over."""
        self._hangup()
        return _DONE

    def wait_reply(self, timeout: float = 10.0) -> Awaitable[str]:
        """The agent's next reply, heard to its end; TimeoutError says what was heard."""
        return Waiting(self._wait_reply(timeout), _same)

    def wait_ended(self, timeout: float = 10.0) -> Awaitable[str]:
        """The reason, once the call is over."""
        return Waiting(self._wait_ended(timeout), _same)


class ChatEnd(ChatBase):
    """A visitor's end of a chat."""

    def say(self, text: str) -> Done[None]:
        """Write something."""
        self._say(text)
        return _DONE

    def close(self) -> Done[None]:
        """Leave."""
        self._close()
        return _DONE

    def wait_reply(self, timeout: float = 10.0) -> Awaitable[str]:
        """The agent's next answer; TimeoutError says what was seen."""
        return Waiting(self._wait_reply(timeout), _same)

    def wait_ended(self, timeout: float = 10.0) -> Awaitable[str]:
        """The reason, once the chat is over."""
        return Waiting(self._wait_ended(timeout), _same)


class WhatsAppEnd(WhatsAppBase):
    """A contact's end of a WhatsApp session."""

    def say(self, text: str, type: str = "text") -> Done[None]:
        """Write something; ``type="audio"`` is a voice note with this transcript."""
        self._say(text, type)
        return _DONE

    def expire(self, reason: str = "idle_timeout") -> Done[None]:
        """End the session as the platform does: ``idle_timeout`` or ``window_expired``."""
        self._end(reason)
        return _DONE

    def wait_reply(self, timeout: float = 10.0) -> Awaitable[str]:
        """The next message to the contact; TimeoutError says what was seen."""
        return Waiting(self._wait_reply(timeout), _same)

    def wait_ended(self, timeout: float = 10.0) -> Awaitable[str]:
        """The reason, once the session is over."""
        return Waiting(self._wait_ended(timeout), _same)


class Emulator(EmulatorBase):
    """A Pinecall server on this machine; ``async with``, or ``await start()`` and ``await stop()``."""

    async def start(self) -> Emulator:
        """Listen; returns when clients can connect."""
        home = asyncio.get_running_loop()
        await home.run_in_executor(None, self._start, home)
        return self

    async def stop(self) -> None:
        """Close everything; idempotent."""
        await asyncio.get_running_loop().run_in_executor(None, self._stop)

    async def __aenter__(self) -> Emulator:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def phone_call(
        self, to: str, from_: str = "+15551230000", transport: str = "phone",
        extension: str | None = None, metadata: dict[str, Any] | None = None,
        language: str | None = None, wait: float = 2.0,
    ) -> Awaitable[CallerEnd]:  # fmt: skip
        """Ring a number; when nobody answers it yet, for up to ``wait`` seconds."""
        known = {
            "transport": transport, "extension": extension, "metadata": metadata, "language": language,
        }  # fmt: skip
        return Waiting(self._phone_call(to, from_, wait, known), self._caller)

    def webrtc_call(
        self, agent: str | None = None, metadata: dict[str, Any] | None = None, language: str | None = None,
        wait: float = 2.0, token: str | None = None,
    ) -> Awaitable[CallerEnd]:  # fmt: skip
        """A browser calls an agent; a token says which one, and its metadata wins."""
        known = {"metadata": metadata, "language": language}
        return Waiting(self._webrtc_call(agent, token, wait, known), self._caller)

    def chat(
        self, agent: str, metadata: dict[str, Any] | None = None, language: str | None = None,
        session_id: str | None = None, wait: float = 2.0,
    ) -> Awaitable[ChatEnd]:  # fmt: skip
        """A visitor opens a chat with an agent."""
        known = {"metadata": metadata, "language": language, "session_id": session_id}
        return Waiting(self._chat(agent, wait, known), lambda s: ChatEnd(self._runner, s))

    def whatsapp(
        self, to: str, from_: str = "5491155551234", name: str = "Ana", wait: float = 2.0
    ) -> Awaitable[WhatsAppEnd]:
        """A contact's session with an agent, or with the channel of that phone-number id."""
        return Waiting(
            self._whatsapp(to, from_, name, wait),
            lambda s: WhatsAppEnd(self._runner, s),
        )

    def on_dial(
        self, to: str, outcome: str = "answer", delay: float | None = None, times: int | None = None
    ) -> Done[None]:
        """What dialling ``to`` (or ``"*"``) leads to.

        ``outcome``: answer, busy, no-answer, failed, canceled, silent (it rings for ever), error.
        """
        self._on_dial(to, outcome, delay, times)
        return _DONE

    def wait_dialled(self, to: str, timeout: float = 10.0) -> Awaitable[CallerEnd]:
        """The callee's end of the next answered dial to ``to``, once each."""
        return Waiting(self._wait_dialled(to, timeout), self._caller)

    def wait_frame(
        self, event: str, timeout: float = 10.0, count: int = 1, **fields: Any
    ) -> Awaitable[dict[str, Any]]:
        """The ``count``-th frame of that event, with those fields, that a client has sent."""
        return Waiting(self._wait_frame(event, timeout, count, fields), _same)

    def wait_agent(self, agent_id: str, timeout: float = 10.0) -> Awaitable[HeldAgent]:
        """An agent, once it is registered."""
        return Waiting(self._wait_agent(agent_id, timeout), _same)

    def send(self, frame: dict[str, Any], agent: str | None = None) -> Done[None]:
        """Send a frame to every client, or to the one that holds ``agent``."""
        self._send(frame, agent)
        return _DONE

    def send_raw(self, data: str | bytes, agent: str | None = None) -> Done[None]:
        """Send any text or bytes."""
        self._send_raw(data, agent)
        return _DONE

    def drop(self, code: int = 1006, reason: str = "", agent: str | None = None) -> Done[None]:
        """Close every connection, or one agent's; 1006 cuts it without a close frame."""
        self._drop(code, reason, agent)
        return _DONE

    def fail(
        self, event: str, how: str = "refuse", *, times: int = 1, code: Any = None,
        error: str | None = None, agent_id: str | None = None, delay: float | None = None,
        **fields: Any,
    ) -> Done[None]:  # fmt: skip
        """Let the next ``times`` commands or events of that name go wrong.

        ``event`` is a name on the wire: a command like ``agent.create``, ``channel.add``,
        ``call.dial``, ``history.get``, ``llm.tool_result``, or an event like ``call.started``,
        ``llm.tool_call``, ``bot.finished``; of one agent with ``agent_id``. ``how``:

        - ``refuse`` (commands): the no of its kind, with ``code`` and ``error``: an ``error``,
          ``line.error``, ``call.error``, ``reply.rejected``, ``call.route_failed``,
          ``llm.chat.error``, or an answer to ``history.…`` that holds an error. ``fields`` go into
          it, like ``retry_after_s=0.1``.
        - ``ignore``: it got lost. What waits for it times out.
        - ``repeat``: the event comes twice, or each answer to the command does.
        - ``delay``: by ``delay`` seconds.
        - ``reorder``: after the next of that name on its connection, or half a second later.
        - ``drop``: in its place the socket is cut, or closed with ``code`` and ``error``.

        ``fail("open", status=503)`` refuses the next handshake, ``fail("GET /chat/token",
        status=500)`` an HTTP request. What becomes of a dial is for ``on_dial`` to say, a whole
        server that says nothing is ``freeze``, a lost link ``drop``. Raises EmulatorError for what
        cannot happen.
        """
        self._fail(event, how, times, code, error, agent_id, delay, fields)
        return _DONE

    def drop_streams(self, code: int = 1006, reason: str = "") -> Done[None]:
        """Close every side socket (call log, event stream, browser chats); 1006 cuts."""
        self._drop_streams(code, reason)
        return _DONE

    def compact(self, call_id: str, before: int) -> Done[None]:
        """Forget a call log's entries up to a seq: readers behind it get ``log.gap``."""
        self._compact(call_id, before)
        return _DONE

    def clear_faults(self) -> Done[None]:
        """Nothing asked for with ``fail`` goes wrong any more."""
        self._clear_faults()
        return _DONE

    def freeze(self) -> Done[None]:
        """Accept, read nothing, say nothing: a half-open connection."""
        self._freeze(True)
        return _DONE

    def thaw(self) -> Done[None]:
        """Go on with what came meanwhile."""
        self._freeze(False)
        return _DONE

    def _caller(self, call: Any) -> CallerEnd:
        return CallerEnd(self._runner, call)
