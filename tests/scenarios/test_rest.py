"""Tokens and REST of a running client: what a web back end asks, answered by a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from pinecall import ApiError, ConfigurationError, TokenError
from pinecall_sync.emulator import EmulatorError

from .scene import Scene

ORIGIN = "https://x.dev"


def chat_url(token: Any) -> str:
    return f"{token.server.replace('http', 'ws', 1)}/chat/ws?token={token.token}"


def refused(url: str) -> int:
    try:
        with connect(url, proxy=None) as socket:
            socket.recv(5)
    except InvalidStatus as refusal:
        return refusal.response.status_code
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
    return 200


def test_a_token_for_a_chat(scene: Scene) -> None:
    """It opens one chat, for a page of an allowed origin, with the metadata that was sealed."""
    agent = scene.model(number=None, allowed_origins=[ORIGIN])
    token = scene.do(agent.create_token, "chat", metadata={"userId": "u1"})
    assert token.expires_in == 60
    assert token.token not in repr(token)
    with connect(chat_url(token), origin=ORIGIN, proxy=None) as socket:  # type: ignore[arg-type]
        session = json.loads(socket.recv(5))["session_id"]
        assert scene.call(session).metadata == {"userId": "u1"}
    assert refused(chat_url(token)) == 401


def test_a_token_for_a_voice(scene: Scene) -> None:
    """It starts one call; its metadata wins over the page's; the same token opens no second one."""
    scene.model()
    token = scene.do(scene.pc.create_token, "webrtc", "mara", metadata={"userId": "u1"})
    call = scene.emu.webrtc_call(token=token.token, metadata={"userId": "forged", "page": "/"})
    assert scene.call(call.id).metadata == {"userId": "u1", "page": "/"}
    with pytest.raises(EmulatorError, match="used already"):
        scene.emu.webrtc_call(token=token.token)


def test_a_token_for_the_log(scene: Scene) -> None:
    """A token for several agents, or for one call, shows its holder nothing else of the log."""
    scene.model("mara")
    scene.model("leo", None)
    scene.model("nora", None)
    caller, _ = scene.ring()
    other = scene.emu.chat("leo")
    base = scene.emu.url.removesuffix("/client")

    def attach(query: str, **options: Any) -> int:
        token = scene.do(scene.pc.create_token, "stream", **options)
        return refused(f"{base}/v1/attach?token={token.token}&{query}&after=0")

    both = {"agent_id": ["mara", "leo"], "scope": "observe"}
    assert attach("agent=leo", **both) == 200
    assert attach("agent=nora", **both) == 403
    one = {"agent_id": "mara", "scope": "observe", "call_id": caller.id}
    assert attach(f"call={caller.id}", **one) == 200
    assert attach(f"call={other.id}", **one) == 403


def test_a_token_that_is_refused(scene: Scene) -> None:
    """The status and the server's words, never the key; what cannot be is not asked."""
    scene.connected()
    with pytest.raises(TokenError, match="'nobody' is not online") as refusal:
        scene.do(scene.pc.create_token, "chat", "nobody")
    assert refusal.value.status == 404
    assert scene.emu.api_key not in str(refusal.value)
    for channel, agent, options in (
        ("phone", "mara", {}),
        ("chat", ["mara", "leo"], {}),
        ("stream", "mara", {"scope": "everything"}),
        ("chat", "mara", {"metadata": {"x": "y" * 3000}}),
    ):
        with pytest.raises(ConfigurationError):
            scene.do(scene.pc.create_token, channel, agent, **options)


def test_what_the_organisation_has(scene: Scene) -> None:
    """Voices, numbers, the balance, and who is online."""
    scene.model()
    voices = scene.do(scene.pc.voices, language="es")
    assert voices
    assert all(any(one.code.startswith("es") for one in voice.languages) for voice in voices)
    assert all(phone.number.startswith("+") for phone in scene.do(scene.pc.phones))
    assert scene.do(scene.pc.balance).currency == "USD"
    assert [agent.slug for agent in scene.do(scene.pc.online_agents)] == ["mara"]


def test_the_log_of_a_call(scene: Scene) -> None:
    """``observe`` gives every entry once, up to the summary; from a cursor, what came after it."""
    scene.model()
    caller, _ = scene.ring()
    caller.say("thanks")
    caller.wait_reply()
    caller.hangup()
    scene.got("call.ended")
    whole = scene.front.take(scene.pc.observe(call=caller.id, agents="mara"), 1000)
    entries = [entry for entry in whole if not entry.type.startswith("log.")]
    numbers = [entry.seq for entry in entries]
    assert numbers == sorted(set(numbers))
    assert entries[-1].type == "call.summary"
    assert "user.message" in {entry.type for entry in entries}
    after = entries[1].seq
    rest = scene.front.take(scene.pc.observe(call=caller.id, agents="mara", after=after), 1000)
    assert [e.seq for e in rest if not e.type.startswith("log.")] == numbers[2:]


def test_what_is_remembered(scene: Scene) -> None:
    """What a caller said of herself is found, read and forgotten."""
    agent = scene.model(number=None, memory={"enabled": True})
    chat = scene.emu.chat("mara", metadata={"userId": "u1"})
    chat.say("my name is Ana")
    chat.wait_reply()
    [hit] = scene.do(agent.memory.search, "name", contact="u1")
    assert (hit.contact, hit.text) == ("u1", "Name is Ana")
    assert scene.do(agent.memory.get, "u1").revision == 1
    assert [scene.do(agent.memory.forget, "u1") for _ in range(2)] == [True, False]


def test_what_is_known(scene: Scene) -> None:
    """A knowledge base is made, filled with progress, asked and deleted; then it is not there."""
    knowledge = scene.connected().knowledge
    base = scene.do(knowledge.create, "faq")
    done: list[tuple[int, int]] = []
    docs = [
        {"path": "refunds.md", "text": "# Refunds\nRefunds take five days."},
        {"path": "hours.md", "text": "# Hours\nOpen at nine."},
    ]
    pushed = scene.do(knowledge.push, base.id, docs, progress=lambda *n: done.append(n))
    assert ([one.error for one in pushed], done) == ([None, None], [(1, 2), (2, 2)])
    assert scene.do(knowledge.query, base.id, "refunds", k=1)[0].heading == "Refunds"
    scene.do(knowledge.delete, base.id)
    with pytest.raises(ApiError) as gone:
        scene.do(knowledge.get, base.id)
    assert gone.value.status == 404


def test_speech_and_back(scene: Scene, tmp_path: Path) -> None:
    """What is spoken is written down again: a file, with its progress, and live."""
    audio = scene.connected().audio
    speech = scene.do(audio.speech, "Hello there you", voice="elevenlabs/sarah", format="wav")
    spoken = scene.do(speech.read)
    recording = tmp_path / "hello.wav"
    recording.write_bytes(spoken)
    sent: list[tuple[int, int]] = []
    text = scene.do(audio.transcribe, recording, progress=lambda *n: sent.append(n)).text
    assert text == "Hello there you"
    assert sent[-1][0] == sent[-1][1] >= len(spoken)
    live = audio.stream()
    scene.do(live.start)
    assert scene.do(live.ready).sample_rate == 16000
    scene.do(live.write, bytes(32000))
    assert scene.do(live.end).audio_seconds == pytest.approx(1.0)
    with pytest.raises(ApiError) as refusal:
        scene.do(audio.speech, "Hello", voice="nobody/nowhere")
    assert refusal.value.status == 400
