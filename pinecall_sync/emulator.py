"""A Pinecall server on this machine, for offline work, demos and tests (blocking front).

::

    with Emulator() as emu:
        pc = Pinecall(emu.api_key, url=emu.url)
        ...
        call = emu.phone_call(to="+13186330963", from_="+34607827824")
        call.say("hello")
        print(call.wait_reply(timeout=10.0))

What goes wrong on a real network can be had on demand: see ``Emulator.fail``, ``on_dial``, ``drop``
and ``freeze``.

``pinecall.emulator`` is the same, awaited.
"""

from __future__ import annotations

from typing import Any

from pinecall.emulator.base import EmulatorBase
from pinecall.emulator.core.caller import Saying
from pinecall.emulator.core.session import Heard
from pinecall.emulator.errors import EmulatorError, Nobody
from pinecall.emulator.farends import CallerBase, ChatBase, WhatsAppBase
from pinecall.emulator.models import OpenAIResponder
from pinecall.emulator.turn import Failure, ToolCall, ToolCalls, Turn
from pinecall.emulator.views import CallView, ChannelView, ConnectionView, HeldAgent, HeldLine

__all__ = [
    "CallView",
    "CallerEnd",
    "ChannelView",
    "ChatEnd",
    "ConnectionView",
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


class CallerEnd(CallerBase):
    """The caller's (or callee's) end of a voice call."""

    def say(self, text: str, interim: bool = True, *, end: bool = True) -> None:
        """Say something, once the agent has finished speaking; ``end=False`` leaves the turn open."""
        self._say(Saying(text, interim, end))

    def interrupt(self, text: str) -> None:
        """Speak over the agent: now if it speaks or thinks, else over its next words.

        When it has nothing to say for 2 s (``interrupt_patience=``), it is said all the same.
        """
        self._say(Saying(text, cut=True))

    def continue_(self, text: str) -> None:
        """Go on in the turn that had ended: the agent's answer to it is dropped (``turn.continued``)."""
        self._say(Saying(text, more=True))

    def silence(self) -> None:
        """A pause in an open turn (``turn.pause``)."""
        self._silence()

    def press(self, digits: str) -> None:
        """Press keys."""
        self._press(digits)

    def hangup(self) -> None:
        """Hang up; nothing when the call is over."""
        self._hangup()

    def wait_reply(self, timeout: float = 10.0) -> str:
        """The agent's next reply, heard to its end; TimeoutError says what was heard."""
        return self._wait_reply(timeout).result()

    def wait_ended(self, timeout: float = 10.0) -> str:
        """The reason, once the call is over."""
        return self._wait_ended(timeout).result()


class ChatEnd(ChatBase):
    """A visitor's end of a chat."""

    def say(self, text: str) -> None:
        """Write something."""
        self._say(text)

    def close(self) -> None:
        """Leave."""
        self._close()

    def wait_reply(self, timeout: float = 10.0) -> str:
        """The agent's next answer; TimeoutError says what was seen."""
        return self._wait_reply(timeout).result()

    def wait_ended(self, timeout: float = 10.0) -> str:
        """The reason, once the chat is over."""
        return self._wait_ended(timeout).result()


class WhatsAppEnd(WhatsAppBase):
    """A contact's end of a WhatsApp session."""

    def say(self, text: str, type: str = "text") -> None:
        """Write something; ``type="audio"`` is a voice note with this transcript."""
        self._say(text, type)

    def expire(self, reason: str = "idle_timeout") -> None:
        """End the session as the platform does: ``idle_timeout`` or ``window_expired``."""
        self._end(reason)

    def wait_reply(self, timeout: float = 10.0) -> str:
        """The next message to the contact; TimeoutError says what was seen."""
        return self._wait_reply(timeout).result()

    def wait_ended(self, timeout: float = 10.0) -> str:
        """The reason, once the session is over."""
        return self._wait_ended(timeout).result()


class Emulator(EmulatorBase):
    """A Pinecall server on this machine; ``with``, or ``start()`` and ``stop()``."""

    def start(self) -> Emulator:
        """Listen; returns when clients can connect."""
        self._start(None)
        return self

    def stop(self) -> None:
        """Close everything; idempotent."""
        self._stop()

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def phone_call(
        self, to: str, from_: str = "+15551230000", transport: str = "phone",
        extension: str | None = None, metadata: dict[str, Any] | None = None,
        language: str | None = None, wait: float = 2.0,
    ) -> CallerEnd:  # fmt: skip
        """Ring a number; when nobody answers it yet, for up to ``wait`` seconds."""
        known = {
            "transport": transport, "extension": extension, "metadata": metadata, "language": language,
        }  # fmt: skip
        return self._caller(self._phone_call(to, from_, wait, known).result())

    def webrtc_call(
        self, agent: str | None = None, metadata: dict[str, Any] | None = None, language: str | None = None,
        wait: float = 2.0, token: str | None = None,
    ) -> CallerEnd:  # fmt: skip
        """A browser calls an agent; a token says which one, and its metadata wins."""
        known = {"metadata": metadata, "language": language}
        return self._caller(self._webrtc_call(agent, token, wait, known).result())

    def chat(
        self, agent: str, metadata: dict[str, Any] | None = None, language: str | None = None,
        session_id: str | None = None, wait: float = 2.0,
    ) -> ChatEnd:  # fmt: skip
        """A visitor opens a chat with an agent."""
        known = {"metadata": metadata, "language": language, "session_id": session_id}
        return ChatEnd(self._runner, self._chat(agent, wait, known).result())

    def whatsapp(
        self, to: str, from_: str = "5491155551234", name: str = "Ana", wait: float = 2.0
    ) -> WhatsAppEnd:
        """A contact's session with an agent, or with the channel of that phone-number id."""
        return WhatsAppEnd(self._runner, self._whatsapp(to, from_, name, wait).result())

    def on_dial(
        self, to: str, outcome: str = "answer", delay: float | None = None, times: int | None = None
    ) -> None:
        """What dialling ``to`` (or ``"*"``) leads to.

        ``outcome``: answer, busy, no-answer, failed, canceled, silent (it rings for ever), error.
        """
        self._on_dial(to, outcome, delay, times)

    def wait_dialled(self, to: str, timeout: float = 10.0) -> CallerEnd:
        """The callee's end of the next answered dial to ``to``, once each."""
        return self._caller(self._wait_dialled(to, timeout).result())

    def wait_frame(
        self, event: str, timeout: float = 10.0, count: int = 1, **fields: Any
    ) -> dict[str, Any]:
        """The ``count``-th frame of that event, with those fields, that a client has sent."""
        return self._wait_frame(event, timeout, count, fields).result()

    def wait_agent(self, agent_id: str, timeout: float = 10.0) -> HeldAgent:
        """An agent, once it is registered."""
        return self._wait_agent(agent_id, timeout).result()

    def send(self, frame: dict[str, Any], agent: str | None = None) -> None:
        """Send a frame to every client, or to the one that holds ``agent``."""
        self._send(frame, agent)

    def send_raw(self, data: str | bytes, agent: str | None = None) -> None:
        """Send any text or bytes."""
        self._send_raw(data, agent)

    def drop(self, code: int = 1006, reason: str = "", agent: str | None = None) -> None:
        """Close every connection, or one agent's; 1006 cuts it without a close frame."""
        self._drop(code, reason, agent)

    def fail(
        self, event: str, how: str = "refuse", *, times: int = 1, code: Any = None,
        error: str | None = None, agent_id: str | None = None, delay: float | None = None,
        **fields: Any,
    ) -> None:  # fmt: skip
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

    def drop_streams(self, code: int = 1006, reason: str = "") -> None:
        """Close every side socket (call log, event stream, browser chats); 1006 cuts."""
        self._drop_streams(code, reason)

    def compact(self, call_id: str, before: int) -> None:
        """Forget a call log's entries up to a seq: readers behind it get ``log.gap``."""
        self._compact(call_id, before)

    def clear_faults(self) -> None:
        """Nothing asked for with ``fail`` goes wrong any more."""
        self._clear_faults()

    def freeze(self) -> None:
        """Accept, read nothing, say nothing: a half-open connection."""
        self._freeze(True)

    def thaw(self) -> None:
        """Go on with what came meanwhile."""
        self._freeze(False)

    def _caller(self, call: Any) -> CallerEnd:
        return CallerEnd(self._runner, call)
