"""The live sessions by id."""

from __future__ import annotations

from ..kernel.outbox import Frame
from ..kernel.records import Connection, Owner
from ..kernel.refusals import Refused, text_of
from .session import Session

__all__ = ["Sessions"]


class Sessions:
    """The calls, chats and WhatsApp sessions that are not over."""

    def __init__(self) -> None:
        self.live: dict[str, Session] = {}

    def add(self, session: Session) -> None:
        """Keep a session until it is over."""
        self.live[session.id] = session
        session.forget = lambda: self.live.pop(session.id, None)

    def get(self, session_id: str) -> Session | None:
        """Find a live session by id."""
        return self.live.get(session_id)

    def all(self) -> list[Session]:
        """List the live sessions, oldest first."""
        return list(self.live.values())

    def of(self, owner: Owner) -> list[Session]:
        """List an owner's live sessions."""
        return [session for session in self.live.values() if session.owner is owner]

    def commanded(self, link: Connection, frame: Frame, key: str = "call_id") -> Session:
        """Find the live session a command is about.

        Raises:
            Refused: the session is unknown, over, or another connection's.
        """
        session = self.live.get(text_of(frame, key))
        if session is None or session.owner.link is not link:
            raise Refused("CALL_NOT_FOUND", f"No live call '{frame[key]}'")
        return session

    def resumed(self, owner: Owner) -> None:
        """Announce an owner's calls to it again, and repeat its unanswered tool rounds."""
        for session in self.of(owner):
            session.resumed()

    def orphaned(self, owner: Owner) -> None:
        """End the sessions of an owner that did not come back."""
        for session in self.of(owner):
            session.end("connection_lost")
