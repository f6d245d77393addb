"""A frame as it passed, and what of it is never shown."""

from __future__ import annotations

import json

import pytest

from pinecall.core.text import secrets
from pinecall.core.traces.entry import TraceEntry, frame_of, without_secrets


def test_a_frame_is_what_passed() -> None:
    """A text without secrets is the frame in it."""
    assert frame_of('{"event":"ping","n":[1,null]}') == {"event": "ping", "n": [1, None]}
    assert TraceEntry(0.5, "in", "ping", {}) == TraceEntry(0.5, "in", "ping", {})


def test_known_secrets() -> None:
    """A secret that this program was given is hidden wherever it stands, and the rest stays."""
    secrets.keep("pk_live_of_a_trace")
    frame = frame_of('{"event":"x","a":["say pk_live_of_a_trace"],"pk_live_of_a_trace":7}')
    assert frame == {"event": "x", "a": ["say ***"], "***": 7}


def test_a_secret_that_is_a_number() -> None:
    """Hiding a secret of digits leaves the frame a frame."""
    secrets.keep("48151623")
    assert frame_of('{"event":"x","n":48151623,"s":"48151623"}') == {
        "event": "x",
        "n": 48151623,
        "s": "***",
    }


@pytest.mark.parametrize("name", ["api_key", "accessToken", "appSecret", "password", "token"])
def test_names_of_secrets(name: str) -> None:
    """What has a secret's name is hidden at any depth, also inside the JSON of a tool's arguments."""
    inner = json.dumps({name: "hush-hush"})
    frame = {"event": "x", name: "hush-hush", "deep": [{name: "hush-hush"}], "arguments": inner}
    assert "hush-hush" not in json.dumps(frame_of(json.dumps(frame)))


@pytest.mark.parametrize("event", ["bot.reply.stream", "llm.chat.chunk", "llm.chat.token"])
def test_tokens_of_speech(event: str) -> None:
    """The token of a text that is spoken or written is no secret; one further inside is."""
    frame = {"event": event, "token": "Hel", "deep": {"token": "hush"}}
    assert without_secrets(frame) == {"event": event, "token": "Hel", "deep": {"token": "***"}}
