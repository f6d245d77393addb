"""The server's memory of contacts: facts taken from what people say about themselves."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from ..kernel.names import Ids
from ..kernel.outbox import Frame

__all__ = ["Key", "Memory", "contact_of"]

Key = tuple[str, str, str]  # organisation, agent, contact

_FACTS = (
    ("identity", re.compile(r"\bmy name is ([\w' -]+)", re.I), "Name is {}"),
    ("preference", re.compile(r"\bi (?:prefer|like|love) ([^.!?]+)", re.I), "Prefers {}"),
    ("fact", re.compile(r"\bremember that ([^.!?]+)", re.I), "{}"),
    ("fact", re.compile(r"\bi live in ([^.!?]+)", re.I), "Lives in {}"),
)
_MODEL = "emulator/patterns"


def contact_of(config: Any, metadata: dict[str, Any], contact: str) -> str | None:
    """Identify the contact to remember; None without a ``memory`` config or a known contact."""
    if not config or (isinstance(config, dict) and config.get("enabled") is False):
        return None
    keys = config.get("contactKey", []) if isinstance(config, dict) else []
    for key in [keys] if isinstance(keys, str) else keys:
        if metadata.get(key):
            return str(metadata[key])
    return str(metadata.get("userId") or contact or "") or None


class Memory:
    """Facts by organisation, agent and contact; each change raises the contact's revision."""

    def __init__(self, ids: Ids) -> None:
        self.contacts: dict[Key, list[Frame]] = {}
        self.revisions: dict[Key, int] = {}
        self._ids = ids

    def text(self, key: Key) -> str:
        """Format the facts for ``{{MEMORY}}``."""
        return "\n".join(f"- {fact['text']}" for fact in self.contacts.get(key, []))

    def learn(self, key: Key, heard: list[str], now: float) -> Frame | None:
        """Take in what was said; returns the fields of ``memory.ops``, None when nothing is new."""
        ops = [op for text in heard for op in self._extract(key, text, now)]
        if not ops:
            return None
        self.revisions[key] = self.revisions.get(key, 0) + 1
        path = f"mem_{key[0]}_{key[1]}/{key[2]}.md"
        return {
            "contact": key[2], "ops": ops, "memory": {"revision": self.revisions[key], "path": path},
            "model": _MODEL, "latency_ms": 0,
        }  # fmt: skip

    def _extract(self, key: Key, text: str, now: float) -> list[Frame]:
        facts = self.contacts.setdefault(key, [])
        today = datetime.fromtimestamp(now, tz=timezone.utc).date().isoformat()
        ops: list[Any] = []
        for kind, pattern, form in _FACTS:
            for match in pattern.finditer(text):
                said = form.format(match[1].strip())
                if any(fact["text"] == said for fact in facts):
                    continue
                fact = {
                    "id": f"m_{self._ids.hex(6)}", "kind": kind, "text": said,
                    "confidence": 1, "valid_from": today,
                }  # fmt: skip
                facts.append(fact)
                ops.append({"op": "add", **fact})
        return ops
