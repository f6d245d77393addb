"""Options become the frames of the wire, key by key and in its order."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from pinecall.core.config.methods import agent_options, deploy_options, session_options
from pinecall.core.config.wire_form import (
    WIRE_KEYS,
    config_values,
    encode_channel,
    encode_config,
    encode_configure,
    encode_create,
    encode_line,
    encode_session,
    merge,
    merge_channel,
)
from pinecall.options import AgentOptions, Channel, ConfigOptions, LineOptions

PLAIN = {"type": "function", "function": {"name": "plain"}}


class Wired:
    """A tool or a skill: a name and a wire form."""

    def __init__(self, name: str) -> None:
        self.name = name

    def to_wire(self) -> dict[str, object]:
        return {"type": "function", "function": {"name": self.name}}


def text(frame: object) -> str:
    # Compared as text, so that the order of the keys counts.
    return json.dumps(frame)


def agent(**options: Any) -> AgentOptions:
    return agent_options(None, options, agent_id="mara")[0]


def test_rich_agent_create() -> None:
    """A config with every field is sent in the order of the wire, allowed_origins last."""
    options = agent(
        allowed_origins=["https://x.dev"],
        name="Mara",
        history=type("Store", (), {"save": lambda self, record: None})(),
        phone_number="+13186330963",
        media={"live": True, "max_duration_seconds": 60},
        mode="adhoc",
        knowledge_base=["kb_1"],
        analysis={"sendAudioMetrics": True},
        config={"speaker_filter": {"enabled": True}, "analysis": {"recording": True}},
        session_limits={"maxDurationSeconds": 1800, "idle_timeout_seconds": 0},
        skills=[{"name": "booking", "description": "…", "tools": [PLAIN], "ragTopK": 3}],
        tools=[Wired("lookup"), PLAIN],
        raw_prompt=False,
        preparing={"timeoutMs": 2500},
        timezone="Europe/Madrid",
        memory={"remember": ["name"], "contact_key": "email"},
        greeting_in_chat=True,
        greeting={"en": "Hi", "es": "Hola"},
        prompt_vars={"name": "Ana"},
        prompt="…{{name}}…",
        llm="openai/gpt-5.4-nano",
        interruption=False,
        stt="deepgram:nova-3:es",
        flash=0,
        language="es",
        voice="elevenlabs/sarah",
    )
    assert text(encode_create("mara", options)) == text(
        {
            "event": "agent.create",
            "agent_id": "mara",
            "voice": "elevenlabs/sarah",
            "language": "es",
            "flash": 0,
            "stt": {"provider": "deepgram", "model": "nova-3", "language": "es"},
            "interruption": False,
            "llm": "openai/gpt-5.4-nano",
            "prompt": "…{{name}}…",
            "vars": {"name": "Ana"},
            "greeting": {"en": "Hi", "es": "Hola"},
            "greetingInChat": True,
            "memory": {"remember": ["name"], "contactKey": "email"},
            "timezone": "Europe/Madrid",
            "preparing": {"timeout_ms": 2500},
            "raw_prompt": False,
            "tools": [
                {"type": "function", "function": {"name": "lookup"}},
                PLAIN,
            ],
            "skills": [
                {
                    "name": "booking",
                    "description": "…",
                    "tools": [PLAIN],
                    "rag_top_k": 3,
                    "activation": "model",
                }
            ],
            "session_limits": {"max_duration_seconds": 1800, "idle_timeout_seconds": 0},
            "config": {
                "speaker_filter": {"enabled": True},
                "analysis": {"recording": True, "send_audio_metrics": True},
            },
            "knowledge_base": ["kb_1"],
            "mode": "adhoc",
            "media": {"live": True, "maxDurationSeconds": 60},
            "allowed_origins": ["https://x.dev"],
        }
    )


def test_nothing_given() -> None:
    """Nothing given sends nothing but the id."""
    assert encode_create("mara", AgentOptions()) == {"event": "agent.create", "agent_id": "mara"}


def test_every_config_field_has_a_wire_key() -> None:
    """No field of the shared configuration is forgotten by the encoder."""
    fields = {field.name for field in attrs.fields(ConfigOptions)}
    assert fields == {*WIRE_KEYS, "analysis"}


@pytest.mark.parametrize(
    ("stt", "wire"),
    [
        ("deepgram-flux", "deepgram-flux"),
        ("deepgram/nova-3", "deepgram/nova-3"),
        ("deepgram:nova-3", {"provider": "deepgram", "model": "nova-3"}),
        ("a:b:c", {"provider": "a", "model": "b", "language": "c"}),
        ("a::c:d", {"provider": "a", "language": "c"}),
        ({"provider": "gladia", "endpointing": 0.3}, {"provider": "gladia", "endpointing": 0.3}),
    ],
)
def test_stt(stt: object, wire: object) -> None:
    """A text with colons is split into provider, model and language; the rest passes."""
    assert encode_config({"stt": stt}) == {"stt": wire}


def test_voice_and_llm_pass() -> None:
    """A voice and an llm in text form are never split."""
    values = {"voice": "elevenlabs:EXAVITQu4vr4xnSDxMaL", "llm": "openai:gpt-4.1"}
    assert encode_config(values) == values


def test_falsy_values_are_sent() -> None:
    """False, 0 and the empty text are values; None is not."""
    values = {"voice": None, "flash": 0, "interruption": False, "prompt": "", "preparing": False}
    assert encode_config(values) == {
        "flash": 0, "interruption": False, "prompt": "", "preparing": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("greeting", "wire"),
    [
        ("Hello", {"greeting": "Hello"}),
        ({"text": "Hello", "addToHistory": False}, {"greeting": "Hello"}),
        ({"en": "Hi", "es": "Hola"}, {"greeting": {"en": "Hi", "es": "Hola"}}),
        (lambda call: "Hi", {}),
    ],
)
def test_greeting(greeting: object, wire: object) -> None:
    """A greeting's text or language map is sent, a function is not."""
    assert encode_session(agent(greeting=greeting)) == wire


@pytest.mark.parametrize(
    ("preparing", "wire"),
    [
        (True, True),
        (False, False),
        ({"enabled": True}, {"enabled": True}),
        ({"timeoutMs": 2500, "enabled": False}, {"enabled": False, "timeout_ms": 2500}),
    ],
)
def test_preparing(preparing: object, wire: object) -> None:
    """preparing is a bool or has its timeout in snake_case, unset members left out."""
    assert encode_session(agent(preparing=preparing)) == {"preparing": wire}


def test_configure_sends_the_given_keys_only() -> None:
    """agent.configure carries what was given, changed or not, in the order of the wire."""
    old = agent(voice="a/b", language="es", prompt="old")
    given = agent(prompt="new", voice="a/b")
    assert text(encode_configure(old, given)) == text({"voice": "a/b", "prompt": "new"})


def test_only_changed() -> None:
    """A second deploy sends what differs, and nothing when nothing does."""
    old = agent(voice="a/b", prompt="old", tools=[Wired("lookup")])
    again = agent(voice="a/b", prompt="new", tools=[Wired("lookup")])
    assert encode_configure(old, again, only_changed=True) == {"prompt": "new"}
    assert encode_configure(old, old, only_changed=True) == {}


def test_analysis_and_config_go_together() -> None:
    """Either of the two sends both, for the server sees one config key."""
    old = agent(config={"speaker_filter": {"enabled": True}}, analysis={"recording": True})
    assert encode_configure(old, agent(analysis={"recording": False})) == {
        "config": {"speaker_filter": {"enabled": True}, "analysis": {"recording": False}}
    }
    assert encode_configure(old, agent(config={"realtime": {"voice": "x"}})) == {
        "config": {"realtime": {"voice": "x"}, "analysis": {"recording": True}}
    }


def test_function_greeting_silences_the_text() -> None:
    """A function in the place of a text greeting empties it, or the caller is greeted twice."""
    function = agent(greeting=lambda call: "Hi")
    assert encode_configure(agent(greeting="Hello"), function) == {"greeting": ""}
    assert encode_configure(agent(), function) == {}
    assert encode_configure(agent(greeting=""), function) == {}


def test_merge_is_shallow() -> None:
    """Given values replace old ones whole; what was not given stays; the type is the old one's."""
    old = agent(voice="a/b", prompt_vars={"a": 1, "b": 2}, allowed_origins=["x"])
    merged = merge(old, ConfigOptions(prompt_vars={"a": 3}, interruption=False))
    assert merged == attrs.evolve(old, prompt_vars={"a": 3}, interruption=False)
    assert type(merged) is AgentOptions
    assert config_values(merged) == {
        "voice": "a/b", "prompt_vars": {"a": 3}, "interruption": False,
    }  # fmt: skip


def test_phone_channel() -> None:
    """A phone channel sends its number, its encoded overrides, and ringing when true."""
    channel = Channel("phone", "1 (318) 633-0963", ringing=True, stt="a:b", language="es")
    assert text(encode_channel(channel)) == text(
        {
            "type": "phone",
            "ref": "+13186330963",
            "language": "es",
            "stt": {"provider": "a", "model": "b"},
            "ringing": True,
        }
    )
    quiet = Channel("phone", "+13186330963", ringing=False)
    assert encode_channel(quiet) == {"type": "phone", "ref": "+13186330963"}


@pytest.mark.parametrize("kind", ["webrtc", "chat", "mic"])
def test_channels_without_a_ref(kind: str) -> None:
    """webrtc, chat and mic send their type alone."""
    assert encode_channel(Channel(kind)) == {"type": kind}


def test_sip_channel() -> None:
    """A SIP address is a phone channel, whatever type it was given under."""
    body = {"type": "phone", "ref": "sip:bot@trunk.twilio.com"}
    assert encode_channel(Channel("sip", "sip:bot@trunk.twilio.com")) == body
    assert encode_channel(Channel("phone", "sip:bot@trunk.twilio.com")) == body


def test_whatsapp_channel() -> None:
    """A WhatsApp channel sends its secrets in the platform's spelling, then its overrides."""
    channel = Channel(
        "whatsapp", "123456789012345", access_token="EAA", verify_token="v", app_secret="s",
        phone="+51 987654321", language="es",
    )  # fmt: skip
    assert text(encode_channel(channel)) == text(
        {
            "type": "whatsapp",
            "ref": "123456789012345",
            "accessToken": "EAA",
            "verifyToken": "v",
            "appSecret": "s",
            "phone": "+51987654321",
            "language": "es",
        }
    )


def test_merge_channel() -> None:
    """What channel.configure changed is part of the channel that is added again later."""
    channel = Channel("phone", "+13186330963", ringing=True, voice="a/b", language="es")
    merged = merge_channel(channel, session_options(None, {"voice": "c/d"}, agent_id="mara"))
    assert encode_channel(merged) == {
        "type": "phone", "ref": "+13186330963", "ringing": True, "voice": "c/d", "language": "es",
    }  # fmt: skip
    assert channel.config.voice == "a/b"


def test_line() -> None:
    """A line's config always has its extension window, in milliseconds."""
    assert encode_line(LineOptions()) == {"extension_window_ms": 2500}
    options = LineOptions(
        stt="a:b", voice="c:d", language="en", turn_detection="native", extension_window=0
    )
    assert text(encode_line(options)) == text(
        {
            "stt": {"provider": "a", "model": "b"},
            "voice": "c:d",
            "language": "en",
            "turn_detection": "native",
            "extension_window_ms": 0,
        }
    )


def test_deploy_sends_what_agent_sends() -> None:
    """Beside its model and channels deploy() takes every field that agent() takes."""
    fields = {
        "voice": "elevenlabs/sarah",
        "language": "es",
        "stt": "deepgram-flux",
        "tools": [PLAIN],
        "session_limits": {"max_duration_seconds": 60},
        "allowed_origins": ["https://x.dev"],
        "greeting": "Hi",
    }
    llm = {"provider": "openai", "model": "gpt-4.1", "enabled": True}
    deployed, _ = deploy_options(None, {**fields, "model": "openai/gpt-4.1"}, agent_id="mara")
    frame = encode_create("mara", deployed)
    assert text(frame) == text(encode_create("mara", agent(**fields, llm=llm)))
    assert set(frame) == {"event", "agent_id", "llm", *fields}


def test_deploy_example() -> None:
    """The documented example sends its llm as provider and model, and the prompt at top level."""
    options, channels = deploy_options(
        None,
        {
            "prompt": "You are Mara. Be concise.",
            "model": "gpt-4.1-mini",
            "voice": "elevenlabs:EXAVITQu4vr4xnSDxMaL",
            "language": "es",
            "channels": ["webrtc", "+13186330963"],
        },
        agent_id="mara",
    )
    assert text(encode_create("mara", options)) == text(
        {
            "event": "agent.create",
            "agent_id": "mara",
            "voice": "elevenlabs:EXAVITQu4vr4xnSDxMaL",
            "language": "es",
            "llm": {"provider": "openai", "model": "gpt-4.1-mini", "enabled": True},
            "prompt": "You are Mara. Be concise.",
        }
    )
    assert [encode_channel(channel) for channel in channels] == [
        {"type": "webrtc"},
        {"type": "phone", "ref": "+13186330963"},
    ]
