"""Messages that this client sends to agents as a requester (``llm.chat``).

The frames of an answer name the session but no message, so the messages of a session are sent one
after the other. An abandoned message keeps its place until its answer has come (and is discarded)
or a minute has passed: that answer must not be taken for the answer to the next message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ...errors import NotConnected, PinecallError, RequestRejected, RequestTimeout
from ...logs import Log
from ..config.checks import Place, filled, mapping, number
from ..kernel.outcome import Outcome
from ..kernel.runtime import Runtime
from ..kernel.seconds import check_unit
from ..wire import codec
from ..wire.limits import CHAT_ANSWER

if TYPE_CHECKING:
    from ...events import Event

__all__ = ["ChatReply", "Chats"]

log = Log("chats")

#: Seconds until the answer to an abandoned message is no longer expected.
REMEMBERED = 60.0


@frozen
class ChatReply:
    """An agent's answer to one message (wire: ``llm.chat.done``).

    text: the whole answer
    model: the model that gave it, if the server said so
    session_id: give it with the next message, to go on with the conversation
    tool_calls: the tools it used, ``[{"name", "arguments"}, …]``, ``arguments`` as JSON text; the
        agent's own process has run them
    """

    text: str
    model: str | None
    session_id: str
    tool_calls: list[dict[str, Any]] = field(factory=list)


class _Message:
    def __init__(self, number: int, agent_id: str, session_id: str, text: str) -> None:
        self.number = number
        self.agent_id = agent_id
        self.session_id = session_id
        #: The message's frame.
        self.text = text
        self.sent = False
        self.tokens: list[str] = []
        #: Characters of the answer's tokens and tool calls.
        self.size = 0
        self.tool_calls: list[dict[str, Any]] = []
        self.model: str | None = None
        self.outcome: Outcome[ChatReply] = Outcome(f"chat with {agent_id!r}")

    def grows(self, size: int) -> bool:
        """Whether the answer may grow by ``size`` characters."""
        self.size += size + 1
        return self.size <= CHAT_ANSWER

    def __str__(self) -> str:
        return f"chat {self.session_id} with agent {self.agent_id!r}"


class Chats:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        #: Session id → its messages; the first one is being answered.
        self._queues: dict[str, deque[_Message]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return how many answers a caller may still be waiting for."""
        return sum(not m.outcome.done for queue in self._queues.values() for m in queue)

    def ask(
        self,
        agent_id: str,
        text: str,
        *,
        session_id: str | None,
        metadata: Mapping[str, Any] | None,
        timeout: float,
    ) -> Outcome[ChatReply]:
        """Send one message; the outcome is its answer."""
        runtime = self._runtime
        place = Place(f"chat({agent_id!r:.80})")
        filled(place, "agent_id", agent_id)
        filled(place, "text", text)
        number(place, "timeout", timeout)
        check_unit("chat: timeout", timeout, agent_id=agent_id)
        runtime.require_up(f"chat with {agent_id}", agent_id)
        if session_id is None:
            session_id = "chat-" + runtime.letters(12)
        filled(place, "session_id", session_id)
        frame = {"event": "llm.chat", "agent_id": agent_id, "session_id": session_id, "text": text}
        if metadata is not None:
            frame["metadata"] = mapping(place, "metadata", metadata)  # type: ignore[assignment]
        self._count += 1
        message = _Message(self._count, agent_id, session_id, codec.encode(frame))
        if session_id not in self._queues:
            self._send(message)
            self._queues[session_id] = deque()
        self._queues[session_id].append(message)

        def expired(_late: float) -> None:
            waited = "no answer" if message.sent else "the one before it was not answered"
            if not message.sent and not message.outcome.waiters:
                log.warning("%s: a message was not sent: %s", message, waited)
            message.outcome.fail(
                RequestTimeout(
                    f"{message}: {waited} within {timeout:g} s (link: {runtime.state})",
                    agent_id=agent_id,
                )
            )
            self._give_up(message)

        runtime.timers.set(self._timer(message), timeout, expired)
        message.outcome.on_abandon = lambda: self._abandoned(message)
        return message.outcome

    # -- what the events say --------------------------------------------------------------------

    def current(self, session_id: str | None) -> _Message | None:
        """Return the message of that session that is being answered."""
        queue = self._queues.get(session_id) if session_id else None
        return queue[0] if queue else None

    def started(self, session_id: str | None, model: str | None) -> None:
        message = self.current(session_id)
        if message is not None:
            message.model = model

    def token(self, session_id: str | None, token: str | None, so_far: str | None) -> None:
        message = self.current(session_id)
        if message is not None and token is None:
            message.tokens = [so_far or ""]
        elif message is not None and message.grows(len(token or "")):
            message.tokens.append(token or "")

    def used(self, session_id: str | None, tool_calls: list[dict[str, Any]], size: int = 0) -> None:
        """Add tool calls to the answer; ``size``: the characters of their frame."""
        message = self.current(session_id)
        if message is not None and message.grows(size):
            message.tool_calls += tool_calls

    def done(self, session_id: str | None, text: str, model: str | None) -> None:
        message = self.current(session_id)
        if message is not None:
            reply = ChatReply(
                text=text or "".join(message.tokens),
                model=model or message.model,
                session_id=message.session_id,
                tool_calls=message.tool_calls,
            )
            message.outcome.set(reply)
            self._answered(message)

    def failed(self, event: Event, session_id: str | None, error: str) -> None:
        """Handle ``llm.chat.error``; an error without a message here is reported as well."""
        runtime = self._runtime
        message = self.current(session_id)
        text = runtime.clean(error)
        if message is None:
            if session_id:
                runtime.report(PinecallError(f"chat {session_id} failed: {text}", "CHAT_ERROR"))
            return
        if message.outcome.done:
            runtime.drop(event, f"nobody waits for the answer of {message}: {text}")
        message.outcome.fail(
            RequestRejected(f"{message} failed: {text}", agent_id=message.agent_id)
        )
        self._answered(message)

    def fail_all(self, why: str) -> None:
        """Fail all messages: the link is lost, so they will not be answered."""
        queues, self._queues = self._queues, {}
        for message in [m for queue in queues.values() for m in queue]:
            self._runtime.timers.clear(self._timer(message))
            message.outcome.fail(
                NotConnected(
                    f"{message}: the link was lost before the agent answered ({why})",
                    agent_id=message.agent_id,
                )
            )

    # -- the order of a session -----------------------------------------------------------------

    def _abandoned(self, message: _Message) -> None:
        message.outcome.fail(RequestTimeout(f"{message}: it was given up"))
        self._give_up(message)

    def _give_up(self, message: _Message) -> None:
        """Abandon a message: forget it if unsent; if sent, keep it until its answer comes."""
        timers = self._runtime.timers
        if message.sent:
            timers.set(self._timer(message), REMEMBERED, lambda _late: self._answered(message))
            return
        timers.clear(self._timer(message))
        self._queues[message.session_id].remove(message)

    def _answered(self, message: _Message) -> None:
        """Finish a message, so that the next one of its session is sent."""
        self._runtime.timers.clear(self._timer(message))
        queue = self._queues[message.session_id]
        queue.popleft()
        while queue:
            try:
                self._send(queue[0])
            except NotConnected as exc:  # the server has stopped reading
                self._runtime.timers.clear(self._timer(queue[0]))
                queue.popleft().outcome.fail(exc)
            else:
                return
        del self._queues[message.session_id]

    def _send(self, message: _Message) -> None:
        self._runtime.outbox.transmit(message.text, about=str(message))
        message.sent = True

    def _timer(self, message: _Message) -> tuple[str, int]:
        return ("chat", message.number)
