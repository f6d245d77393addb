"""Tokens for browsers: what is asked, what is refused before it is sent, and the answer."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.rest.tokens import agents_of, create_token
from pinecall.errors import ConfigurationError, TokenError

from .replies import BASE, read, refusal


def test_query_order_and_encoding() -> None:
    """The query is agent_id, metadata, scope and call_id in this order; commas and quotes are encoded."""
    op = create_token(
        "stream",
        ["bistro", "support"],
        metadata={"user": "Ann & Co"},
        scope="observe",
        call_id="CA1",
    )
    assert op.url(BASE) == (
        "https://voice.example/stream/token?agent_id=bistro%2Csupport"
        "&metadata=%7B%22user%22%3A%22Ann%20%26%20Co%22%7D&scope=observe&call_id=CA1"
    )


def test_agents() -> None:
    """The token names the agents it is for, also when an iterator gave them."""
    assert agents_of(create_token("stream", iter(["a", "b", "a"]))) == ["a", "b"]
    assert agents_of(create_token("chat", "org:mara")) == ["org:mara"]


def test_absent_values_add_nothing() -> None:
    """None and an empty metadata object are not in the URL."""
    op = create_token("webrtc", "mara", metadata={})
    assert op.url(BASE) == "https://voice.example/webrtc/token?agent_id=mara"


def test_null_inside_metadata_is_sealed() -> None:
    """None within the metadata is sealed as null."""
    op = create_token("chat", "mara", metadata={"plan": None})
    assert dict(op.query)["metadata"] == '{"plan":null}'


def test_result() -> None:
    """The token has token, server and expires_in as the server gave them; a 0 stays a 0."""
    op = create_token("webrtc", "mara")
    token = read(op, {"token": "wrt_abcdef", "server": "wss://eu", "expires_in": 0})
    assert (token.token, token.server, token.expires_in) == ("wrt_abcdef", "wss://eu", 0)
    assert "wrt_abcdef" not in repr(token)


def test_result_defaults() -> None:
    """Without these fields the server is the one that was asked, and expires_in is 60."""
    token = read(create_token("webrtc", "mara"), {"token": "t"})
    assert (token.server, token.expires_in) == (BASE, 60)


def test_answer_without_token() -> None:
    """A 200 without a token is a TokenError."""
    error = refusal(create_token("chat", "mara"), {"server": BASE}, 200)
    assert isinstance(error, TokenError)
    assert error.code == "BAD_RESPONSE"


def test_refusal_keeps_status_words_and_agent() -> None:
    """The status, the server's words and the agent are on the error."""
    error = refusal(create_token("webrtc", "x1"), {"detail": "Agent 'x1' is not online"}, 404)
    assert isinstance(error, TokenError)
    assert (error.status, error.agent_id) == (404, "x1")
    assert str(error).startswith("Failed to create webrtc token: Agent 'x1' is not online")


@pytest.mark.parametrize(
    ("channel", "agent", "options", "words"),
    [
        ("webtrc", "mara", {}, "did you mean 'webrtc'"),
        ("chat", ["a", "b"], {}, "only stream takes several"),
        ("webrtc", ["a"], {}, "only stream takes several"),
        ("stream", [], {}, "empty list"),
        ("stream", ["a,b"], {}, "comma"),
        ("stream", "", {}, "non-empty"),
        ("stream", 3, {}, "int"),
        ("stream", "a", {"scope": "obsreve"}, "did you mean 'observe'"),
        ("stream", "a", {"call_id": ""}, "call_id"),
        ("chat", "a", {"metadata": [1]}, "metadata is a dict"),
        ("chat", "a", {"metadata": {"x": object()}}, "JSON"),
        ("chat", "a", {"metadata": {"x": "é" * 1100}}, "2048"),
    ],
)
def test_refused_before_sending(
    channel: str, agent: Any, options: dict[str, Any], words: str
) -> None:
    """Arguments that the server would refuse or misunderstand are a ConfigurationError that says why."""
    with pytest.raises(ConfigurationError, match=words):
        create_token(channel, agent, **options)


def test_metadata_at_the_limit() -> None:
    """Metadata of 2048 bytes of JSON is taken."""
    op = create_token("chat", "a", metadata={"x": "y" * (2048 - len('{"x":""}'))})
    assert len(dict(op.query)["metadata"]) == 2048
