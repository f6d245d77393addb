"""What a trace says of its call as a whole: who, how, when and why it ended."""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

__all__ = ["End", "Facts", "Told"]


@frozen(kw_only=True)
class Facts:
    """What was known of the call when its trace began. ``began``: the time then, in epoch seconds
    by this machine. ``source`` is ``log`` for a trace made of the platform's call log."""

    call_id: str
    agent_id: str = ""
    from_: str = ""
    to: str = ""
    direction: str = ""
    transport: str = ""
    began: float = 0.0
    source: str = ""


@frozen(kw_only=True)
class End:
    """The end of the call, by the client. ``at``: seconds since the trace began; the other figures
    are the platform's, 0 where it did not say."""

    at: float
    reason: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    duration: float = 0.0


_TEXTS = {
    "call.started": ("from", "to", "direction", "transport"),
    "call.dialing": ("from", "to"),
    "whatsapp.session_started": ("contact_phone",),
}
#: Frames that end a call, and the reason of one that does not name any.
ENDS = {
    "call.ended": "unknown",
    "llm.chat.ended": "chat_completed",
    "llm.chat.error": "chat_error",
    "whatsapp.session_ended": "unknown",
}


@define(eq=False)
class Told:
    """What the frames of a call say of it."""

    texts: dict[str, str] = field(factory=dict)
    end: End | None = None

    def take(self, name: str, frame: dict[str, Any], at: float) -> None:
        for key in ("agent_id", *_TEXTS.get(name, ())):
            value = frame.get(key)
            if isinstance(value, str) and value:
                self.texts["from" if key == "contact_phone" else key] = value
        if name == "call.started":
            self.end = None  # handed over by a line, the call goes on
        elif name == "call.dialing":
            self.texts |= {"direction": "outbound", "transport": "phone"}
        elif name == "llm.chat.started":
            self.texts |= {"from": "chat", "transport": "chat"}
        elif name == "whatsapp.session_started":
            self.texts["transport"] = "whatsapp"
        elif name in ENDS:
            reason = (
                frame.get("reason") if name in ("call.ended", "whatsapp.session_ended") else None
            )
            self.end = End(
                at=at,
                reason=reason if isinstance(reason, str) and reason else ENDS[name],
                started_at=number(frame.get("started_at")) or 0.0,
                ended_at=number(frame.get("ended_at")) or 0.0,
                duration=number(frame.get("duration_seconds", frame.get("duration"))) or 0.0,
            )


def number(value: Any) -> float | None:
    """Return a number of a frame; None for anything else."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
