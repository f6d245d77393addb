"""An agent's channels: what is sent, and what is claimed again."""

from __future__ import annotations

import pytest

from pinecall.core.kernel.outbox import MAX_UNSENT_BYTES
from pinecall.errors import ConfigurationError, NotConnected

from ..harness import Wire

NUMBER = "+13186330963"


def test_over_the_bound() -> None:
    """add_channel() raises when the server has stopped reading; the channel is not kept then."""
    wire = Wire()
    mara = wire.agent()
    wire.pc.send({"event": "brand.new", "text": "x" * MAX_UNSENT_BYTES})
    with pytest.raises(NotConnected) as caught:
        mara.add_channel("chat")
    assert caught.value.code == "SEND_BUFFER_FULL"
    assert dict(mara.channels) == {}


def test_added() -> None:
    """add_channel() sends the channel, keeps it, and gives it back."""
    wire = Wire()
    mara = wire.agent()
    channel = mara.add_channel("phone", NUMBER, language="es")
    assert wire.sent() == [
        {
            "event": "channel.add",
            "agent_id": "mara",
            "type": "phone",
            "ref": NUMBER,
            "language": "es",
        }
    ]
    assert dict(mara.channels) == {NUMBER: channel}
    with pytest.raises(TypeError):
        mara.channels["chat"] = channel  # type: ignore[index]


def test_configured() -> None:
    """configure_channel() sends what it changes; other options of the channel stay."""
    wire = Wire()
    mara = wire.agent(phone_number=NUMBER)
    mara.configure_channel(NUMBER, language="es")
    mara.configure_channel("1 318 633 0963", voice="elevenlabs/sarah")
    base = {"event": "channel.configure", "agent_id": "mara", "ref": NUMBER}
    assert wire.sent() == [
        {**base, "language": "es"},
        {**base, "voice": "elevenlabs/sarah"},
    ]
    wire.lost()
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    assert {"language": "es", "voice": "elevenlabs/sarah"}.items() <= wire.sent()[-1].items()


def test_configured_and_removed_while_down() -> None:
    """Changes of channels while the link is down are part of the next registration."""
    wire = Wire().up()
    mara = wire.pc.agent("mara", phone_number=NUMBER)
    mara.add_channel("chat")
    mara.configure_channel(NUMBER, language="es")
    mara.remove_channel("chat")
    assert wire.sent_events() == ["agent.create"]
    wire.server("agent.created", agent_id="mara")
    (added,) = wire.sent()
    assert (added["event"], added["ref"], added["language"]) == ("channel.add", NUMBER, "es")


def test_removed() -> None:
    """remove_channel() gives the channel up on the server and here."""
    wire = Wire()
    mara = wire.agent(phone_number=NUMBER)
    mara.remove_channel(NUMBER)
    assert wire.sent() == [
        {"event": "channel.remove", "agent_id": "mara", "type": "phone", "ref": NUMBER}
    ]
    assert dict(mara.channels) == {}


@pytest.mark.parametrize(("channels", "has"), [([], "none"), (["chat", "webrtc"], "chat, webrtc")])
def test_unknown(channels: list[str], has: str) -> None:
    """A channel that the agent does not have is an error that names those it has."""
    mara = Wire().agent()
    for channel in channels:
        mara.add_channel(channel)
    with pytest.raises(ConfigurationError, match=f"no such channel; it has {has}$"):
        mara.remove_channel("mic")


def test_a_number_held_elsewhere() -> None:
    """A number that the server refuses is no longer a channel of the agent."""
    wire = Wire()
    mara = wire.agent(phone_numbers=[NUMBER, "+13186330964"])
    wire.server("error", agent_id="mara", code="PHONE_IN_USE", error="taken", phone=NUMBER)
    assert list(mara.channels) == ["+13186330964"]
    assert mara._numbers() == ["+13186330964"]


def test_calls_are_no_longer_taken() -> None:
    """While a client drains, its agents' channels are given back to the server, and kept here."""
    wire = Wire()
    mara = wire.agent(phone_number=NUMBER)
    wire.pc.agent("leo", phone_number="+13186330964")  # not registered yet
    wire.call(mara)
    wire.sent()
    wire.engine.begin_drain(30)
    assert wire.sent() == [
        {"event": "channel.remove", "agent_id": "mara", "type": "phone", "ref": NUMBER}
    ]
    assert list(mara.channels) == [NUMBER]
