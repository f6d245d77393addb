"""WhatsApp sessions: calls without a voice."""

from __future__ import annotations

import pytest

from ..contact import IDS, started, support
from ..harness import Wire


def test_started() -> None:
    """A session makes one call and one session object, and fires one event for each."""
    wire = Wire()
    told = wire.listen("whatsapp.started", "whatsapp.session_started", "call.started")
    call = started(wire)
    started(wire)
    assert [name for name, *_ in told] == ["whatsapp.started", "whatsapp.session_started"]
    session = told[1][1]
    assert told[0][1] is session._call is call
    assert (call.from_, call.to, call.transport) == ("5491155551234", "support", "whatsapp")
    assert (session.id, session.contact_phone, session.contact_name) == (
        "wa-1",
        "5491155551234",
        "Ana",
    )
    assert repr(session) == "<WhatsAppSessionBase wa-1 with 5491155551234>"


def test_message() -> None:
    """A message is remembered and fires with its agent."""
    wire = Wire()
    call = started(wire)
    told = wire.listen("whatsapp.message", on=call.agent)
    wire.server("whatsapp.message", **IDS, from_="549", text="hi", message_id="wamid.1")
    wire.server("whatsapp.message", **IDS, from_="549", type="image", message_id="wamid.2")
    assert told[0][1].text == "hi"
    assert told[0][1].from_ == "549"
    assert told[0][2] is call.agent
    assert call.transcript == [{"role": "user", "content": "hi"}]


def test_session_begun_before_us() -> None:
    """A message of an unknown session begins it here."""
    wire = Wire()
    support(wire)
    told = wire.listen("whatsapp.started", "whatsapp.session_started", "whatsapp.message")
    wire.server("whatsapp.message", **IDS, from_="549", name="Ana", text="hi")
    assert [name for name, *_ in told] == [
        "whatsapp.started",
        "whatsapp.session_started",
        "whatsapp.message",
    ]
    assert told[1][1].contact_name == "Ana"


@pytest.mark.parametrize("event", ["whatsapp.message", "whatsapp.session_started"])
def test_begun_by_a_tool_call(event: str) -> None:
    """A tool call of an unknown session begins it; the contact is known with a later event."""
    wire = Wire()
    support(wire)
    told = wire.listen("whatsapp.started", "whatsapp.session_started")
    wire.server(
        "llm.tool_call", agent_id="support", call_id="wa-1", tool_calls=[{"id": "1", "name": "x"}]
    )
    call = wire.engine.registry.calls["wa-1"]
    session = told[1][1]
    assert (told[0][1], session._call, session.contact_phone) == (call, call, "")
    wire.server(event, **IDS, from_="549", contact_phone="549", text="hi")
    assert (call.from_, session.contact_phone) == ("549", "549")
    wire.server(event, **IDS, from_="550", contact_phone="550")
    assert call.from_ == "549"
    assert len(told) == 2


def test_a_tool_call_after_the_end() -> None:
    """A tool call of a session that is over begins none."""
    wire = Wire()
    started(wire)
    wire.server("whatsapp.session_ended", **IDS)
    wire.server("llm.tool_call", agent_id="support", call_id="wa-1", tool_calls=[{"id": "1"}])
    assert wire.engine.registry.calls == {}
    assert wire.sent() == []


def test_message_of_nobody() -> None:
    """A message without a session, or of an unknown agent, begins none."""
    wire = Wire()
    support(wire)
    told = wire.listen("whatsapp.message")
    wire.server("whatsapp.message", agent_id="support", text="hi")
    wire.server("whatsapp.message", agent_id="nobody", session_id="wa-7", text="hi")
    assert len(told) == 1
    assert wire.engine.registry.calls == {}


def test_response() -> None:
    """A response is remembered, with its source where it has one."""
    wire = Wire()
    call = started(wire)
    told = wire.listen("whatsapp.response")
    wire.server("whatsapp.response", **IDS, text="hello")
    wire.server("whatsapp.response", **IDS, text="a human here", source="human")
    wire.server("whatsapp.response", **IDS)
    assert len(told) == 3
    assert call.messages == [
        {"role": "assistant", "content": "hello"},
        {"role": "assistant", "content": "a human here", "source": "human"},
    ]


def test_status() -> None:
    """A delivery status reaches its agent."""
    wire = Wire()
    mara = support(wire)
    told = wire.listen("whatsapp.status")
    wire.server("whatsapp.status", agent_id="support", status="delivered", message_id="wamid.1")
    assert (told[0][1].status, told[0][2]) == ("delivered", mara)


def test_ended() -> None:
    """The end of the session ends the call with the server's figures and messages, fires both
    events, and frees the objects."""
    wire = Wire()
    call = started(wire)
    told = wire.listen("whatsapp.session_ended", "call.ended")
    wire.server(
        "whatsapp.session_ended",
        **IDS,
        reason="idle_timeout",
        started_at=1.0,
        ended_at=343.0,
        duration=342,
        messages=[{"role": "user", "content": "hi"}],
    )
    assert [name for name, *_ in told] == ["whatsapp.session_ended", "call.ended"]
    assert (call.reason, call.duration, call.started_at, call.ended_at) == (
        "idle_timeout",
        342,
        1.0,
        343.0,
    )
    assert call.messages == [{"role": "user", "content": "hi"}]
    assert wire.engine.registry.calls == call.agent._live_calls == {}


def test_ended_without_messages() -> None:
    """Without messages from the server the local ones stay, and the reason is unknown."""
    wire = Wire()
    call = started(wire)
    wire.server("whatsapp.message", **IDS, text="hi")
    wire.server("whatsapp.session_ended", **IDS, messages=[])
    assert call.messages == [{"role": "user", "content": "hi"}]
    assert call.reason == "unknown"


def test_after_the_end() -> None:
    """Events after the end begin no session, and reach the agent's handlers."""
    wire = Wire()
    call = started(wire)
    wire.server("whatsapp.session_ended", **IDS)
    told = wire.listen("whatsapp.message", "whatsapp.started", "whatsapp.session_ended")
    wire.server("whatsapp.session_started", **IDS)
    wire.server("whatsapp.message", session_id="wa-1", text="late")
    wire.server("whatsapp.session_ended", session_id="wa-1")
    assert [(name, of) for name, _, of in told] == [
        ("whatsapp.message", call.agent),
        ("whatsapp.session_ended", call.agent),
    ]
    assert wire.engine.registry.calls == {}


class TestWithoutAnAgent:
    def test_known_session(self) -> None:
        """A frame without agent_id goes to the owner of its session."""
        wire = Wire()
        support(wire, "other")
        call = started(wire)
        wire.server("whatsapp.message", session_id="wa-1", text="hi")
        assert call.transcript == [{"role": "user", "content": "hi"}]

    def test_the_only_agent(self) -> None:
        """An event of an unknown session goes to the only agent that has WhatsApp."""
        wire = Wire()
        wire.agent("mara")
        support(wire)
        wire.server("whatsapp.message", session_id="wa-1", from_="549", text="hi")
        assert wire.engine.registry.calls["wa-1"].agent.id == "support"

    def test_several_agents(self) -> None:
        """An event of an unknown session begins none where several agents have WhatsApp."""
        wire = Wire()
        support(wire, "one")
        support(wire, "two")
        wire.server("whatsapp.session_started", session_id="wa-1")
        wire.server("whatsapp.message", session_id="wa-1", text="hi")
        assert wire.engine.registry.calls == {}


def test_links_are_as_for_calls() -> None:
    """A lost link detaches the session; the next message makes it live again."""
    wire = Wire()
    call = started(wire)
    wire.lost()
    assert call.status == "detached"
    wire.reconnect()
    wire.server("agent.resumed", agent_id="support")
    wire.server("whatsapp.message", **IDS, text="still here")
    assert call.status == "active"


def test_a_garbled_start() -> None:
    """A start with a field of the wrong type begins the session all the same."""
    wire = Wire()
    support(wire)
    wire.server("whatsapp.session_started", **IDS, contact_phone="549", contact_name=5)
    assert wire.engine.registry.calls["wa-1"].from_ == "549"


def test_a_garbled_end() -> None:
    """An end with a field of the wrong type ends the session all the same."""
    wire = Wire()
    call = started(wire)
    wire.server("whatsapp.session_ended", **IDS, duration="long")
    assert call._over
