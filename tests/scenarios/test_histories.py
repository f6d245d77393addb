"""Conversations that are kept, and given back to those who return."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..fronts.log import until
from .scene import CALLER, Scene


@pytest.fixture
def store(scene: Scene, tmp_path: Path) -> Iterator[Any]:
    """The front's own SqliteHistory."""
    module = importlib.import_module(f"{scene.front.module.__name__}.history")
    there = module.SqliteHistory(tmp_path / "calls.db")
    yield there
    scene.do(scene.pc.disconnect)
    scene.do(there.close)


def ended(scene: Scene, store: Any, call_id: str) -> Any:
    """The call's record, once it was saved for the last time."""

    def record() -> Any:
        found = scene.do(store.get, call_id)
        return found if found is not None and found.status == "ended" else None

    return until(record, "the last save")


def test_a_call_is_kept(scene: Scene, store: Any) -> None:
    """A call is saved while it runs, and once more with how it ended."""
    scene.model(history=store)
    caller, call = scene.ring()
    until(lambda: scene.do(store.get, call.id), "the first save")
    assert scene.do(store.get, call.id).status == "active"
    caller.say("thanks")
    caller.wait_reply()
    until(lambda: len(scene.do(store.get, call.id).transcript) == 2, "the words")
    caller.hangup()
    record = ended(scene, store, call.id)
    assert (record.agent_id, record.channel, record.reason) == ("mara", "phone", "hangup")
    assert (record.contact, record.from_) == (CALLER, CALLER)
    assert record.transcript == [
        {"role": "user", "content": "thanks"},
        {"role": "assistant", "content": "You are welcome."},
    ]
    assert "history" not in scene.sent("agent.create")


def test_a_caller_who_returns(scene: Scene, store: Any) -> None:
    """The model of the next call knows what was said; another caller's knows nothing."""
    scene.model(history=store)
    caller, call = scene.ring()
    caller.say("thanks")
    caller.wait_reply()
    caller.hangup()
    ended(scene, store, call.id)
    again, second = scene.ring()
    frame = scene.sent("history.set")
    assert frame["call_id"] == second.id
    assert frame["messages"] == call.transcript
    again.say("!history")
    assert again.wait_reply() == "3 messages"
    stranger = scene.emu.phone_call(to=second.to, from_="+34600000000")
    stranger.say("!history")
    assert stranger.wait_reply() == "1 messages"
    assert len(scene.frames("history.set")) == 1


def test_a_contact_of_every_channel(scene: Scene, store: Any) -> None:
    """``metadata.userId`` names a contact whatever the channel; without it a browser is nobody."""
    scene.model(number=None, history=store)
    chat = scene.emu.chat("mara", metadata={"userId": "u1"})
    chat.say("thanks")
    chat.wait_reply()
    chat.close()
    ended(scene, store, chat.id)
    nobody = scene.emu.webrtc_call("mara")
    nobody.say("!history")
    assert nobody.wait_reply() == "1 messages"
    nobody.hangup()
    assert ended(scene, store, nobody.id).contact is None
    again = scene.emu.webrtc_call("mara", metadata={"userId": "u1"})
    assert scene.sent("history.set")["call_id"] == again.id
    assert len(scene.frames("history.set")) == 1


def test_a_number_we_dialled(scene: Scene, store: Any) -> None:
    """The contact of an outbound call is the number that was dialled."""
    agent = scene.model(history=store)
    call = scene.do(agent.dial, "+14155551234", greeting="Hello")
    callee = scene.emu.wait_dialled("+14155551234")
    callee.wait_reply()
    callee.hangup()
    assert ended(scene, store, call.id).contact == "+14155551234"


def test_a_whatsapp_contact(scene: Scene, store: Any) -> None:
    """A WhatsApp session is kept under its contact's number; the next one goes on from it."""
    agent = scene.model(number=None, history=store)
    scene.do(agent.add_channel, "whatsapp", "123456789012345", access_token="EAAG")
    scene.got("channel.added")
    contact = scene.emu.whatsapp("mara", from_="5491155551234")
    contact.say("thanks")
    contact.wait_reply()
    contact.expire()
    record = ended(scene, store, contact.id)
    assert (record.contact, record.channel) == ("5491155551234", "whatsapp")
    assert [message["content"] for message in record.transcript] == ["thanks", "You are welcome."]
    again = scene.emu.whatsapp("mara", from_="5491155551234")
    frame = scene.sent("history.set")
    assert (frame["call_id"], frame["messages"]) == (again.id, record.transcript)


def test_a_store_that_fails(scene: Scene) -> None:
    """Any object with ``save`` is a store; one that fails is reported, and the call goes on."""

    class Broken:
        def save(self, record: Any) -> None:
            raise OSError("disk full")

    scene.model(history=Broken())
    caller, call = scene.ring()
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    error = scene.errors.wait_count(1)[0]
    assert "disk full" in error.message
    assert error.call_id == call.id
