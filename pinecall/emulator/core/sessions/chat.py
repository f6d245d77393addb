"""Chat sessions, as their owner, their requester and a visitor see them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ....errors import CallEnded
from ...errors import EmulatorError
from ...responders.types import as_text
from ..kernel.outbox import Frame
from ..kernel.records import Agent, Connection
from ..world import World
from .generation import Generation
from .prompt import filled, local_text
from .session import Heard, Session

__all__ = ["ChatSession", "Sink"]

Sink = Callable[[Frame], None]


class ChatSession(Session):
    """One chat; ``sink`` gets the visitor's frames (names without ``llm.``)."""

    channel = "chat"

    def __init__(self, world: World, session_id: str, agent: Agent, **known: Any) -> None:
        super().__init__(world, session_id, agent, **known)
        self.requester: Connection | None = None
        self.sink: Sink | None = None
        self._queue: deque[str] = deque()
        self._texts: dict[str, str] = {}
        self._said = ""
        self._waiting = False

    def start(self) -> None:
        """Send ``llm.chat.started``, and the greeting when the agent greets in chats."""
        language = {"language": self.language} if self.language else {}
        self.emit("llm.chat.started", metadata=self.metadata, **language)
        greeting = self.config("greeting")
        if greeting and self.config("greetingInChat") is True:
            text = filled(local_text(greeting, self.language), self.template_values())
            self._tell({"event": "chat.token", "token": text, "text": text})
            self._confirm("", text)
            self._tell({"event": "chat.done", "text": text})

    def say(self, text: str) -> None:
        """Take a visitor's message; it waits until the one before is answered.

        Raises:
            CallEnded: the chat is over.
            EmulatorError: the text is empty.
        """
        if self.ended:
            raise CallEnded(f"chat {self.id} is over ({self.reason})", call_id=self.id)
        if not text.strip():
            raise EmulatorError("say() needs a text", call_id=self.id)
        self.asked += 1
        self._queue.append(text)
        self._go_on()

    def end(self, reason: str) -> None:
        """End the chat with ``llm.chat.ended``."""
        if self.ended:
            return
        self.reason, self.ended_at = reason, self.world.now
        if self.generation is not None:
            self.generation.stop()
        self.emit(
            "llm.chat.ended", messages=list(self.messages), started_at=self.started_at,
            ended_at=self.ended_at, duration_seconds=round(self.ended_at - self.started_at, 3),
        )  # fmt: skip
        self.over(reason)

    # answers, of the server's model or of the owner

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """Begin an answer."""
        self._texts[message_id] = ""

    def answer_token(self, message_id: str, token: str) -> None:
        """Send a token of the answer to both sides."""
        if message_id in self._texts:
            self._texts[message_id] += token
            self.emit("llm.chat.chunk", message_id=message_id, token=token)
            self._tell({"event": "chat.token", "token": token, "text": self._texts[message_id]})

    def answer_ends(self, message_id: str) -> None:
        """Put the complete answer into the history."""
        text = self._texts.pop(message_id, "")
        if text:
            self._confirm(message_id, text)

    def generation_idle(self) -> None:
        """Send the requester ``llm.chat.done``, then take the next message."""
        self._done()
        self.turn_learned()
        self._go_on()

    def generation_failed(self, error: str) -> None:
        """Report the model's failure to both sides; the session goes on."""
        self.emit("llm.error", error=error)
        self._tell({"event": "chat.error", "error": error})
        self._said = ""
        self._waiting = False

    def owner_says(self, message_id: str, text: str, *, history: bool) -> None:
        """Take the owner's answer from ``bot.reply``."""
        self._tell({"event": "chat.token", "token": text, "text": text})
        self._confirm(message_id, text, history=history)
        self.owner_done(message_id)

    def owner_done(self, message_id: str) -> None:
        """Finish the owner's answer."""
        self.emit("bot.finished", message_id=message_id, duration_ms=0)
        if not self.has_model():
            self._done()
            self._go_on()

    def tools_shown(self, calls: list[Frame]) -> None:
        """Send the requester ``llm.chat.tool_call``."""
        shown = [{"name": c["name"], "arguments": c["arguments"]} for c in calls]
        self._tell({"event": "chat.tool_call", "tool_calls": shown})

    def tool_results_shown(self, results: list[Frame]) -> None:
        """Send the requester one ``llm.chat.tool_result`` per result."""
        super().tool_results_shown(results)
        for result in results:
            self._tell({"event": "chat.tool_result", "result": result.get("result")})

    def _go_on(self) -> None:
        if self._waiting or not self._queue or self.ended:
            return
        text = self._queue.popleft()
        self.begun += 1
        self._waiting = True
        self.messages.append({"role": "user", "content": text})
        self.listen(text)
        self.emit("chat.message", text=text, message_id="")
        if self.ended:
            return
        if self.has_model():
            generation = self.generation = Generation(self, text)
            generation.begin()

    def _confirm(self, message_id: str, text: str, *, history: bool = True) -> None:
        if history:
            self.messages.append({"role": "assistant", "content": text})
        self._said = text
        self.emit("chat.response", text=text)
        self.heard.append(Heard(message_id, text, False, self.begun))

    def _done(self) -> None:
        if self._waiting:
            self._waiting = False
            self._tell({"event": "chat.done", "text": self._said, "model": "emulator"})
        self._said = ""

    def _tell(self, frame: Frame) -> None:
        if self.sink is not None:
            self.sink(frame)
        if self.requester is not None:
            named = {**frame, "event": f"llm.{frame['event']}", "session_id": self.id}
            if "result" in frame:
                named["result"] = as_text(frame["result"])
            self.world.send(self.requester, named)
