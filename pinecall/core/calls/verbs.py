"""The verbs of a call, each of which sends a frame. The fronts add the verbs that wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ...events import HistoryData, HistoryUpdated, Turn
from ..config import methods, phone, wire_form
from ..kernel.handlers import answering
from ..kernel.outcome import Outcome
from ..model.call_state import CallState
from ..tools.rounds import HandRound, Ledger, ToolResult, checked_results, result_frame
from ..wire.names import verb_name
from .speech import ReplyStream, Speech, Speeches

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..config.option_types import ConfigFields
    from ..config.options import ConfigOptions

__all__ = ["CallVerbs", "answering"]

DTMF = frozenset("0123456789*#")

#: Verbs with which a program writes the server's history itself.
WRITES = frozenset({"history.add", "history.add_context", "history.clear", "history.set"})


class CallVerbs(CallState):
    """The verbs that only send: they queue a frame and return. All raise
    :class:`~pinecall.CallEnded` on a call that is over (except ``hangup``, which then does
    nothing). While the link is down, ``hangup``, ``forward`` and ``tool_result`` are sent later,
    once; the others raise :class:`~pinecall.NotConnected`.

    If the link is lost, what was sent may or may not have arrived. A tool result and ``hangup`` are
    then sent again, since the server takes them once; ``forward`` is not, and ``error`` fires
    (``NOT_CONFIRMED``)."""

    __slots__ = ("_made_ledger", "_made_speeches", "_streams")

    def __init__(self, *facts: Any, **more: Any) -> None:
        super().__init__(*facts, **more)
        self._made_ledger: Ledger | None = None
        self._made_speeches: Speeches | None = None
        #: Replies being written, by message id.
        self._streams: dict[str, ReplyStream] | None = None

    @property
    def _ledger(self) -> Ledger:
        """The call's tool calls."""
        if self._made_ledger is None:
            self._made_ledger = Ledger()
        return self._made_ledger

    @property
    def _speeches(self) -> Speeches:
        """The call's replies in flight."""
        if self._made_speeches is None:
            self._made_speeches = Speeches(self)
        return self._made_speeches

    # -- what happens to it ---------------------------------------------------------------------

    def _abort_streams(self, message_id: str | None = None) -> None:
        """Abort the reply being written with that id, or all of them."""
        for stream in list((self._streams or {}).values()):
            if not message_id or stream.message_id == message_id:
                stream.cut()

    def _speeches_settle(self, message_id: str | None, *, interrupted: bool) -> None:
        """Settle a reply: it was heard, or (``interrupted``) will not be."""
        if self._made_speeches is not None:
            self._made_speeches.settle(message_id, interrupted=interrupted)

    def _detach(self) -> None:
        super()._detach()
        self._settle()

    def _finish(self, reason: str) -> None:
        super()._finish(reason)
        self._settle()
        if self._made_ledger is not None:
            self._made_ledger.clear()

    def _settle(self) -> None:
        self._abort_streams()
        if self._made_speeches is not None:
            self._made_speeches.settle_all()

    def _history_written(self) -> None:
        """Note that the program writes the model's history itself: nothing is restored over it."""

    # -- speech ---------------------------------------------------------------------------------

    def _speak(
        self, text: str, in_reply_to: str, message_id: str | None, add_to_history: bool = False
    ) -> Speech:
        self._check("bot.reply", text=text, in_reply_to=in_reply_to, message_id=message_id or "")
        with self._runtime.guard:
            message_id = message_id or self._runtime.message_id()
            frame = {
                "event": "bot.reply",
                "call_id": self.id,
                "message_id": message_id,
                "text": text,
                "in_reply_to": in_reply_to,
            }
            if add_to_history:
                frame["add_to_history"] = True  # type: ignore[assignment]
            self._send_live(frame)
            speech = self._speeches.begin(message_id, len(text))
        self._runtime.wake()
        return speech

    def _answered_message(self) -> str:
        """Return the message that the running handler is for, else the caller's last."""
        current = answering.get()
        if current is not None and current[0] == self.id:
            return current[1]
        return self.last_message_id

    def reply_stream(
        self, turn: Turn | None = None, *, message_id: str | None = None
    ) -> ReplyStream:
        """Open a reply written token by token, to ``turn`` or else to the message being handled.

        ``with call.reply_stream(turn) as stream: stream.write("…")``. Wire: ``bot.reply.stream``.
        """
        if turn is not None and not isinstance(getattr(turn, "message_id", None), str):
            raise ConfigurationError(
                f"reply_stream(turn): the turn or message to answer, not {type(turn).__name__}",
                agent_id=self.agent.id,
                call_id=self.id,
            )
        self._check("reply_stream", message_id=message_id or "")
        with self._runtime.guard:
            self._require("reply_stream")
            answers = turn.message_id if turn is not None else self._answered_message()
            if self._streams is None:
                self._streams = {}
            message_id = message_id or self._runtime.message_id()
            stream = ReplyStream(self, message_id, answers, open_ones=self._streams)
            self._streams[message_id] = stream
        return stream

    def cancel(self, message_id: str | None = None) -> None:
        """Stop speaking ``message_id``, or the current reply. Wire: ``bot.cancel``."""
        self._check("cancel", message_id=message_id or "")
        self._send({"event": "bot.cancel", "call_id": self.id}, message_id=message_id)

    def clear(self) -> None:
        """Drop the audio that is queued but not yet heard. Wire: ``bot.clear``."""
        self._send({"event": "bot.clear", "call_id": self.id})

    # -- the line -------------------------------------------------------------------------------

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call; does nothing if it is over. Wire: ``call.hangup``."""
        self._check("hangup", reason=reason or "")
        with self._runtime.guard:
            if self._over:
                return
            frame = {"event": "call.hangup", "call_id": self.id}
            if reason is not None:
                frame["reason"] = reason
            self._send_durable(frame)
        self._runtime.wake()

    def forward(self, to: str, *, message: str = "", announce: bool = False) -> None:
        """Hand the caller over to another number; the call then leaves the platform.

        to: E.164 number or SIP URI
        message: spoken first
        Raises ConfigurationError for a bad number. Wire: ``call.forward`` → ``call.forwarded``.
        """
        to = phone.normalize(to, f"forward, {self._title}")
        self._check("forward", message=message)
        self._durable(
            {
                "event": "call.forward",
                "call_id": self.id,
                "to": to,
                "message": message,
                "announce": bool(announce),
            }
        )

    def send_dtmf(self, digits: str) -> None:
        """Play keys to the other side: 0-9, * and #. Wire: ``call.dtmf`` → ``call.dtmf_sent``."""
        self._check("send_dtmf", digits=digits)
        if not digits or not set(digits) <= DTMF:
            raise ConfigurationError(
                f"send_dtmf({digits!r}): digits are 0-9, * and #", call_id=self.id
            )
        self._send({"event": "call.dtmf", "call_id": self.id, "digits": digits})

    def hold(self) -> None:
        """Play hold music, mute the microphone and buffer what is said. Wire: ``call.hold``."""
        self._send({"event": "call.hold", "call_id": self.id})

    def unhold(self) -> None:
        """Take the caller off hold. Wire: ``call.unhold`` → ``call.unheld``."""
        self._send({"event": "call.unhold", "call_id": self.id})

    def mute(self) -> None:
        """Buffer the caller's speech instead of reporting it. Wire: ``call.mute``."""
        self._send({"event": "call.mute", "call_id": self.id})

    def unmute(self) -> None:
        """Hear the caller again; ``call.unmuted`` brings the buffer. Wire: ``call.unmute``."""
        self._send({"event": "call.unmute", "call_id": self.id})

    def configure(
        self,
        options: ConfigOptions | Mapping[str, Any] | None = None,
        /,
        **keywords: Unpack[ConfigFields],
    ) -> None:
        """Change this call's voice, language, prompt …, from the next utterance on.

        Options as for an agent. Raises ConfigurationError. Wire: ``session.configure``.
        """
        given = methods.session_options(options, keywords, agent_id=self.agent.id, call_id=self.id)
        encoded = wire_form.encode_session(given)
        self._send({"event": "session.configure", "session_id": self.id, **encoded})

    # -- the model ------------------------------------------------------------------------------

    def load_skill(self, skill: str) -> None:
        """Load a skill from the next generation on (``skill.loaded``). Wire: ``skill.load``."""
        self._check("load_skill", skill=skill)
        self._send({"event": "skill.load", "call_id": self.id, "skill": skill})

    def unload_skill(self, skill: str) -> None:
        """Unload a skill; ``skill.unloaded`` confirms. Wire: ``skill.unload``."""
        self._check("unload_skill", skill=skill)
        self._send({"event": "skill.unload", "call_id": self.id, "skill": skill})

    def tool_result(self, msg_id: str, results: Iterable[ToolResult | Mapping[str, Any]]) -> None:
        """Answer a round of ``llm.tool_call`` by hand: one result for each call of the round.

        Raises ConfigurationError for an invalid result. Wire: ``llm.tool_result``.
        """
        checked = checked_results(results)
        with self._runtime.guard:
            self._send_durable(result_frame(self.id, msg_id, checked))
            for round_ in self._ledger.of(msg_id):
                if isinstance(round_, HandRound):
                    round_.answered(checked)
        self._runtime.wake()

    # -- requests -------------------------------------------------------------------------------

    def _ask_history(self) -> Outcome[list[dict[str, Any]]]:
        return self._ask("history.get", "history.data", _messages, durable=False)

    def _ask_change(self, verb: str, **fields: Any) -> Outcome[int]:
        texts = {name: fields[name] for name in ("text", "prompt") if name in fields}
        self._check(verb, **texts)
        return self._ask(verb, "history.updated", _count, durable=True, **fields)

    def _ask(
        self,
        verb: str,
        reply: str,
        parse: Callable[[Any], Any],
        *,
        durable: bool,
        **fields: Any,
    ) -> Outcome[Any]:
        with self._runtime.guard:
            if verb in WRITES:
                self._history_written()
            outcome = self._runtime.requests.ask(
                self,
                verb,
                reply,
                parse,
                durable=durable,
                **fields,
            )
        self._runtime.wake()
        return outcome

    # -- sending --------------------------------------------------------------------------------

    def _check(self, verb: str, **texts: object) -> None:
        """Raise ConfigurationError, naming the argument, unless each of ``texts`` is a str."""
        for name, value in texts.items():
            if not isinstance(value, str):
                raise ConfigurationError(
                    f"{verb_name(verb)}: {name} is a str, not {type(value).__name__} (call {self.id} of "
                    f"agent {self.agent.id!r})",
                    agent_id=self.agent.id,
                    call_id=self.id,
                )

    def _send(self, frame: dict[str, Any], **optional: Any) -> None:
        frame.update({key: value for key, value in optional.items() if value is not None})
        with self._runtime.guard:
            self._send_live(frame)
        self._runtime.wake()

    def _durable(self, frame: dict[str, Any]) -> None:
        with self._runtime.guard:
            self._send_durable(frame)
        self._runtime.wake()


def history_messages(messages: object) -> list[dict[str, Any]]:
    """Return checked ``[{"role", "content"}, …]`` for ``history.add`` and ``history.set``."""
    if isinstance(messages, Mapping):
        messages = [messages]
    if isinstance(messages, str) or not isinstance(messages, Iterable):
        raise ConfigurationError(
            'messages are a list like [{"role": "user", "content": "…"}], '
            f"not {type(messages).__name__}"
        )
    checked = []
    for message in messages:
        if not isinstance(message, Mapping) or "role" not in message:
            raise ConfigurationError(
                f'a message is a dict with "role" and "content", not {message!r:.80}'
            )
        checked.append(dict(message))
    return checked


def prompt_vars(values: Mapping[str, Any]) -> dict[str, str]:
    """Return checked ``{{name}}`` values: the wire takes text, so numbers are converted."""
    if not isinstance(values, Mapping):
        raise ConfigurationError(
            f"prompt vars are a dict like {{'name': 'Ana'}}, not {type(values).__name__}"
        )
    return {str(key): "" if value is None else str(value) for key, value in values.items()}


def _messages(event: HistoryData) -> list[dict[str, Any]]:
    return event.messages


def _count(event: HistoryUpdated) -> int:
    return event.count or 0
