"""What a client asks over HTTP and beside its connection, against a server that answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pinecall import ApiError

from .scene import CALLER, NUMBER, Scene


def test_voices(scene: Scene) -> None:
    """Voices of ElevenLabs unless another provider is named, of one language if asked; no key is
    sent."""
    voices = scene.do(scene.pc.voices)
    assert {voice.provider for voice in voices} == {"elevenlabs"}
    spanish = scene.do(scene.pc.voices, language="es")
    assert "elevenlabs/marta" in [voice.ref for voice in spanish]
    assert len(spanish) < len(voices)
    assert {v.provider for v in scene.do(scene.pc.voices, provider="cartesia")} == {"cartesia"}
    assert "authorization" not in scene.emu.requests[-1].headers


def test_numbers_balance_and_agents(scene: Scene) -> None:
    """The organisation's numbers, what is left of its money, and who is online."""
    scene.agent()
    (phone,) = scene.do(scene.pc.phones)
    assert (phone.number, phone.is_sdk) == (NUMBER, True)
    balance = scene.do(scene.pc.balance)
    assert (balance.balance, balance.currency) == (Decimal("12.34"), "USD")
    (agent,) = scene.do(scene.pc.online_agents)
    assert (agent.slug, agent.phones) == ("mara", (NUMBER,))


def test_no_balance(scene: Scene) -> None:
    """A server without a balance gives None; one that refuses the key raises."""
    scene.emu.fail("GET /api/sdk/twilio-balance", status=500)
    assert scene.do(scene.pc.balance) is None
    scene.emu.fail("GET /api/sdk/twilio-balance", status=401)
    with pytest.raises(ApiError) as caught:
        scene.do(scene.pc.balance)
    assert caught.value.status == 401


def test_memory_of_an_agent(scene: Scene) -> None:
    """What a contact said can be searched, read and forgotten."""
    agent = scene.model(memory={"enabled": True})
    caller, _ = scene.ring()
    caller.say("my name is Ana")
    scene.got("memory.ops")
    (hit,) = scene.do(agent.memory.search, "name", contact=CALLER)
    assert (hit.contact, hit.text) == (CALLER, "Name is Ana")
    assert scene.emu.requests[-1].query["k"] == "6"
    assert "Name is Ana" in scene.do(agent.memory.get, CALLER).memory_md
    assert scene.do(agent.memory.forget, CALLER) is True
    assert scene.do(agent.memory.forget, CALLER) is False


def test_knowledge(scene: Scene) -> None:
    """A knowledge base is made, filled and asked; a document that is refused stops no other."""
    knowledge = scene.pc.knowledge
    base = scene.do(knowledge.create, "faq")
    scene.emu.fail("POST /api/knowledge/*", status=413)
    docs = [{"path": path, "text": f"# Refunds {path}\nFive days."} for path in "ab"]
    pushed = scene.do(knowledge.push, base.id, docs)
    assert [(one.path, one.ok) for one in pushed] == [("a", False), ("b", True)]
    (hit,) = scene.do(knowledge.query, base.id, "refunds")
    assert hit.heading == "Refunds b"
    assert scene.do(knowledge.get, base.id).doc_count == 1
    scene.emu.fail("GET /api/knowledge", status=402)
    with pytest.raises(ApiError) as caught:
        scene.do(knowledge.list)
    assert caught.value.code == "UPGRADE_REQUIRED"


def test_observing_a_call(scene: Scene) -> None:
    """A call's log comes whole, in order and without repetition up to its summary, though the
    connection is lost on the way."""
    scene.model()
    caller, call = scene.ring()
    log = scene.pc.observe(call=call.id)
    (begin,) = scene.front.take(log, 1)
    assert (begin.seq, begin.call_id) == (1, call.id)
    caller.say("thanks")
    caller.wait_reply()
    scene.emu.drop_streams()
    caller.hangup()
    entries = [begin, *scene.front.take(log, 1000)]
    seqs = [one.seq for one in entries if not one.type.startswith("log.")]
    assert seqs == sorted(set(seqs))
    assert entries[-1].type == "call.summary"
    (message,) = [e.data["text"] for e in entries if e.type == "user.message" and not e.ephemeral]
    assert message == "thanks"
    first, again = (r.query["after"] for r in scene.emu.requests if r.path == "/v1/attach")
    assert int(first) == 0 < int(again)


def test_speech_and_back(scene: Scene) -> None:
    """What is spoken is heard again, with the platform's figures."""
    audio = scene.pc.audio
    speech = scene.do(audio.speech, "Hello there you", voice="elevenlabs/sarah", format="wav")
    sound = scene.do(speech.read)
    done = scene.do(speech.done)
    assert (done.characters, done.audio_ms) == (15, 1200.0)
    assert scene.do(audio.transcribe, sound).text == "Hello there you"
