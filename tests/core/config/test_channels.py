"""Channels: desired state, kept here, sent now and after every reconnect."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.config.channels import entries
from pinecall.core.config.checks import Place
from pinecall.core.config.methods import channel_options
from pinecall.errors import ConfigurationError
from pinecall.options import AgentOptions, Channel, ConfigOptions, DeployOptions

from ..harness import Wire
from .reading import TOKEN, agent, channels, deployed, refusal

NUMBER = "+13186330963"
WHATSAPP = {
    "access_token": "EAAsecret",
    "verify_token": "vt",
    "app_secret": "as",
    "phone": "+14155551234",
}


def added(wire: Wire) -> list[dict[str, Any]]:
    frames = wire.sent()
    assert {frame["event"] for frame in frames} <= {"channel.add"}
    return [{k: v for k, v in frame.items() if k not in ("event", "agent_id")} for frame in frames]


def test_phone() -> None:
    """A phone channel sends its number, and ringing only when it is true."""
    wire = Wire()
    mara = wire.agent()
    mara.add_channel("phone", NUMBER)
    mara.add_channel("phone", "+13186330964", ringing=False)
    mara.add_channel("phone", "+13186330965", ringing=True)
    assert added(wire) == [
        {"type": "phone", "ref": NUMBER},
        {"type": "phone", "ref": "+13186330964"},
        {"type": "phone", "ref": "+13186330965", "ringing": True},
    ]


@pytest.mark.parametrize("written", ["1 (318) 633-0963", "13186330963", "+1 318 633 0963"])
def test_the_normal_form_is_sent(written: str) -> None:
    """However a number is written, its normal form is on the wire, and there is one channel."""
    wire = Wire()
    mara = wire.agent()
    mara.add_channel(written)
    mara.add_channel("phone", NUMBER)
    assert {frame["ref"] for frame in added(wire)} == {NUMBER}
    assert list(mara.channels) == [NUMBER]


@pytest.mark.parametrize("bad", ["12345", "abc", "+1234567890123456"])
def test_bad_number(bad: str) -> None:
    """What is not a number is refused before anything is sent."""
    wire = Wire()
    mara = wire.agent()
    with pytest.raises(ConfigurationError):
        mara.add_channel("phone", bad)
    assert wire.sent() == []
    assert not mara.channels


def test_sip() -> None:
    """A SIP address passes as it is, as a phone channel."""
    wire = Wire()
    wire.agent().add_channel("phone", "sip:bot@example.com")
    assert added(wire) == [{"type": "phone", "ref": "sip:bot@example.com"}]


@pytest.mark.parametrize("kind", ["webrtc", "chat", "mic"])
def test_without_ref(kind: str) -> None:
    """webrtc, chat and mic send no ref."""
    wire = Wire()
    wire.agent().add_channel(kind)
    assert added(wire) == [{"type": kind}]


def test_whatsapp() -> None:
    """A WhatsApp channel sends its secrets in the wire's spelling."""
    wire = Wire()
    wire.agent().add_channel("whatsapp", "w1", **WHATSAPP)
    assert added(wire) == [
        {
            "type": "whatsapp",
            "ref": "w1",
            "accessToken": "EAAsecret",
            "verifyToken": "vt",
            "appSecret": "as",
            "phone": "+14155551234",
        }
    ]


def test_two_whatsapp_numbers() -> None:
    """Two WhatsApp numbers of one agent are both there again after a reconnect, phone included."""
    wire = Wire()
    mara = wire.agent()
    mara.add_channel("whatsapp", "w1", **WHATSAPP)
    mara.add_channel("whatsapp", "w2", **WHATSAPP)
    wire.sent()
    wire.lost()
    wire.reconnect()
    wire.sent()
    wire.server("agent.created", agent_id="mara")
    assert [(c["ref"], c["phone"]) for c in added(wire)] == [
        ("w1", "+14155551234"),
        ("w2", "+14155551234"),
    ]


def test_overrides() -> None:
    """What differs on a channel from the agent is sent with it."""
    wire = Wire()
    wire.agent().add_channel("phone", NUMBER, language="es", stt="deepgram:nova-3:es")
    assert added(wire) == [
        {
            "type": "phone",
            "ref": NUMBER,
            "language": "es",
            "stt": {"provider": "deepgram", "model": "nova-3", "language": "es"},
        }
    ]


def test_a_channel_object() -> None:
    """A Channel may be given as it is, and comes back."""
    wire = Wire()
    channel = Channel("phone", NUMBER, voice="polly/Lupe")
    assert wire.agent().add_channel(channel) is channel
    assert added(wire) == [{"type": "phone", "ref": NUMBER, "voice": "polly/Lupe"}]


def test_before_the_ack() -> None:
    """A channel added before the ack is sent once, with the ack."""
    wire = Wire().up()
    mara = wire.pc.agent("mara")
    mara.add_channel("chat")
    wire.sent()
    wire.server("agent.created", agent_id="mara")
    assert added(wire) == [{"type": "chat"}]


def test_remove() -> None:
    """remove_channel() sends type and ref, and the channel is not claimed again."""
    wire = Wire()
    mara = wire.agent()
    mara.add_channel(NUMBER)
    mara.add_channel("chat")
    wire.sent()
    mara.remove_channel("1 318 633 0963")
    mara.remove_channel("chat")
    assert wire.sent() == [
        {"event": "channel.remove", "agent_id": "mara", "type": "phone", "ref": NUMBER},
        {"event": "channel.remove", "agent_id": "mara", "type": "chat", "ref": "chat"},
    ]
    wire.lost()
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    assert wire.sent_events() == ["connect", "agent.create"]


def test_remove_while_down() -> None:
    """A channel removed while the link is down is not claimed again."""
    wire = Wire()
    mara = wire.agent()
    mara.add_channel(NUMBER)
    wire.lost()
    mara.remove_channel(NUMBER)
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    assert wire.sent_events() == ["connect", "agent.create"]


def test_unknown_channel() -> None:
    """Removing or configuring a channel that is not there names those that are."""
    mara = Wire().agent()
    with pytest.raises(ConfigurationError, match="it has none"):
        mara.remove_channel(NUMBER)
    mara.add_channel("chat")
    with pytest.raises(ConfigurationError, match="it has chat"):
        mara.configure_channel(NUMBER, language="es")


def test_configure() -> None:
    """configure_channel() sends the given keys and is part of every later claim."""
    wire = Wire()
    mara = wire.agent()
    mara.add_channel(NUMBER, language="es")
    wire.sent()
    mara.configure_channel(NUMBER, voice="cartesia/blake")
    assert wire.sent() == [
        {
            "event": "channel.configure",
            "agent_id": "mara",
            "ref": NUMBER,
            "voice": "cartesia/blake",
        }
    ]
    wire.lost()
    mara.configure_channel(NUMBER, language="fr")
    wire.reconnect()
    wire.server("agent.created", agent_id="mara")
    assert wire.sent()[-1] == {
        "event": "channel.add",
        "agent_id": "mara",
        "type": "phone",
        "ref": NUMBER,
        "voice": "cartesia/blake",
        "language": "fr",
    }


def test_phone_number_option() -> None:
    """phone_number stands above phone_numbers, and may carry ringing and overrides."""
    wire = Wire()
    mara = wire.agent(
        phone_number={"number": NUMBER, "ringing": True, "language": "es"},
        phone_numbers=["+13186330999"],
    )
    assert list(mara.channels) == [NUMBER]
    wire.lost()
    wire.reconnect()
    wire.sent()
    wire.server("agent.created", agent_id="mara")
    assert added(wire) == [{"type": "phone", "ref": NUMBER, "ringing": True, "language": "es"}]


@pytest.mark.parametrize("event", ["channel.added", "channel.configured", "channel.removed"])
def test_events(event: str) -> None:
    """The confirmations reach the agent's and the client's handlers with the ref."""
    wire = Wire()
    mara = wire.agent()
    on_agent, on_client = wire.listen(event, on=mara), wire.listen(event)
    wire.server(event, agent_id="mara", ref=NUMBER)
    assert on_agent == on_client
    assert on_agent[0][1].ref == NUMBER
    assert on_agent[0][2] is mara


def test_channels_are_read_only() -> None:
    """channels is a read-only mapping."""
    mara = Wire().agent()
    with pytest.raises(TypeError):
        mara.channels["x"] = Channel("chat")  # type: ignore[index]


@pytest.mark.parametrize(
    "options",
    [
        {"voice": "a/b", "language": "es"},
        {"config": {"voice": "a/b", "language": "es"}},
        {"config": ConfigOptions(voice="a/b"), "language": "es"},
    ],
    ids=["keywords", "dict", "object"],
)
def test_configuring_a_channel_as_it_is_added(options: dict[str, Any]) -> None:
    """``configure_channel`` takes what ``add_channel`` takes, flat on the wire, and it is replayed."""
    wire = Wire()
    agent = wire.agent()
    agent.add_channel("phone", "+13186330963", **options)
    added = wire.sent()[-1]
    assert (added["voice"], added["language"]) == ("a/b", "es")
    other = wire.agent("leo")
    other.add_channel("phone", "+13186330964")
    wire.sent()
    other.configure_channel("+13186330964", **options)
    (frame,) = wire.sent()
    assert (frame["event"], frame["voice"], frame["language"]) == ("channel.configure", "a/b", "es")
    wire.lost()
    wire.reconnect()
    wire.sent()
    wire.server("agent.created", agent_id="leo")
    replayed = wire.sent()[-1]
    assert (replayed["event"], replayed["voice"], replayed["language"]) == (
        "channel.add",
        "a/b",
        "es",
    )


def test_a_misspelt_key_of_a_channel() -> None:
    """A key that no channel has is refused by both, also inside ``config``."""
    wire = Wire()
    agent = wire.agent()
    agent.add_channel("phone", "+13186330963")
    for change in (
        lambda: agent.add_channel("phone", "+13186330964", config={"voise": "a/b"}),
        lambda: agent.configure_channel("+13186330963", config={"voise": "a/b"}),
        lambda: agent.configure_channel("+13186330963", voise="a/b"),
    ):
        with pytest.raises(ConfigurationError, match="did you mean 'voice'"):
            change()


def test_deployed_channels() -> None:
    """Each way of writing a channel, in the order given."""
    own = Channel("phone", "+13186330963", voice="a/b")
    sip = {"type": "sip", "ref": "sip:a@b", "config": {"voice": "c/d"}, "ringing": True}
    assert deployed("webrtc", "chat", "mic", "34 600 123 456", "sip:x@y", own, sip) == [
        Channel("webrtc"),
        Channel("chat"),
        Channel("mic"),
        Channel("phone", "+34600123456"),
        Channel("phone", "sip:x@y"),
        own,
        Channel("phone", "sip:a@b", voice="c/d", ringing=True),
    ]


def test_same_channel_twice() -> None:
    """One number written twice is one channel, as it was given last."""
    assert deployed("+13186330963", Channel("phone", "1-318-633-0963", voice="a/b")) == [
        Channel("phone", "+13186330963", voice="a/b")
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("webrct", "'webrct' is no channel; did you mean 'webrtc'?"),
        ("12", "'12' is no channel; give 'webrtc', 'chat' or 'mic', a phone number with its country"
         " code, like '+13186330963', or a sip: URI"),
        ("whatsapp", "'whatsapp' needs its ref; give Channel('whatsapp', …)"),
        (13186330963, "it must be a str, a Channel or a dict, got int 13186330963"),
        ({"ref": "+13186330963"}, "it has no type; give {'type': 'phone', 'ref': '+13186330963'}"),
        ({"type": "phone", "ref": "12"}, "phone channel: '12' is not a phone number: it has 2 digits; write it with"
         " its country code and 8 to 15 digits, like '+13186330963', or give a SIP address, like"
         " 'sip:bot@example.com'"),
        ({"type": "chat", 1: 2}, "the option names of a channel must be str"),
    ],
)  # fmt: skip
def test_channel_entry_refused(entry: object, message: str) -> None:
    """A bad entry is refused with its place in the list."""
    assert refusal(lambda: deployed(entry)) == f"agent 'mara', channels[0]: {message}"


def test_phone_number_forms() -> None:
    """phone_number is a number, a dict or a Channel, and stands above phone_numbers."""
    want = [Channel("phone", "+13186330963", ringing=True, voice="a/b")]
    form = {"number": "13186330963", "ringing": True, "voice": "a/b"}
    assert channels(phone_number=form) == channels({"phoneNumber": want[0]}) == want
    assert channels(phone_number=form, phone_numbers=["+34600123456"]) == want
    assert channels(phone_numbers=["34600123456", form]) == [
        Channel("phone", "+34600123456"), *want,
    ]  # fmt: skip


def test_whatsapp_forms() -> None:
    """whatsapp is a dict in either spelling, a Channel, or a list of them."""
    want = Channel("whatsapp", "123", access_token="t", app_secret="s", language="es")
    camel = {"phoneNumberId": "123", "accessToken": "t", "appSecret": "s", "language": "es"}
    snake = {"phone_number_id": "123", "access_token": "t", "app_secret": "s", "language": "es"}
    assert channels(whatsapp=camel) == channels(whatsapp=[snake]) == channels(whatsapp=[want])
    assert channels(whatsapp=camel) == [want]


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (("webrct",), {}, "webrct channel: did you mean 'webrtc'?"),
        (("zzz",), {}, "zzz channel: there is no such type; there are phone, webrtc, chat, mic and"
         " whatsapp"),
        ((5,), {}, "channel: type must be a str like 'phone', got int 5"),
        (("phone",), {}, "phone channel: it needs a ref: the number or sip: URI"),
        (("whatsapp",), {}, "whatsapp channel: it needs a ref: WhatsApp's phone-number id"),
        (("whatsapp", 5), {}, "whatsapp channel: ref must be WhatsApp's phone-number id as a str,"
         " got int 5"),
        (("whatsapp", "1"), {}, "whatsapp channel: it needs access_token, the token of the WhatsApp"
         " Business account"),
        (("chat", "x"), {}, "chat channel: it has no ref; leave it out"),
        (("chat",), {"ringing": True}, "chat channel: ringing is for phone channels; leave it out"),
        (("chat",), {"phone": "1"}, "chat channel: phone is for whatsapp channels; leave it out"),
        (("chat",), {"voise": "x"}, "chat channel: there is no option 'voise'; did you mean"
         " 'voice'?"),
    ],
)  # fmt: skip
def test_channel_refused(args: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    """A channel says what it lacks or has too much."""
    assert refusal(lambda: Channel(*args, **options)) == message
    kind, ref = (*args, None)[:2]
    through = refusal(lambda: channel_options(kind, ref, options, agent_id="mara"))
    assert through == f"agent 'mara': {message}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"voice": "x"}, ", phone_number: it has no number"),
        (Channel("chat"), ", phone_number: a chat channel is no phone number; use add_channel()"),
        (5, ", phone_number: phone channel: a phone number must be a str like '+13186330963',"
         " got 5 (int); put it in quotes"),
    ],
)  # fmt: skip
def test_phone_number_refused(value: object, message: str) -> None:
    """A phone_number that is none is refused."""
    assert refusal(lambda: channels(phone_number=value)) == f"agent 'mara'{message}"


def test_secrets_stay_out_of_reprs() -> None:
    """No repr of options or channels holds a WhatsApp secret, read or not."""
    keys = {"accessToken": TOKEN, "verifyToken": TOKEN, "appSecret": TOKEN}
    raw = {"phoneNumberId": "1", **keys}
    entry = {"type": "whatsapp", "ref": "1", **keys}
    shown = [
        Channel("whatsapp", "1", access_token=TOKEN, verify_token=TOKEN, app_secret=TOKEN),
        AgentOptions(whatsapp=[raw]),
        agent(whatsapp=[raw]),
        DeployOptions(channels=[entry]),
        deployed(entry),
    ]
    assert TOKEN not in repr(shown)
    assert repr(shown[0]) == "Channel(type='whatsapp', ref='1')"


def test_lists_of_channels_refused() -> None:
    """What is no list of channels or numbers is refused, and so is WhatsApp without its dict."""
    place = Place("agent 'mara'")
    assert refusal(lambda: entries(place, "channels", "webrtc")) == (
        "agent 'mara': channels must be a list of channels, got str"
    )
    assert refusal(lambda: channels(phone_numbers="+13186330963")) == (
        "agent 'mara': phone_numbers must be a list of phone numbers, got str"
    )
    assert refusal(lambda: channels(whatsapp=5)) == (
        "agent 'mara', whatsapp[0]: it must be a dict with phone_number_id and access_token, got int 5"
    )
