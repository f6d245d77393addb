"""What the frames of a call say of it as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.traces.facts import End, Facts, Told, number

NUMBERS = {"from": "+34607827824", "to": "+13186330963"}


def told(*frames: tuple[str, dict[str, Any]]) -> Told:
    said = Told()
    for at, (name, frame) in enumerate(frames):
        said.take(name, frame, float(at))
    return said


def test_a_phone_call() -> None:
    """call.started says who called whom, and how."""
    frame = {**NUMBERS, "agent_id": "mara", "direction": "inbound", "transport": "phone"}
    assert told(("call.started", frame)).texts == frame


def test_an_outbound_call() -> None:
    """call.dialing is of an outbound phone call; what it does not say stays unknown."""
    said = told(("call.dialing", {"to": "+1", "from": 5}))
    assert said.texts == {"to": "+1", "direction": "outbound", "transport": "phone"}


def test_chat_and_whatsapp() -> None:
    """A chat comes from ``chat``, a WhatsApp session from its contact."""
    assert told(("llm.chat.started", {})).texts == {"from": "chat", "transport": "chat"}
    started = ("whatsapp.session_started", {"contact_phone": "5491155551234"})
    assert told(started).texts == {"from": "5491155551234", "transport": "whatsapp"}


@pytest.mark.parametrize(
    ("name", "frame", "reason", "duration"),
    [
        ("call.ended", {"reason": "hangup", "duration_seconds": 7.5}, "hangup", 7.5),
        ("call.ended", {"reason": 5, "duration_seconds": "x"}, "unknown", 0.0),
        ("call.ended", {}, "unknown", 0.0),
        ("llm.chat.ended", {"reason": "?"}, "chat_completed", 0.0),
        ("llm.chat.error", {}, "chat_error", 0.0),
        ("whatsapp.session_ended", {"reason": "idle_timeout", "duration": 3}, "idle_timeout", 3.0),
    ],
)
def test_ends(name: str, frame: dict[str, Any], reason: str, duration: float) -> None:
    """The end has its reason and the platform's figures, where it said them."""
    end = told(("ping", {}), (name, {**frame, "started_at": 10.0, "ended_at": True})).end
    assert end == End(at=1.0, reason=reason, started_at=10.0, duration=duration)


def test_a_call_that_a_line_handed_over() -> None:
    """A call that begins again after its end goes on."""
    said = told(("call.ended", {"reason": "routed"}), ("call.started", {"agent_id": "ventas"}))
    assert said.end is None
    assert said.texts == {"agent_id": "ventas"}


def test_numbers_and_defaults() -> None:
    """Only numbers are numbers; what is not known is empty."""
    assert [number(value) for value in (1, 2.5, True, "3", None)] == [1.0, 2.5, None, None, None]
    assert Facts(call_id="CA1") == Facts(call_id="CA1", agent_id="", began=0.0)
