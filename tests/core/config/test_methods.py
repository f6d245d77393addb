"""What users type for each method becomes options and channels, or is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pinecall.core.config.methods import (
    agent_options,
    channel_change,
    channel_options,
    check_agent_id,
    configure_options,
    deploy_options,
    find_channel,
    line_options,
    put_skill,
    reconnect_policy,
    session_options,
)
from pinecall.errors import ConfigurationError
from pinecall.options import (
    AgentOptions,
    Channel,
    ConfigOptions,
    DeployOptions,
    LineOptions,
    ReconnectPolicy,
)

from ..harness import Wire
from .reading import Tool, deploy, refusal


@pytest.mark.parametrize(
    ("agent_id", "message"),
    [
        (5, "agent id: it must be a str like 'mara', got int 5"),
        ("", "agent id: '' is empty or has white space around it; give it a name"),
        (" mara", "agent id: ' mara' is empty or has white space around it; give it a name"),
        ("line:+1", "agent id: 'line:+1' is the address of a line; use line() for numbers"),
    ],
)
def test_agent_id(agent_id: object, message: str) -> None:
    """An agent's id is a filled str and not a line's address."""
    assert check_agent_id("mara") == "mara"
    assert refusal(lambda: check_agent_id(agent_id)) == message


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [
        ("gpt-4.1-mini", "openai", "gpt-4.1-mini"),
        ("openai:gpt-4.1", "openai", "gpt-4.1"),
        ("openai/gpt-4.1", "openai", "gpt-4.1"),
        ("openrouter/x-ai/grok-4:free", "openrouter", "x-ai/grok-4:free"),
        ("openrouter:x-ai/grok-4", "openrouter", "x-ai/grok-4"),
    ],
)
def test_model(model: str, provider: str, name: str) -> None:
    """A model is split at its first separator, and is OpenAI's without one."""
    assert deploy(model=model).llm == {"provider": provider, "model": name, "enabled": True}


def test_model_by_default() -> None:
    """A prompt alone means OpenAI's gpt-4.1-mini; neither means the program answers."""
    default = {"provider": "openai", "model": "gpt-4.1-mini", "enabled": True}
    assert deploy(prompt="x").llm == default
    assert deploy(prompt="x", llm="a/b").llm == "a/b"
    assert deploy(voice="x").llm is None
    assert deploy(DeployOptions(prompt="x", model="a/b")).llm == {
        "provider": "a", "model": "b", "enabled": True,
    }  # fmt: skip


def test_model_on_a_second_deploy() -> None:
    """A prompt deployed onto an agent that has a model leaves the model alone."""
    existing = deploy(prompt="x", model="anthropic/claude")
    options = {"prompt": "y"}
    again, _ = deploy_options(None, options, agent_id="mara", existing=existing)
    assert again == AgentOptions(prompt="y")
    bare, _ = deploy_options(None, options, agent_id="mara", existing=AgentOptions())
    assert bare.llm is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "openai/"}, "model is 'openai/'; write it like 'gpt-4.1-mini' or"
         " 'openai/gpt-4.1'"),
        ({"model": ":x"}, "model is ':x'; write it like 'gpt-4.1-mini' or 'openai/gpt-4.1'"),
        ({"model": 5}, "model must be a str, got int 5"),
        ({"model": "a/b", "llm": "a/b"}, "model and llm are both given; keep one"),
        ({"phones": ["+1"]}, "phones is called channels"),
        ({"chanels": []}, "there is no option 'chanels'; did you mean 'channels'?"),
        ({"channels": "webrtc"}, "channels must be a list of channels, got str"),
    ],
)  # fmt: skip
def test_deploy_refuses(options: dict[str, object], message: str) -> None:
    """What deploy() cannot take is refused with what it takes instead."""
    assert refusal(lambda: deploy(**options)) == f"agent 'mara': {message}"


def test_add_channel_forms() -> None:
    """add_channel() takes a type and a ref, or a number alone."""
    want = Channel("phone", "+13186330963", voice="a/b")
    voice = {"voice": "a/b"}
    assert channel_options("phone", "13186330963", voice, agent_id="mara") == want
    assert channel_options("13186330963", None, voice, agent_id="mara") == want
    assert channel_options("phone", "13186330963", {"config": voice}, agent_id="mara") == want


def test_configure_channel() -> None:
    """configure_channel() takes overrides and sends everything else back to add_channel()."""
    change = channel_change({"sessionLimits": {}}, agent_id="mara", ref="chat")
    assert change == ConfigOptions(session_limits={})
    message = refusal(lambda: channel_change({"ringing": True}, agent_id="mara", ref="+1"))
    assert message == (
        "agent 'mara', channel '+1': ringing is set where the channel is added; call add_channel()"
        " again with the same ref"
    )


def test_find_channel() -> None:
    """A channel is found by its ref in any writing, or by its type where it has no ref."""
    phone, chat = Channel("phone", "+13186330963"), Channel("chat")
    whatsapp = Channel("whatsapp", "13186330963", access_token="t")
    assert find_channel([phone, chat], "1 318 633 0963") is phone
    assert find_channel([phone, chat], "chat") is chat
    assert find_channel([phone, whatsapp], "13186330963") is whatsapp
    assert find_channel([phone, chat], "webrtc") is None
    assert find_channel([phone, chat], "+34600123456") is None


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("phone_number", "phone_number cannot be configured on an agent that exists; use"
         " add_channel() and remove_channel()"),
        ("allowedOrigins", "allowedOrigins is only sent when the agent is created; give it to"
         " agent() or deploy()"),
    ],
)  # fmt: skip
def test_configure_refuses(key: str, message: str) -> None:
    """What a live agent or session cannot change is refused, not ignored."""
    config = {key: ["x"]}
    assert refusal(lambda: configure_options(config, {}, agent_id="mara")) == (
        f"agent 'mara': {message}"
    )
    assert refusal(lambda: session_options(config, {}, call_id="CA1")) == f"call 'CA1': {message}"


def test_configure_keeps_name_and_history() -> None:
    """configure() changes the name and the store too, though they are never sent."""
    store = type("Store", (), {"save": lambda self, record: None})()
    options = configure_options(None, {"name": "Mara", "history": store}, agent_id="mara")
    assert options == AgentOptions(name="Mara", history=store)


def test_line_options() -> None:
    """A line takes its five options in either spelling."""
    assert line_options({"turnDetection": "native"}, {"extension_window": 0}, number="+1") == (
        LineOptions(turn_detection="native", extension_window=0)
    )
    given = LineOptions(voice="a/b", extension_window=1.0)
    assert line_options(given, {"voice": "c/d"}, number="+1") == (
        LineOptions(voice="c/d", extension_window=1.0)
    )


@pytest.mark.parametrize("key", ["llm", "prompt", "tools", "greeting"])
def test_line_refuses_agents_options(key: str) -> None:
    """A line has no model: its options are refused under the platform's code."""
    with pytest.raises(ConfigurationError) as err:
        line_options(None, {key: "x"}, number="+12186633772")
    assert err.value.code == "LINE_CONFIG_ERROR"
    assert str(err.value) == (
        f"line '+12186633772': {key} is refused: a line is answered by your code, not by a model;"
        " route_to() an agent instead"
    )


def test_line_unknown_key() -> None:
    """A line names the nearest key of its own."""
    message = refusal(lambda: line_options({"extensionWindowMs": 1}, {}, number="+1"))
    assert message == (
        "line '+1': there is no option 'extensionWindowMs'; did you mean 'extension_window'?"
    )


def test_reconnect() -> None:
    """True is the default policy, False is none, and a policy is itself."""
    assert reconnect_policy(True) == ReconnectPolicy(0.5, 30.0, 2.0, 1.0, None)
    assert reconnect_policy(False) is None
    policy = ReconnectPolicy(initial=1, max_attempts=3)
    assert reconnect_policy(policy) is policy
    assert refusal(lambda: reconnect_policy(5)) == (
        "Pinecall(): reconnect must be True, False or a ReconnectPolicy, got int 5"
    )


def test_put_skill() -> None:
    """A skill takes the place of the one of its name, else comes last."""
    old, other, new = Tool("a"), {"name": "b"}, Tool("a")
    assert put_skill([old, other], new) == [new, other]
    assert put_skill([other], new) == [other, new]
    assert put_skill(None, new) == [new]


def test_import_is_light() -> None:
    """The options load without a transport, an event loop or difflib."""
    code = (
        "import sys, pinecall.core.config.methods, pinecall.core.config.wire_form\n"
        "heavy = {'asyncio', 'websockets', 'websocket', 'httpx', 'socket', 'difflib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_defaults_of_deploy() -> None:
    """What ``deploy()`` documents as its defaults can be read, and what is the server's is not sent."""
    wire = Wire().up()
    mara = wire.pc.deploy("mara", prompt="Be brief.")
    assert mara.config.stt == "deepgram-flux"
    assert mara.config.llm == {"provider": "openai", "model": "gpt-4.1-mini", "enabled": True}
    (frame,) = wire.sent()
    assert "stt" not in frame
    wire.server("agent.created", agent_id="mara")
    assert wire.pc.deploy("mara", stt="gladia").config.stt == "gladia"
    (frame,) = wire.sent()
    assert frame["stt"] == "gladia"
    assert wire.pc.deploy("mara", language="es").config.stt == "gladia"


def test_agent_and_a_channel_of_its_own() -> None:
    """agent() gives its options and channels; a Channel given to add_channel() is taken as it is."""
    options, channels = agent_options(
        {"phone_number": "+13186330963"}, {"name": "Mara"}, agent_id="mara"
    )
    own = Channel("phone", "+13186330963")
    assert (options.name, channels) == ("Mara", [own])
    assert channel_options(own, None, {}, agent_id="mara") is own
