"""No key, token or secret in the errors, logs and reprs of the whole engine."""

from __future__ import annotations

import json
import logging

import pytest

from pinecall.core.link.link import Failure
from pinecall.errors import ConfigurationError
from pinecall.options import Channel

from ..harness import EVENTS, KEY, Wire

SECRETS = {"access_token": "EAAsecret", "verify_token": "vt-secret", "app_secret": "as-secret"}
#: Fields in which a server might repeat what it was given.
WORDS = (
    "error",
    "message",
    "reason",
    "text",
    "code",
    "owner",
    "phone",
    "status",
    "source",
    "agent",
)


def shown(wire: Wire, told: list[tuple[object, ...]], caplog: pytest.LogCaptureFixture) -> str:
    """Everything that a user could read."""
    errors = [args[0] for name, *args in told if name == "error"]
    parts = [caplog.text, repr(wire.pc), str(wire.pc.stats())]
    parts += [f"{error} {error!r} {error.args}" for error in errors]  # type: ignore[attr-defined]
    parts += [repr(agent) for agent in wire.pc.agents.values()]
    parts += [repr(call) for call in wire.engine.registry.calls.values()]
    return "\n".join(parts)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_the_server_repeats_the_key(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A key that the server repeats in any words of any event is in no error and no log line."""
    caplog.set_level(logging.DEBUG)
    for words in (f"bad key {KEY}!", f'got {{"api_key":"{KEY}","token":"tok-secret"}}'):
        wire = Wire()
        wire.call()
        wire.call(call_id="U1")
        mara = wire.engine.registry.agents["mara"]
        mara.add_channel("+13186330963")
        told = wire.listen("error")
        call = wire.engine.registry.calls["CA1"]
        request = call._ask_history()
        dial = mara._place_dial(
            "+14155551234",
            None,
            greeting=None,
            metadata=None,
            config=None,
            detect_turn_end=False,
            timeout=30.0,
        )
        fields = {field: words for field in EVENTS[name]["fields"] if field in WORDS}
        wire.text(json.dumps({**EVENTS[name]["example"], "agent_id": "mara", **fields}))
        text = shown(wire, told, caplog)
        for outcome in (request, dial, mara._registration.ready):
            text += repr(outcome.error)
        assert KEY not in text
        assert "tok-secret" not in text


@pytest.mark.parametrize(
    "text", [KEY, f'{{"api_key":"{KEY}"}}', f'{{"x":"{KEY}"', f'[{{"token":"{KEY}"}}]']
)
def test_no_frames(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """The key in something that is not a frame is not shown."""
    caplog.set_level(logging.DEBUG)
    wire = Wire().up()
    told = wire.listen("error")
    for _ in range(12):
        wire.text(text)
    wire.text("x" * (5 << 20) + text)
    wire.text(text + "x" * (5 << 20))
    assert len(told) == 10
    assert KEY not in shown(wire, told, caplog)


def test_refused_key(caplog: pytest.LogCaptureFixture) -> None:
    """The key is not in the error that refuses it, nor in the log."""
    caplog.set_level(logging.DEBUG)
    wire = Wire()
    outcome = wire.connect()
    wire.opened()
    wire.server("error", code="INVALID_KEY", error=f"Invalid API key {KEY}")
    assert "***" in str(outcome.error)
    assert KEY not in str(outcome.error) + repr(outcome.error) + caplog.text


@pytest.mark.parametrize("code", [1000, 1008, 4001, 1006])
@pytest.mark.parametrize("connected", [True, False])
def test_close_reasons(code: int, connected: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The key in a close reason is not shown, before connected and after."""
    caplog.set_level(logging.DEBUG)
    wire = Wire(reconnect=None)
    told = wire.listen("error", "disconnected")
    over = wire.engine.when_over()
    outcome = wire.connect()
    wire.opened()
    if connected:
        wire.server("connected")
        over = wire.engine.when_over()
    wire.lost(code, f"bad key {KEY}")
    text = shown(wire, told, caplog) + str(told) + repr(outcome.error) + repr(over.error)
    assert KEY not in text
    assert KEY not in wire.link.close_reason


def test_failures(caplog: pytest.LogCaptureFixture) -> None:
    """What a front says of a failed attempt stands in the error; the key does not."""
    wire = Wire()
    outcome = wire.connect()
    wire.failed(Failure("proxy", "the proxy did not connect", retryable=False))
    assert "the proxy did not connect" in str(outcome.error)
    assert KEY not in repr(outcome.error)


def test_short_keys() -> None:
    """A key of three letters does not blank every word that contains them."""
    wire = Wire(key="the")
    assert wire.engine.clean("the other") == "the other"


def test_no_key_at_all() -> None:
    """Without a key now, what was one before is still blanked, and the rest stays."""
    wire = Wire().up()

    def none() -> str:
        raise ConfigurationError("no API key")

    wire.engine._api_key = none
    assert wire.engine.clean(f"{KEY} and more") == "*** and more"


def test_whatsapp_secrets(caplog: pytest.LogCaptureFixture) -> None:
    """The secrets of a WhatsApp channel are in no repr, no error and no log line."""
    caplog.set_level(logging.DEBUG)
    wire = Wire()
    channel = Channel("whatsapp", "w1", **SECRETS)  # type: ignore[arg-type]
    mara = wire.agent(whatsapp={"phone_number_id": "w2", **SECRETS})
    mara.add_channel(channel)
    told = wire.listen("error")
    for bad in ({"access_token": 5}, {**SECRETS, "vioce": "x"}, {**SECRETS, "ringing": True}):
        with pytest.raises(ConfigurationError) as caught:
            mara.add_channel("whatsapp", "w3", **bad)
        assert not any(secret in str(caught.value) for secret in SECRETS.values())
    text = shown(wire, told, caplog) + repr(channel) + repr(mara.config) + repr(mara.channels)
    assert not any(secret in text for secret in SECRETS.values())


def test_a_handler_that_raises_with_the_key() -> None:
    """What user code says when it raises is not repeated with the key in it."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("error", on=call.agent)

    def broken(event: object, call: object) -> None:
        raise ValueError(f"no luck with {KEY}")

    wire.pc._add_handler("user.message", broken)
    wire.server("user.message", agent_id="mara", call_id="CA1", message_id="m1", text="hi")
    assert "no luck with ***" in str(told[0][1])


def test_frames_that_cannot_be_written() -> None:
    """The error for a frame that is not JSON does not quote it."""
    wire = Wire().up()
    with pytest.raises(ConfigurationError) as caught:
        wire.pc.send({"event": "x", "api_key": KEY, "bad": object()})
    assert KEY not in str(caught.value)


def test_not_even_in_tracebacks_of_no_frames() -> None:
    """The report of a message that is not a frame has no cause that would quote it."""
    wire = Wire().up()
    told = wire.listen("error")
    wire.text(f"{KEY}")
    assert told[0][1].__cause__ is None
