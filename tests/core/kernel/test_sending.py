"""Frames on their way out, ids, and texts without secrets."""

from __future__ import annotations

import json

import pytest

from pinecall.core.kernel.outbox import MAX_UNSENT_BYTES
from pinecall.errors import ConfigurationError, NotConnected

from .bare import Bare


def test_a_frame() -> None:
    """A frame is written as JSON, in the order of the calls."""
    runtime = Bare()
    runtime.transmit({"event": "a", "text": "señor"})
    runtime.transmit({"event": "b"}, state=True)
    assert [json.loads(text) for text in runtime.outbox.take()] == [
        {"event": "a", "text": "señor"},
        {"event": "b"},
    ]


@pytest.mark.parametrize("state", [True, False])
def test_what_is_no_json(state: bool) -> None:
    """A frame that JSON cannot hold is refused, and nothing is sent."""
    runtime = Bare()
    with pytest.raises(ConfigurationError):
        runtime.transmit({"event": "a", "value": object()}, state=state)
    assert runtime.outbox.take() == []


def test_a_server_that_does_not_read() -> None:
    """A frame that finds no room is refused by name; the state of the registry always goes."""
    runtime = Bare()
    runtime.transmit({"event": "a", "text": "x" * MAX_UNSENT_BYTES})
    with pytest.raises(NotConnected, match=r"^call\.hold: the server has stopped reading"):
        runtime.transmit({"event": "call.hold"})
    runtime.transmit({"event": "agent.create"}, state=True)
    assert [json.loads(text)["event"] for text in runtime.outbox.take()] == ["a", "agent.create"]


def test_where_the_link_is_down() -> None:
    """``require_up`` raises where no frame can be sent, and says what was asked and of which agent."""
    runtime = Bare()
    runtime.require_up("pause", "mara")
    runtime.ready, runtime.state = False, "reconnecting"
    with pytest.raises(
        NotConnected, match=r"^pause: not connected \(the link is reconnecting\)"
    ) as e:
        runtime.require_up("pause", "mara")
    assert e.value.agent_id == "mara"


def test_the_end() -> None:
    """The runtime has ended when its link is closed, and not while it is idle or comes back."""
    runtime = Bare()
    ended = {}
    for runtime.state in ("idle", "connecting", "connected", "reconnecting", "closed"):
        ended[runtime.state] = runtime.ended
    assert [state for state, over in ended.items() if over] == ["closed"]


def test_letters() -> None:
    """Ids are made of small letters and digits, whatever the random number is."""
    runtime = Bare()
    letters = ""
    for number in range(37):
        runtime.chance = number / 36
        letters += runtime.letters(1)
    assert letters == "abcdefghijklmnopqrstuvwxyz0123456789a"
    runtime.chance = 0.0
    assert runtime.letters(6) == "aaaaaa"
    assert runtime.message_id() == "msg_aaaaaaaaaaaa"


def test_secrets() -> None:
    """The API key is not in a text that is shown, however it is written there."""
    key = "a-key-of-no-known-form"
    runtime = Bare(key=key)
    assert runtime.clean(f"no such key: {key}.") == "no such key: ***."


def test_secrets_without_a_key() -> None:
    """A text is cleaned also where there is no API key now."""
    runtime = Bare(key="")
    assert runtime.clean('{"token":"of-nobody-known"}') == '{"token":"***"}'


def test_a_preview() -> None:
    """The beginning of a text is shown without the key, also where it would be cut inside the key."""
    key = "one-more-key-of-no-known-form"
    assert Bare(key=key).preview(f"you sent {key} and more", 16) == "you sent *** and…"
    assert Bare(key="").preview("0123456789", 10) == "0123456789"
