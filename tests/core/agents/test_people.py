"""People in the loop: pauses, messages of a person, callers that are routed."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import ConfigurationError

from ..harness import Wire


def test_pauses_outlive_the_link() -> None:
    """Pauses that were not resumed are sent again after a reconnect, once each."""
    wire = Wire()
    mara = wire.agent()
    for name in ("wa-1", "wa-2", "wa-2"):
        mara.pause(name)
    mara.resume("wa-1")
    wire.lost()
    mara.pause("wa-3")
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    paused = [f["session_id"] for f in wire.sent() if f["event"] == "session.pause"]
    assert paused == ["wa-2", "wa-3"]


def test_resume_without_scope_ends_all() -> None:
    """resume() without a scope leaves no pause to be repeated, also while down."""
    wire = Wire()
    mara = wire.agent()
    mara.pause("wa-1")
    wire.lost()
    mara.resume()
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    assert "session.pause" not in wire.sent_events()


def test_send_message() -> None:
    """send_message() writes as a person to a session or a contact."""
    wire = Wire()
    mara = wire.agent()
    mara.send_message("hi", session_id="wa-1", contact="549")
    assert wire.sent() == [
        {
            "event": "session.send",
            "agent_id": "mara",
            "session_id": "wa-1",
            "contact": "549",
            "text": "hi",
        }
    ]


def test_send_message_needs_a_scope() -> None:
    """send_message() without a scope, or without a text, is refused."""
    mara = Wire().agent()
    with pytest.raises(ConfigurationError, match="session_id= or contact="):
        mara.send_message("hi")
    with pytest.raises(ConfigurationError):
        mara.send_message(5, contact="1")  # type: ignore[arg-type]


def test_before_the_ack() -> None:
    """Pauses, callers and messages of an agent that is not registered yet go out with its ack."""
    wire = Wire().up()
    mara = wire.pc.agent("mara")
    wire.sent()
    mara.route_callers(["+34600123456"])
    for session_id in ("wa-1", "wa-2", "wa-2"):
        mara.pause(session_id)
    mara.resume("wa-1")
    mara.send_message("hi", contact="549")
    assert wire.sent() == []
    wire.server("agent.created", agent_id="mara")
    assert wire.sent_events() == ["dev.config", "session.pause", "session.send"]


@pytest.mark.parametrize(
    ("callers", "message"),
    [
        (["12"], "route_callers, agent mara: '12' is not"),
        (5, "a list of phone numbers, not int"),
    ],
)
def test_bad_callers(callers: Any, message: str) -> None:
    """Callers are phone numbers; otherwise nothing is sent or kept."""
    wire = Wire()
    mara = wire.agent()
    with pytest.raises(ConfigurationError, match=message):
        mara.route_callers(callers)
    assert wire.sent() == []
    assert mara._callers == ()


def test_scopes() -> None:
    """pause and resume send their scope, or none."""
    wire = Wire()
    mara = wire.agent()
    mara.pause()
    mara.pause("wa-1")
    mara.pause(contact="549")
    mara.resume("wa-1")
    mara.resume(contact="549")
    mara.resume()
    base = {"agent_id": "mara"}
    assert wire.sent() == [
        {"event": "session.pause", **base},
        {"event": "session.pause", **base, "session_id": "wa-1"},
        {"event": "session.pause", **base, "contact": "549"},
        {"event": "session.resume", **base, "session_id": "wa-1"},
        {"event": "session.resume", **base, "contact": "549"},
        {"event": "session.resume", **base},
    ]


def test_route_callers() -> None:
    """route_callers() sends the numbers in their normal form; one number may be given alone."""
    wire = Wire()
    mara = wire.agent()
    mara.route_callers("34 600-123-456")
    assert wire.sent() == [{"event": "dev.config", "callers": ["+34600123456"]}]
    wire.lost()
    mara.route_callers(["+34600123457"])
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    assert wire.sent()[-1] == {"event": "dev.config", "callers": ["+34600123457"]}
