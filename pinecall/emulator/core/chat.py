"""Chat sessions: the owner's side, the requester's side, and a visitor's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import CallEnded
from ..errors import EmulatorError
from .connections import Connection
from .generation import Generation
from .outbox import Frame
from .prompt import filled, local_text
from .records import Agent
from .refusals import Refused, text_of
from .session import Heard, Session

if TYPE_CHECKING:
    from .server import Server

__all__ = ["ChatSession", "Chats"]

Sink = Callable[[Frame], None]


class ChatSession(Session):
    """One chat; ``sink`` gets the visitor's frames (names without ``llm.``)."""

    channel = "chat"

    def __init__(self, server: Server, session_id: str, agent: Agent, **known: Any) -> None:
        super().__init__(server, session_id, agent, **known)
        self.requester: Connection | None = None
        self.sink: Sink | None = None
        self._queue: deque[str] = deque()
        self._texts: dict[str, str] = {}
        self._said = ""
        self._waiting = False

    def start(self) -> None:
        """``llm.chat.started``, and the greeting when the agent greets in chats."""
        language = {"language": self.language} if self.language else {}
        self.emit("llm.chat.started", metadata=self.metadata, **language)
        greeting = self.config("greeting")
        if greeting and self.config("greetingInChat") is True:
            text = filled(local_text(greeting, self.language), self.template_values())
            self._tell({"event": "chat.token", "token": text, "text": text})
            self._confirm("", text)
            self._tell({"event": "chat.done", "text": text})

    def say(self, text: str) -> None:
        """A visitor's message; taken when the one before is answered.

        Raises:
            CallEnded: the chat is over.
            EmulatorError: no text.
        """
        if self.ended:
            raise CallEnded(f"chat {self.id} is over ({self.reason})", call_id=self.id)
        if not text.strip():
            raise EmulatorError("say() needs a text", call_id=self.id)
        self.asked += 1
        self._queue.append(text)
        self._go_on()

    def end(self, reason: str) -> None:
        """``llm.chat.ended``."""
        if self.ended:
            return
        self.reason, self.ended_at = reason, self.server.now
        if self.generation is not None:
            self.generation.stop()
        self.emit(
            "llm.chat.ended", messages=list(self.messages), started_at=self.started_at,
            ended_at=self.ended_at, duration_seconds=round(self.ended_at - self.started_at, 3),
        )  # fmt: skip
        self.server.session_over(self)

    # answers, of the server's model or of the owner

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """An answer starts."""
        self._texts[message_id] = ""

    def answer_token(self, message_id: str, token: str) -> None:
        """More of it, to both sides."""
        if message_id in self._texts:
            self._texts[message_id] += token
            self.emit("llm.chat.chunk", message_id=message_id, token=token)
            self._tell({"event": "chat.token", "token": token, "text": self._texts[message_id]})

    def answer_ends(self, message_id: str) -> None:
        """It enters the history."""
        text = self._texts.pop(message_id, "")
        if text:
            self._confirm(message_id, text)

    def generation_idle(self) -> None:
        """The requester's ``llm.chat.done``, then the next message."""
        self._done()
        self.server.memory.turn(self)
        self._go_on()

    def generation_failed(self, error: str) -> None:
        """The model failed: both sides are told, the session lives on."""
        self.emit("llm.error", error=error)
        self._tell({"event": "chat.error", "error": error})
        self._said = ""
        self._waiting = False

    def owner_says(self, message_id: str, text: str, *, history: bool) -> None:
        """The owner answers by ``bot.reply``."""
        self._tell({"event": "chat.token", "token": text, "text": text})
        self._confirm(message_id, text, history=history)
        self.owner_done(message_id)

    def owner_done(self, message_id: str) -> None:
        """The owner's answer is complete."""
        self.emit("bot.finished", message_id=message_id, duration_ms=0)
        if not self.has_model():
            self._done()
            self._go_on()

    def tools_shown(self, calls: list[Frame]) -> None:
        """``llm.chat.tool_call`` for the requester."""
        shown = [{"name": c["name"], "arguments": c["arguments"]} for c in calls]
        self._tell({"event": "chat.tool_call", "tool_calls": shown})

    def tool_results_shown(self, results: list[Frame]) -> None:
        """``llm.chat.tool_result`` for the requester, one each."""
        self.server.log.tool_results(self, results)
        for result in results:
            self._tell({"event": "chat.tool_result", "result": result.get("result")})

    def _go_on(self) -> None:
        if self._waiting or not self._queue or self.ended:
            return
        text = self._queue.popleft()
        self.begun += 1
        self._waiting = True
        self.messages.append({"role": "user", "content": text})
        self.server.memory.listen(self, text)
        self.emit("chat.message", text=text, message_id="")
        if self.ended:
            return
        if self.has_model():
            self.generation = Generation(self, text)
            self.generation.begin()

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
                named["result"] = self.server.text_form(frame["result"])
            self.server.send(self.requester, named)


class Chats:
    """Opens chats, for visitors and for ``llm.chat``."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def open(
        self, agent: Agent, *, session_id: str | None = None, metadata: dict[str, Any] | None = None,
        language: str | None = None, sink: Sink | None = None,
    ) -> ChatSession:  # fmt: skip
        """A new chat with an agent."""
        server = self._server
        name = session_id or server.new_ids.tagged("chat-", server.sessions)
        channel = next((c for c in agent.channels if c.type == "chat"), None)
        chat = ChatSession(
            server, name, agent, metadata=metadata, language=language,
            channel_config=channel.config if channel else None,
        )  # fmt: skip
        chat.sink = sink
        server.sessions[name] = chat
        return chat

    def request(self, link: Connection, frame: Frame) -> None:
        """``llm.chat``: one message of a session that lives as long as its id is used."""
        agent_id, session_id = text_of(frame, "agent_id"), text_of(frame, "session_id")
        text = text_of(frame, "text")
        if not text.strip():
            raise Refused("BAD_REQUEST", "llm.chat: text must be a non-empty text")
        agent = self._server.registry.find(link.org, agent_id)
        if agent is None or agent.link is None:
            raise Refused("AGENT_OFFLINE", f"Agent '{agent_id}' is not online")
        chat = self._server.sessions.get(session_id)
        if chat is None:
            metadata = frame.get("metadata")
            chat = self.open(
                agent,
                session_id=session_id,
                metadata=metadata if isinstance(metadata, dict) else None,
            )
            chat.requester = link
            model = {"model": "emulator", "metadata": chat.metadata}
            self._server.send(
                link,
                {
                    "event": "llm.chat.started",
                    "session_id": session_id,
                    "agent_id": agent_id,
                    **model,
                },
            )
            chat.start()
        elif (
            not isinstance(chat, ChatSession)
            or chat.owner is not agent
            or chat.requester is not link
        ):
            raise Refused("SESSION_IN_USE", f"Session '{session_id}' is not this connection's chat")
        chat.say(text)

    def requester_gone(self, link: Connection) -> None:
        """A requester's chats are over with its connection."""
        for session in list(self._server.sessions.values()):
            if isinstance(session, ChatSession) and session.requester is link:
                session.requester = None
                session.end("disconnected")
