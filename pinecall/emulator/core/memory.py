"""What the server remembers of a contact: facts taken from what people say about themselves."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .outbox import Frame

if TYPE_CHECKING:
    from .server import Server
    from .session import Session

__all__ = ["Memory"]

_FACTS = (
    ("identity", re.compile(r"\bmy name is ([\w' -]+)", re.I), "Name is {}"),
    ("preference", re.compile(r"\bi (?:prefer|like|love) ([^.!?]+)", re.I), "Prefers {}"),
    ("fact", re.compile(r"\bremember that ([^.!?]+)", re.I), "{}"),
    ("fact", re.compile(r"\bi live in ([^.!?]+)", re.I), "Lives in {}"),
)
_MODEL = "emulator/patterns"


class Memory:
    """Facts by organisation, agent and contact; each change raises the contact's revision."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.contacts: dict[tuple[str, str, str], list[Frame]] = {}
        self.revisions: dict[tuple[str, str, str], int] = {}
        self._heard: dict[str, list[str]] = {}

    def contact(self, session: Session) -> str | None:
        """Who the session is with, when the agent's config asks for memory and the contact is known."""
        config = session.config("memory")
        if not config or (isinstance(config, dict) and config.get("enabled") is False):
            return None
        keys = config.get("contactKey", []) if isinstance(config, dict) else []
        for key in [keys] if isinstance(keys, str) else keys:
            if session.metadata.get(key):
                return str(session.metadata[key])
        return str(session.metadata.get("userId") or session.contact or "") or None

    def text(self, session: Session) -> str:
        """The facts as ``{{MEMORY}}`` gives them to the model."""
        contact = self.contact(session)
        facts = self.contacts.get(self._key(session, contact), []) if contact else []
        return "\n".join(f"- {fact['text']}" for fact in facts)

    def listen(self, session: Session, text: str) -> None:
        """The user said this."""
        if self.contact(session) is not None:
            self._heard.setdefault(session.id, []).append(text)

    def turn(self, session: Session) -> None:
        """A turn is over: ``memory.ops``, unless the agent consolidates at the end of calls."""
        config = session.config("memory")
        if isinstance(config, dict) and config.get("consolidate") == "call.ended":
            return
        self._consolidate(session, final=False)

    def over(self, session: Session) -> None:
        """The session is over: what is left is taken in."""
        self._consolidate(session, final=True)
        self._heard.pop(session.id, None)

    def _key(self, session: Session, contact: str) -> tuple[str, str, str]:
        return (session.owner.org, session.owner.name, contact)

    def _consolidate(self, session: Session, *, final: bool) -> None:
        contact = self.contact(session)
        heard = self._heard.pop(session.id, [])
        if contact is None or not heard:
            return
        key = self._key(session, contact)
        ops = [op for text in heard for op in self._extract(key, text)]
        if not ops:
            return
        self.revisions[key] = self.revisions.get(key, 0) + 1
        path = f"mem_{key[0]}_{key[1]}/{contact}.md"
        session.emit(
            "memory.ops", contact=contact, turn=session.turn, final=final, ops=ops,
            memory={"revision": self.revisions[key], "path": path}, model=_MODEL, latency_ms=0,
        )  # fmt: skip

    def _extract(self, key: tuple[str, str, str], text: str) -> list[Frame]:
        facts = self.contacts.setdefault(key, [])
        today = datetime.fromtimestamp(self._server.now, tz=timezone.utc).date().isoformat()
        ops: list[Any] = []
        for kind, pattern, form in _FACTS:
            for match in pattern.finditer(text):
                said = form.format(match[1].strip())
                if any(fact["text"] == said for fact in facts):
                    continue
                fact = {
                    "id": f"m_{self._server.new_ids.hex(6)}", "kind": kind, "text": said,
                    "confidence": 1, "valid_from": today,
                }  # fmt: skip
                facts.append(fact)
                ops.append({"op": "add", **fact})
        return ops
