"""Opens chats, for visitors and for ``llm.chat``."""

from __future__ import annotations

from typing import Any

from ..kernel.outbox import Frame
from ..kernel.records import Agent, Connection
from ..kernel.refusals import Refused, text_of
from ..registry import Registry
from ..sessions.chat import ChatSession, Sink
from ..sessions.live import Sessions
from ..world import World

__all__ = ["Chats"]


class Chats:
    """Opens chats and carries out ``llm.chat``."""

    def __init__(self, world: World, sessions: Sessions, registry: Registry) -> None:
        self._world = world
        self._sessions = sessions
        self._registry = registry

    def open(
        self, agent: Agent, *, session_id: str | None = None, metadata: dict[str, Any] | None = None,
        language: str | None = None, sink: Sink | None = None,
    ) -> ChatSession:  # fmt: skip
        """Open a chat with an agent."""
        name = session_id or self._world.new_ids.tagged("chat-", self._sessions.live)
        channel = next((c for c in agent.channels if c.type == "chat"), None)
        chat = ChatSession(
            self._world, name, agent, metadata=metadata, language=language,
            channel_config=channel.config if channel else None,
        )  # fmt: skip
        chat.sink = sink
        self._sessions.add(chat)
        return chat

    def request(self, link: Connection, frame: Frame) -> None:
        """Carry out ``llm.chat``: one message of the session with that id, which it opens if need be."""
        agent_id, session_id = text_of(frame, "agent_id"), text_of(frame, "session_id")
        text = text_of(frame, "text")
        if not text.strip():
            raise Refused("BAD_REQUEST", "llm.chat: text must be a non-empty string")
        agent = self._registry.find(link.org, agent_id)
        if agent is None or agent.link is None:
            raise Refused("AGENT_OFFLINE", f"Agent '{agent_id}' is not online")
        chat = self._sessions.get(session_id)
        if chat is None:
            metadata = frame.get("metadata")
            chat = self.open(
                agent,
                session_id=session_id,
                metadata=metadata if isinstance(metadata, dict) else None,
            )
            chat.requester = link
            model = {"model": "emulator", "metadata": chat.metadata}
            self._world.send(
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
        """End the chats of a requester whose connection is gone."""
        for session in self._sessions.all():
            if isinstance(session, ChatSession) and session.requester is link:
                session.requester = None
                session.end("disconnected")
