"""Every endpoint: the base's path is kept, and the request has a deadline."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.rest import knowledge, memory
from pinecall.core.rest.op import Exchange, RestOp
from pinecall.core.rest.phones import balance, online_agents, phones
from pinecall.core.rest.speech import speech
from pinecall.core.rest.tokens import create_token
from pinecall.core.rest.transcription import transcribe
from pinecall.core.rest.voices import audio_voices, voices

OPS = [
    create_token("chat", "mara"),
    voices(),
    audio_voices(),
    phones(),
    balance(),
    online_agents(),
    memory.search("mara", "tea"),
    memory.get("mara", "c"),
    memory.forget("mara", "c"),
    knowledge.list_all(),
    knowledge.create("n"),
    *(one("kb") for one in (knowledge.get, knowledge.delete, knowledge.reindex, knowledge.docs)),
    *(one("kb", "d") for one in (knowledge.doc, knowledge.delete_doc, knowledge.query)),
    *knowledge.push("kb", {"path": "p", "text": "t"}),
    speech("Hola", voice="v"),
    transcribe(b"RIFF"),
]


@pytest.mark.parametrize("base", ["https://h/", "https://h", "https://h/eu/", "https://h/eu"])
@pytest.mark.parametrize("op", OPS, ids=lambda op: f"{op.method} {op.path}")
def test_base_with_a_path_or_slash(op: RestOp[Any], base: str) -> None:
    """A path of the base is kept for every endpoint, and a trailing slash is not doubled."""
    path = op.url(base).partition("?")[0]
    assert path == base.rstrip("/") + op.path
    assert op.path.startswith("/")


@pytest.mark.parametrize("op", OPS, ids=lambda op: f"{op.method} {op.path}")
def test_every_request_has_a_deadline(op: RestOp[Any]) -> None:
    """A request has at most five minutes (a long recording), its tries included."""
    assert 0 < Exchange(op, 100.0, lambda: 0.0).left(100.0) <= 300
