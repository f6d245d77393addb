"""A Pinecall server on this machine, for offline work, demos and tests (blocking front).

::

    with Emulator() as emu:
        pc = Pinecall(emu.api_key, url=emu.url)
        ...
        call = emu.phone_call(to="+13186330963", from_="+34607827824")
        call.say("hello")
        print(call.wait_reply(timeout=10.0))

Faults of a real network are available on demand: see ``Emulator.fail``, ``on_dial``, ``drop`` and
``freeze``.

``pinecall.emulator`` is the asyncio counterpart.
"""

from __future__ import annotations

from typing import Any

from pinecall.emulator.conversations import Conversations
from pinecall.emulator.core.sessions.session import Heard
from pinecall.emulator.errors import EmulatorError, Nobody
from pinecall.emulator.far_ends import CallerBase, ChatBase, WhatsAppBase
from pinecall.emulator.faults_api import FaultsApi
from pinecall.emulator.responders.external import OpenAIResponder
from pinecall.emulator.responders.types import Failure, ToolCall, ToolCalls, Turn
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


class CallerEnd(CallerBase[None, str]):
    __doc__ = CallerBase.__doc__


class ChatEnd(ChatBase[None, str]):
    __doc__ = ChatBase.__doc__


class WhatsAppEnd(WhatsAppBase[None, str]):
    __doc__ = WhatsAppBase.__doc__


class Emulator(
    FaultsApi[None],
    Conversations[None, CallerEnd, ChatEnd, WhatsAppEnd, dict[str, Any], HeldAgent],
):
    """A Pinecall server on this machine; use ``with``, or ``start()`` and ``stop()``."""

    _caller_end = CallerEnd
    _chat_end = ChatEnd
    _whatsapp_end = WhatsAppEnd

    def start(self) -> Emulator:
        """Start listening; returns when clients can connect."""
        self._start(None)
        return self

    def stop(self) -> None:
        """Close everything; safe to repeat."""
        self._stop()

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
