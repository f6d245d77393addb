"""WhatsApp sessions, and operators who take over."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.emulator.core.sessions.whatsapp import WhatsAppSession
from pinecall.emulator.errors import EmulatorError, Nobody
from pinecall.errors import CallEnded

from .test_tools import answer
from .world import LOOKUP, Client, World

CONTACT = "5491155551234"


def started(world: World, **config: Any) -> tuple[Client, WhatsAppSession]:
    """A client with a WhatsApp agent, and a contact's session."""
    client = world.client()
    client.agent("support", {"type": "whatsapp", "ref": "123456", "accessToken": "EAA"}, **config)
    session = world.server.whatsapps.open("support", CONTACT, "Ana")
    world.pump()
    return client, session


def write(world: World, session: WhatsAppSession, text: str, **how: Any) -> None:
    """Write as the contact."""
    session.say(text, **how)
    world.pump()


def test_a_session_begins_and_is_answered(world: World) -> None:
    """The start, the message, the response and three statuses come in order."""
    client, session = started(world)
    write(world, session, "thanks")
    assert client.names()[3:] == [
        "whatsapp.session_started", "whatsapp.message", "whatsapp.response", *["whatsapp.status"] * 3,
    ]  # fmt: skip
    first = client.last("whatsapp.session_started")
    assert (first["session_id"], first["contact_phone"], first["contact_name"]) == (
        session.id,
        CONTACT,
        "Ana",
    )
    message = client.last("whatsapp.message")
    assert (message["from"], message["type"], message["text"], message["paused"]) == (
        CONTACT,
        "text",
        "thanks",
        False,
    )
    assert (client.last("whatsapp.response")["to"], client.last("whatsapp.response")["text"]) == (
        CONTACT,
        "You are welcome.",
    )
    assert [f["status"] for f in client.events("whatsapp.status")] == ["sent", "delivered", "read"]
    assert session.id.startswith("wa-")


def test_a_contact_has_one_session(world: World) -> None:
    """The agent's id and the channel's ref lead to it; unknown agents and channels are errors."""
    client, session = started(world)
    assert world.server.whatsapps.open("123456", "+" + CONTACT, "Ana") is session
    client.agent("plain", {"type": "chat"})
    with pytest.raises(EmulatorError, match="no whatsapp channel"):
        world.server.whatsapps.open("plain", CONTACT, "Ana")
    with pytest.raises(Nobody):
        world.server.whatsapps.open("nobody", CONTACT, "Ana")
    with pytest.raises(EmulatorError, match="digits"):
        world.server.whatsapps.open("support", "Ana", "Ana")


def test_tools_and_history_use_the_sessions_id(world: World) -> None:
    """It is their call id."""
    client, session = started(world, tools=[LOOKUP])
    write(world, session, "!tool lookup_order {}")
    assert client.last("llm.tool_call")["call_id"] == session.id
    answer(client, {"status": "late"})
    assert client.last("whatsapp.response")["text"] == "The status is late."
    got = client.send("history.get", call_id=session.id, request_id="r")
    assert len(got[0]["messages"]) == 4


@pytest.mark.parametrize("scope", [{}, {"contact": CONTACT}, {"session_id": True}])
def test_a_paused_session_is_not_answered(world: World, scope: dict[str, Any]) -> None:
    """At each level of pause the messages say so; resuming ends it."""
    client, session = started(world)
    scope = {k: session.id if v is True else v for k, v in scope.items()}
    paused = client.send("session.pause", agent_id="support", **scope)[0]
    assert paused == {"event": "session.paused", "agent_id": "support", **scope}
    write(world, session, "hello?")
    assert client.last("whatsapp.message")["paused"] is True
    assert client.events("whatsapp.response") == []
    assert (
        client.send("session.resume", agent_id="support", **scope)[0]["event"] == "session.resumed"
    )
    write(world, session, "thanks")
    assert client.last("whatsapp.response")["text"] == "You are welcome."


def test_resume_without_scope_clears_every_level(world: World) -> None:
    """The agent, the contact and the session are resumed."""
    client, session = started(world)
    for scope in ({}, {"contact": CONTACT}, {"session_id": session.id}):
        client.send("session.pause", agent_id="support", **scope)
    client.send("session.resume", agent_id="support")
    assert not session.is_paused()


def test_a_person_writes(world: World) -> None:
    """session.sent and a marked response come; a contact without a session gets one."""
    client, session = started(world)
    got = client.send(
        "session.send", agent_id="support", session_id=session.id, text="A human here."
    )
    assert got[0] == {"event": "session.sent", "agent_id": "support", "session_id": session.id}
    assert (got[1]["text"], got[1]["source"]) == ("A human here.", "human")
    got = client.send("session.send", agent_id="support", contact="34600111222", text="Hi")
    assert [f["event"] for f in got][:3] == [
        "whatsapp.session_started",
        "session.sent",
        "whatsapp.response",
    ]
    for more in (
        {"text": "x"},
        {"text": "", "session_id": session.id},
        {"text": "x", "session_id": "wa-0"},
    ):
        assert client.send("session.send", agent_id="support", **more)[0]["event"] == "error"


def test_a_session_ends_by_silence_or_by_its_window(world: World) -> None:
    """It ends two hours after the last message, or a day after it began."""
    client, session = started(world)
    write(world, session, "thanks")
    world.pass_time(7201)
    end = client.last("whatsapp.session_ended")
    assert (end["reason"], end["message_count"], end["duration"]) == ("idle_timeout", 2, 7200.0)
    assert [m["role"] for m in end["messages"]] == ["user", "assistant"]
    with pytest.raises(CallEnded):
        session.say("more")
    session = world.server.whatsapps.open("support", CONTACT, "Ana")
    for _ in range(24):
        write(world, session, "thanks")
        world.pass_time(3600)
    world.pump()
    assert session.reason == "window_expired"


def test_voice_notes_have_a_transcript(world: World) -> None:
    """Their type is audio; an unknown type is refused."""
    client, session = started(world)
    write(world, session, "thanks", kind="audio")
    assert client.last("whatsapp.message")["type"] == "audio"
    with pytest.raises(EmulatorError, match="document"):
        session.say("x", "smoke")
