"""Opens WhatsApp sessions and carries out the takeover commands."""

from __future__ import annotations

from typing import Any

from ...errors import EmulatorError
from ..kernel.outbox import Frame
from ..kernel.records import Agent, Connection
from ..kernel.refusals import Refused
from ..registry import Registry
from ..sessions.live import Sessions
from ..sessions.whatsapp import WhatsAppSession
from ..world import World

__all__ = ["WhatsApps"]


class WhatsApps:
    """Opens sessions; pauses, resumes and writes in them for a human operator."""

    def __init__(self, world: World, sessions: Sessions, registry: Registry) -> None:
        self._world = world
        self._sessions = sessions
        self._registry = registry

    def open(self, to: str, contact: str, name: str) -> WhatsAppSession:
        """Open the contact's session with an agent (or the channel of that ref), or find the live one.

        Raises:
            EmulatorError: the agent is not online, or has no WhatsApp channel.
        """
        digits = contact.removeprefix("+")
        if not digits.isdigit():
            raise EmulatorError(
                f"{contact!r} is not a WhatsApp contact: digits, like 5491155551234"
            )
        registry = self._registry
        agent = (
            registry.dev_agent("+" + digits) or registry.whatsapp_owner(to) or registry.online(to)
        )
        if not any(channel.type == "whatsapp" for channel in agent.channels):
            raise EmulatorError(f"agent {agent.id!r} has no whatsapp channel", agent_id=agent.id)
        known = self._find(agent, contact=digits)
        if known:
            return known[0]
        return self._start(agent, digits, name)

    def pause(self, link: Connection, frame: Frame) -> None:
        """Carry out ``session.pause`` for a session, a contact, or the whole agent."""
        self._pausing(link, frame, True)

    def resume(self, link: Connection, frame: Frame) -> None:
        """Carry out ``session.resume``; without a scope it clears every level."""
        self._pausing(link, frame, False)

    def send(self, link: Connection, frame: Frame) -> None:
        """Carry out ``session.send``: an operator's message; opens a session for a contact without one."""
        agent = self._registry.held(link, frame)
        text = frame.get("text")
        session_id, contact = frame.get("session_id"), frame.get("contact")
        if not isinstance(text, str) or not text:
            raise Refused("BAD_REQUEST", "session.send: text must be a non-empty string")
        found = self._find(agent, session_id, None) if session_id else []
        if not found and isinstance(contact, str) and contact:
            digits = contact.removeprefix("+")
            found = self._find(agent, None, digits) or [self._start(agent, digits, "")]
        if not found:
            raise Refused(
                "SESSION_NOT_FOUND", f"session.send: no session {session_id!r} and no contact"
            )
        self._world.send(link, {
            "event": "session.sent", "agent_id": agent.address(self._world.settings.ids),
            "session_id": found[0].id,
        })  # fmt: skip
        found[0].send(text, source="human")

    def _pausing(self, link: Connection, frame: Frame, on: bool) -> None:
        agent = self._registry.held(link, frame)
        session_id, contact = frame.get("session_id"), frame.get("contact")
        scope: Frame = {}
        if isinstance(session_id, str):
            found = self._find(agent, session_id)
            if not found:
                raise Refused(
                    "SESSION_NOT_FOUND", f"no session '{session_id}' of agent '{agent.id}'"
                )
            found[0].paused = on
            scope = {"session_id": session_id}
        elif isinstance(contact, str):
            digits = contact.removeprefix("+")
            agent.paused_contacts.add(digits) if on else agent.paused_contacts.discard(digits)
            scope = {"contact": contact}
        else:
            agent.paused = on
            if not on:
                agent.paused_contacts.clear()
                for session in self._find(agent):
                    session.paused = False
        self._world.tell(agent, "session.paused" if on else "session.resumed", **scope)

    def _start(self, agent: Agent, contact: str, name: str) -> WhatsAppSession:
        session = WhatsAppSession(self._world, agent, contact, name)
        self._sessions.add(session)
        session.start()
        return session

    def _find(
        self, agent: Agent, session_id: Any = None, contact: str | None = None
    ) -> list[WhatsAppSession]:
        return [
            s for s in self._sessions.of(agent)
            if isinstance(s, WhatsAppSession)
            and (session_id is None or s.id == session_id) and (contact is None or s.contact == contact)
        ]  # fmt: skip
