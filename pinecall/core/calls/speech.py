"""The agent's speech: replies being played to the caller, and replies written token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from ...errors import ConfigurationError, RequestTimeout
from ..kernel.outcome import Outcome
from ..text.showing import shows

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ..model.call_state import CallState

__all__ = ["ReplyStream", "SayResult", "Speech", "Speeches"]

#: Seconds that a reply may take to be played, in addition to its own length.
PLAYBACK_GRACE = 60.0
#: Seconds allowed per character: a third of the usual speed of speech.
SECONDS_PER_CHARACTER = 0.2


@frozen
class SayResult:
    """How a reply was heard.

    interrupted: the caller cut it off (``bot.interrupted``), the server refused it
        (``reply.rejected``), or the call or the link ended before it was heard to its end
    """

    interrupted: bool


class Speech:
    """One reply in flight, identified by its message id."""

    __slots__ = ("message_id", "outcome")

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.outcome: Outcome[SayResult] = Outcome("playback")


class Speeches:
    """The replies in flight on one call, oldest first."""

    def __init__(self, call: CallState) -> None:
        self._call = call
        self._waiting: dict[str, Speech] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, message_id: str, length: int) -> Speech:
        speech = self._waiting[message_id] = Speech(message_id)
        timeout = PLAYBACK_GRACE + length * SECONDS_PER_CHARACTER
        call = self._call

        def give_up(_late: float) -> None:
            self._waiting.pop(message_id, None)
            speech.outcome.fail(
                RequestTimeout(
                    f"call {call.id}: the server did not say within {timeout:.0f} s whether "
                    f"{message_id} was heard",
                    agent_id=call.agent.id,
                    call_id=call.id,
                )
            )

        call._runtime.timers.set(("speech", call.id, message_id), timeout, give_up)
        return speech

    def settle(self, message_id: str | None, *, interrupted: bool) -> None:
        """Settle the reply ``message_id``; None: the only reply in flight, or the oldest."""
        if not message_id:
            message_id = next(iter(self._waiting), None)
        speech = self._waiting.pop(message_id, None) if message_id else None
        if speech is not None:
            self._call._runtime.timers.clear(("speech", self._call.id, message_id))
            speech.outcome.set(SayResult(interrupted))

    def settle_all(self) -> None:
        for message_id in list(self._waiting):
            self.settle(message_id, interrupted=True)


class ReplyStream:
    """A reply written as a model makes it (wire: ``bot.reply.stream``).

    Use it as a context manager: leaving it ends the reply, and an exception aborts it. The stream
    aborts by itself when the caller goes on talking (``turn.continued``) or barges in on it, when
    the server refuses it, and when the call or the link ends. ``write`` is then a no-op, so a loop
    only needs ``if stream.aborted: break``.
    """

    def __init__(
        self,
        call: CallState,
        message_id: str,
        in_reply_to: str,
        *,
        open_ones: dict[str, ReplyStream],
    ) -> None:
        """``open_ones``: the call's replies that are being written, by message id."""
        self._open = open_ones
        self.message_id = message_id
        self.aborted = False
        self.ended = False
        self._call = call
        self._in_reply_to = in_reply_to
        self._started = False

    def write(self, token: str) -> None:
        """Speak ``token`` next; does nothing once the stream has ended or was aborted."""
        if not isinstance(token, str):
            call = self._call
            raise ConfigurationError(
                f"write: token is a str, not {type(token).__name__} (call {call.id} of agent "
                f"{call.agent.id!r})",
                agent_id=call.agent.id,
                call_id=call.id,
            )
        with self._call._runtime.guard:
            if self.ended or self.aborted:
                return
            self._start()
            self._send("chunk", token=token)
        self._call._runtime.wake()

    def end(self) -> None:
        """Complete the reply; does nothing if it is complete or aborted."""
        with self._call._runtime.guard:
            if self.ended or self.aborted:
                return
            self._start()
            self._send("end")
            self.ended = True
            self._open.pop(self.message_id, None)
        self._call._runtime.wake()

    def abort(self) -> None:
        """Abandon the reply; what was written may already have been heard."""
        with self._call._runtime.guard:
            self.cut()
        self._call._runtime.wake()

    def cut(self) -> None:
        if self.ended or self.aborted:
            return
        self.aborted = True
        self._open.pop(self.message_id, None)
        if self._started and self._call._live:
            self._send("end")

    def _start(self) -> None:
        if not self._started:
            self._send("start", in_reply_to=self._in_reply_to)
            self._started = True

    def _send(self, action: str, **fields: Any) -> None:
        self._call._send_live(
            {
                "event": "bot.reply.stream",
                "call_id": self._call.id,
                "message_id": self.message_id,
                "action": action,
                **fields,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.end()
        else:
            self.abort()

    @shows
    def __repr__(self) -> str:
        state = "aborted" if self.aborted else "ended" if self.ended else "open"
        return f"<ReplyStream {self.message_id} on call {self._call.id}: {state}>"
