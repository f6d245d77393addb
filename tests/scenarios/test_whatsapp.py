"""WhatsApp sessions, and people who take over from the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import CallEnded, ConfigurationError

from ..fronts.log import until
from .scene import Scene

REF = "123456789012345"
CONTACT = "5491155551234"
SECRETS = {"access_token": "EAAG-token", "app_secret": "s3cr3t-app", "verify_token": "v3rify"}


def support(scene: Scene, **options: Any) -> Any:
    agent = scene.model("support", None, **options)
    scene.do(agent.add_channel, "whatsapp", REF, **SECRETS)
    scene.got("channel.added")
    return agent


def test_a_session(scene: Scene) -> None:
    """A session is a call of its own: messages, answers and statuses reach the agent."""
    agent = support(scene)
    contact = scene.emu.whatsapp("support", from_=CONTACT, name="Ana")
    call = scene.call(contact.id)
    scene.got("whatsapp.started")
    scene.got("whatsapp.session_started")
    assert (call.transport, call.from_, call.agent) == ("whatsapp", CONTACT, agent)
    contact.say("thanks")
    assert contact.wait_reply() == "You are welcome."
    message = scene.got("whatsapp.message")
    assert (message.from_, message.name, message.type) == (CONTACT, "Ana", "text")
    assert (message.text, message.paused) == ("thanks", False)
    assert scene.got("whatsapp.response").text == "You are welcome."
    statuses = [scene.got("whatsapp.status", count=n).status for n in (1, 2, 3)]
    assert statuses == ["sent", "delivered", "read"]
    contact.expire("idle_timeout")
    ended = scene.got("whatsapp.session_ended")
    assert (ended.reason, ended.message_count) == ("idle_timeout", 2)
    until(lambda: not agent.calls, "the end")
    assert (call.status, call.reason) == ("ended", "idle_timeout")
    assert [message["content"] for message in call.transcript] == ["thanks", "You are welcome."]
    with pytest.raises(CallEnded):
        scene.do(call.get_history)


def test_secrets_stay_out_of_sight(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A channel's secrets are on the wire only: in no repr and no log line at any level."""
    caplog.set_level(0)
    agent = support(scene)
    frame = scene.sent("channel.add")
    assert (frame["accessToken"], frame["appSecret"], frame["verifyToken"]) == tuple(
        SECRETS.values()
    )
    shown = repr((agent, agent.channels, agent.config, scene.items.items)) + caplog.text
    assert not [secret for secret in SECRETS.values() if secret in shown]


def test_requests_of_a_session(scene: Scene) -> None:
    """``whatsapp.session_started`` gives a session that can ask and change what a call can."""
    agent = support(scene, prompt="Be kind.")

    def started(session: Any) -> Iterator[Any]:
        yield lambda: session.set_prompt("Talk to {{name}}.")
        yield lambda: session.set_prompt_vars({"name": session.contact_name})
        yield lambda: session.add_context("She is a VIP.")
        yield lambda: session.add_history([{"role": "user", "content": "Hi"}])
        scene.notes((session.id, session.contact_phone, (yield session.get_history)))

    scene.do(agent.on, "whatsapp.session_started", scene.handler(started))
    contact = scene.emu.whatsapp("support", from_=CONTACT, name="Ana")
    assert scene.notes.wait_count(1) == [(contact.id, CONTACT, [{"role": "user", "content": "Hi"}])]
    contact.say("!prompt")
    assert contact.wait_reply() == "Talk to Ana.\n\nShe is a VIP."


def test_tools_in_a_session(scene: Scene) -> None:
    """Tools run in a session, with its call."""

    def order(number: int, call: Any) -> dict[str, Any]:
        return {"order": number, "from": call.from_}

    support(scene, tools=[scene.front.module.tool(order)])
    contact = scene.emu.whatsapp("support", from_=CONTACT)
    contact.say('!tool order {"number": 7}')
    assert contact.wait_reply() == f"The order is 7 and the from is {CONTACT}."


def test_a_person_takes_over(scene: Scene) -> None:
    """While a session is paused the model is silent and a person writes; then it answers again."""
    agent = support(scene)
    contact = scene.emu.whatsapp("support", from_=CONTACT)
    call = scene.call(contact.id)
    scene.do(agent.pause, contact.id)
    assert scene.sent("session.pause")["session_id"] == contact.id
    assert scene.got("session.paused").session_id == contact.id
    contact.say("thanks")
    assert scene.got("whatsapp.message").paused is True
    scene.do(agent.send_message, "A human here.", session_id=contact.id)
    assert scene.sent("session.send")["text"] == "A human here."
    assert contact.wait_reply() == "A human here."
    scene.got("session.sent")
    assert scene.got("whatsapp.response").source == "human"
    assert contact.heard == ["A human here."]
    assert call.messages[-1]["source"] == "human"
    scene.do(agent.resume, contact.id)
    assert scene.sent("session.resume")["session_id"] == contact.id
    assert scene.got("session.resumed").session_id == contact.id
    contact.say("thanks")
    assert contact.wait_reply() == "You are welcome."


def test_pausing_a_contact_or_everybody(scene: Scene) -> None:
    """A pause may be for a contact or for the whole agent; ``resume()`` ends them all."""
    agent = support(scene)
    scene.do(agent.pause, contact=CONTACT)
    assert scene.sent("session.pause")["contact"] == CONTACT
    scene.do(agent.pause)
    assert set(scene.sent("session.pause", count=2)) == {"event", "agent_id"}
    scene.got("session.paused", count=2)
    ana, bob = (
        scene.emu.whatsapp("support", from_=CONTACT),
        scene.emu.whatsapp("support", from_="34600"),
    )
    for contact in (ana, bob):
        contact.say("thanks")
    assert scene.got("whatsapp.message", count=2).paused is True
    scene.do(agent.resume)
    scene.got("session.resumed")
    bob.say("thanks")
    assert bob.wait_reply() == "You are welcome."
    ana.say("thanks")
    assert ana.wait_reply() == "You are welcome."


def test_pauses_survive_a_reconnect(scene: Scene) -> None:
    """A pause that was not ended is sent again after a reconnect."""
    agent = support(scene)
    scene.do(agent.pause, contact=CONTACT)
    scene.sent("session.pause")
    scene.emu.drop()
    assert scene.sent("session.pause", count=2)["contact"] == CONTACT


def test_writing_first(scene: Scene) -> None:
    """A message to a contact without a session opens one; without a scope it is refused."""
    agent = support(scene)
    with pytest.raises(ConfigurationError, match="session_id= or contact="):
        scene.do(agent.send_message, "Hello")
    scene.do(agent.send_message, "Your order is ready", contact=CONTACT)
    call = scene.got("whatsapp.response")
    assert call.to == CONTACT
    (session,) = agent.calls.values()
    assert session.transcript == [
        {"role": "assistant", "content": "Your order is ready", "source": "human"}
    ]


def test_a_message_while_the_link_is_down(scene: Scene) -> None:
    """A person's message is sent after the reconnect, once."""
    agent = support(scene)
    contact = scene.emu.whatsapp("support", from_=CONTACT)
    scene.call(contact.id)
    scene.cut()
    scene.do(agent.send_message, "Still here.", contact=CONTACT)
    scene.mend()
    assert contact.wait_reply() == "Still here."
    assert len(scene.frames("session.send")) == 1


def test_a_session_that_began_elsewhere(scene: Scene) -> None:
    """A message of a session whose start was not seen begins it."""
    agent = support(scene)
    scene.emu.fail("whatsapp.session_started", "ignore")
    contact = scene.emu.whatsapp("support", from_=CONTACT)
    contact.say("thanks")
    contact.wait_reply()
    until(lambda: agent.call(contact.id), "the session")
    assert agent.call(contact.id).transcript[0]["content"] == "thanks"
    scene.got("whatsapp.started")
