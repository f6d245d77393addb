"""People in the loop: pauses, messages of a person, callers that are routed."""

from __future__ import annotations

from ..harness import Wire


class TestPeopleInTheLoop:
    def test_pauses_outlive_the_link(self) -> None:
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

    def test_resume_without_scope_ends_all(self) -> None:
        """resume() without a scope leaves no pause to be repeated, also while down."""
        wire = Wire()
        mara = wire.agent()
        mara.pause("wa-1")
        wire.lost()
        mara.resume()
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert "session.pause" not in wire.sent_events()

    def test_send_message(self) -> None:
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
