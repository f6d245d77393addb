"""What users type is read, checked and refused with a message that says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from pinecall.core.config import option_types
from pinecall.core.config.channels import CHANNEL
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
from pinecall.core.config.shared import CONFIG
from pinecall.core.config.table import table_of
from pinecall.errors import ConfigurationError
from pinecall.options import (
    AddChannelFields,
    AgentFields,
    AgentOptions,
    Channel,
    ConfigOptions,
    ConfigureChannelFields,
    DeployFields,
    DeployOptions,
    LineOptions,
    ReconnectPolicy,
)

TOKEN = "EAAGm0PX4ZCpsBAKZ"


class Tool:
    """Stands for a decorated function."""

    def __init__(self, name: str) -> None:
        self.name = name

    def to_wire(self) -> dict[str, object]:
        return {"type": "function", "function": {"name": self.name}}


def plain_function() -> None:
    """A function that nobody decorated."""


def agent(config: object = None, /, **options: Any) -> AgentOptions:
    return agent_options(config, options, agent_id="mara")[0]


def channels(config: object = None, /, **options: Any) -> list[Channel]:
    return agent_options(config, options, agent_id="mara")[1]


def deploy(config: object = None, /, **options: Any) -> AgentOptions:
    return deploy_options(config, options, agent_id="mara")[0]


def deployed(*given: object) -> list[Channel]:
    return deploy_options(None, {"channels": list(given)}, agent_id="mara")[1]


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as err:
        call()
    assert isinstance(err.value, ValueError)
    return str(err.value)


# ---- sources and spellings


def test_one_config_three_ways() -> None:
    """Keywords, a dict in either spelling and the attrs class mean the same."""
    want = AgentOptions(prompt_vars={"a": 1}, greeting_in_chat=True, session_limits={})
    keywords = {"prompt_vars": {"a": 1}, "greeting_in_chat": True, "session_limits": {}}
    camel = {"promptVars": {"a": 1}, "greetingInChat": True, "sessionLimits": {}}
    assert agent(**keywords) == agent(keywords) == agent(camel) == agent(want) == want
    assert agent(vars={"a": 1}) == AgentOptions(prompt_vars={"a": 1})


def test_by_value() -> None:
    """Options are equal, and hash alike, if they are of one class and their fields are equal."""
    assert AgentOptions(prompt="a") == AgentOptions(prompt="a") != AgentOptions(prompt="b")
    assert hash(AgentOptions(prompt="a")) == hash(AgentOptions(prompt="a"))
    assert AgentOptions(prompt="a") != DeployOptions(prompt="a")
    assert AgentOptions(prompt="a") != "a"


def test_keywords_win() -> None:
    """A keyword takes precedence over the config; None does not count as a value."""
    config = {"voice": "a/b", "promptVars": {"a": 1}}
    options = agent(config, prompt_vars={"b": 2}, voice=None)
    assert options == AgentOptions(voice="a/b", prompt_vars={"b": 2})


def test_two_spellings() -> None:
    """One key in two spellings is fine with one value and refused with two."""
    assert agent({"raw_prompt": True, "rawPrompt": True}).raw_prompt is True
    message = refusal(lambda: agent({"raw_prompt": True, "rawPrompt": False}))
    assert message == "agent 'mara': raw_prompt is given twice, with different values; keep one"


@pytest.mark.parametrize("order", [1, -1])
def test_session_limits_in_two_spellings(order: int) -> None:
    """sessionLimits wins over session_limits, as on the platform."""
    pairs: list[tuple[str, object]] = [
        ("sessionLimits", {"idle_timeout_seconds": 1}),
        ("session_limits", {"idle_timeout_seconds": 2}),
    ]
    assert agent(dict(pairs[::order])).session_limits == {"idle_timeout_seconds": 1}


def test_nothing_is_shared_with_the_caller() -> None:
    """Changing a dict or a list after the call changes nothing."""
    variables: dict[str, Any] = {"a": {"b": [1]}}
    tools: list[object] = [Tool("lookup")]
    options = agent(prompt_vars=variables, tools=tools)
    variables["a"]["b"].append(2)
    tools.clear()
    assert options.prompt_vars == {"a": {"b": [1]}}
    assert options.tools is not None
    assert len(options.tools) == 1


def test_read_twice() -> None:
    """Options that were read can be given again and stay what they are."""
    options = agent(
        greeting={"text": "Hi", "addToHistory": False},
        preparing={"timeoutMs": 5},
        phone_number={"number": "13186330963", "voice": "a/b"},
        whatsapp={"phoneNumberId": "1", "accessToken": TOKEN},
    )
    assert agent(options) == options


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("session_limits", {"idle_timeout_seconds": 10**400}),
        ("flash", 0.5),
        ("flash", None),
        ("voice", {"provider": "elevenlabs", "speed": 1.25}),
        ("interruption", {"enabled": True, "minWords": 2}),
        ("knowledge_base", "kb_1"),
        ("greeting", {"text": "Hi"}),
        ("tools", [{"type": "web_search"}, {"type": "web_search"}]),
    ],
)
def test_right_value(field: str, value: object) -> None:
    """Every form that a field may have is kept as it was given."""
    assert getattr(agent({field: value}), field) == value


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("voise", "there is no option 'voise'; did you mean 'voice'?"),
        ("promptVar", "there is no option 'promptVar'; did you mean 'prompt_vars'?"),
        ("model", "model is an option of deploy(); here it is llm, like llm='openai/gpt-4.1-mini'"),
        ("channels", "channels is an option of deploy(); here it is phone_number, or use"
         " add_channel()"),
        ("instructions", "instructions is called prompt"),
        ("turnDetection", "turnDetection is not configurable: the server derives it from stt;"
         " remove it"),
    ],
)  # fmt: skip
def test_unknown_key(key: str, message: str) -> None:
    """An unknown key is refused with the agent, the key and the nearest one, None or not."""
    assert refusal(lambda: agent({key: "x"})) == f"agent 'mara': {message}"
    assert refusal(lambda: agent(**{key: None})) == f"agent 'mara': {message}"


def test_unlike_any_key() -> None:
    """A key like no other is answered with all there are."""
    message = refusal(lambda: agent(zzz=1))
    assert message.startswith("agent 'mara': there is no option 'zzz'; there are allowed_origins,")


def test_error_names_the_agent() -> None:
    """The error carries the agent's id, and the call's where there is one."""
    with pytest.raises(ConfigurationError) as err:
        agent(voise="x")
    assert (err.value.agent_id, err.value.call_id) == ("mara", None)
    with pytest.raises(ConfigurationError) as err:
        session_options(None, {"voise": "x"}, agent_id="mara", call_id="CA1")
    assert (err.value.agent_id, err.value.call_id) == ("mara", "CA1")
    assert str(err.value).startswith("call 'CA1': ")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (5, "config must be an options object or a dict (or use keywords), got int 5"),
        ("openai/gpt-4.1", "config must be an options object or a dict (or use keywords), got str"),
        ({1: 2}, "option names must be str, got int"),
    ],
)
def test_config_of_a_wrong_kind(config: object, message: str) -> None:
    """What is neither options nor a dict is refused."""
    assert refusal(lambda: agent(config)) == f"agent 'mara': {message}"


# ---- values


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("language", 5, "language must be a str, got int 5"),
        ("timezone", ["x"], "timezone must be a str, got list"),
        ("voice", True, "voice must be a str or a dict, got bool True"),
        ("llm", ["x"], "llm must be a str or a dict, got list"),
        ("interruption", "no", "interruption must be a bool or a dict, got str"),
        ("raw_prompt", 1, "raw_prompt must be True or False, got int 1"),
        ("prompt_vars", "x", "prompt_vars must be a dict, got str"),
        ("prompt_vars", {1: 2}, "prompt_vars has the key 1; keys must be str"),
        ("prompt_vars", {"a": [{1}]}, "prompt_vars['a'][0] is a set, which JSON cannot carry;"
         " give a str, a number, a bool, None, a list or a dict"),
        ("session_limits", {"idle_timeout_seconds": True}, "session_limits"
         "['idle_timeout_seconds'] must be a number, 0 or more, got bool True"),
        ("flash", float("nan"), "flash is nan, which JSON cannot carry"),
        ("knowledge_base", 1, "knowledge_base must be a str or a list of str, got int 1"),
        ("allowed_origins", "https://x", "allowed_origins must be a list of str, got str"),
        ("allowed_origins", [""], "allowed_origins[0] is empty; give it a value or leave it out"),
        ("greeting", 5, "greeting must be a str, {language: text}, {text, add_to_history} or a"
         " function, got int 5"),
        ("greeting", {}, "greeting is an empty dict; give {'en': 'Hello'} or leave it out"),
        ("greeting", {"en": 5}, "greeting['en'] must be a str, got int 5"),
        ("greeting", {"text": 5}, "greeting['text'] must be a str, got int 5"),
        ("greeting", {"text": "x", "add": 1}, "greeting has no key 'add'; it takes"
         " add_to_history, text"),
        ("greeting", {"text": "x", "addToHistory": 1}, "greeting['add_to_history'] must be True or"
         " False, got int 1"),
        ("preparing", "yes", "preparing must be a bool or a dict with enabled and timeout_ms,"
         " got str"),
        ("preparing", {"timeout": 5}, "preparing has no key 'timeout'; did you mean 'timeout_ms'?"),
        ("preparing", {"timeout_ms": -1}, "preparing['timeout_ms'] must be a number, 0 or more,"
         " got int -1"),
        ("preparing", {"enabled": 1}, "preparing['enabled'] must be True or False, got int 1"),
        ("preparing", {"timeout_ms": 1, "timeoutMs": 2}, "preparing has 'timeout_ms' twice, with"
         " different values"),
        ("session_limits", {"idle_timeout": 5}, "session_limits has no key 'idle_timeout'; did you"
         " mean 'idle_timeout_seconds'?"),
        ("session_limits", {"idle_timeout_seconds": "5"}, "session_limits['idle_timeout_seconds']"
         " must be a number, 0 or more, got str"),
        ("tools", Tool("x"), "tools must be a list of tools, got Tool"),
        ("tools", [plain_function], "tools[0] is the plain function plain_function; decorate it"
         " with @tool"),
        ("tools", ["lookup"], "tools[0] must be a function decorated with @tool, or a dict,"
         " got str"),
        ("tools", [{"parameters": {}}], "tools[0] is a dict without a tool in it; give {'type':"
         " 'function', 'function': {'name': …, 'parameters': …}} or a function decorated with"
         " @tool"),
        ("tools", [Tool("a"), {"type": "function", "function": {"name": "a"}}], "tools has two"
         " entries named 'a'; give each its own name"),
        ("skills", Tool("x"), "skills must be a list of skills, got Tool"),
        ("skills", [5], "skills[0] must be a Skill or a dict with a name, got int 5"),
        ("skills", [{"description": "x"}], "skills[0]['name'] is empty; give it a value or leave"
         " it out"),
        ("skills", [{"name": "x"}], "skills[0]: skill 'x': description missing"),
        ("skills", [{"name": "x", "description": "y", "activate": "manual"}], "skills[0]: skill 'x':"
         " unknown key 'activate'; did you mean 'activation'?"),
        ("skills", [{"name": "x", "tools": [plain_function]}], "skills[0]['tools'][0] is the plain"
         " function plain_function; decorate it with @tool"),
        ("history", object(), "history must be an object with a save(record) method, got object"),
        ("name", "", "name is empty; give it a value or leave it out"),
        ("phone_numbers", "+13186330963", "phone_numbers must be a list of phone numbers, got str"),
    ],
)  # fmt: skip
def test_wrong_value(field: str, value: object, message: str) -> None:
    """A wrong value is refused with its field, what it was and what it must be."""
    assert refusal(lambda: agent({field: value})) == f"agent 'mara': {message}"


def test_limits_and_analysis_take_camel_case() -> None:
    """Keys inside session_limits, analysis, memory and media end in the spelling of the wire."""
    options = agent(
        session_limits={"maxDurationSeconds": 5, "idleGraceSeconds": None},
        analysis={"sendTurnAudio": True, "recording": True},
        memory={"contact_key": "email"},
        media={"max_duration_seconds": 5},
    )
    assert options == AgentOptions(
        session_limits={"max_duration_seconds": 5},
        analysis={"send_turn_audio": True, "recording": True},
        memory={"contactKey": "email"},
        media={"maxDurationSeconds": 5},
    )


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


# ---- deploy


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


# ---- channels


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


def test_add_channel_forms() -> None:
    """add_channel() takes a type and a ref, or a number alone."""
    want = Channel("phone", "+13186330963", voice="a/b")
    voice = {"voice": "a/b"}
    assert channel_options("phone", "13186330963", voice, agent_id="mara") == want
    assert channel_options("13186330963", None, voice, agent_id="mara") == want
    assert channel_options("phone", "13186330963", {"config": voice}, agent_id="mara") == want


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


# ---- secrets


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


@pytest.mark.parametrize(
    "config",
    [
        {"whatsapp": TOKEN},
        {"whatsapp": [TOKEN]},
        {"whatsapp": {"accessToken": TOKEN}},
        {"whatsapp": {"phoneNumberId": "1", "accessToken": [TOKEN]}},
        {"whatsapp": {"phoneNumberId": "1", "accessToken": TOKEN, "voise": TOKEN}},
        {"whatsapp": {"phoneNumberId": [TOKEN], "accessToken": TOKEN}},
        {"whatsapp": {"phoneNumberId": "1", "verifyToken": TOKEN}},
        {"phone_number": {"number": "+13186330963", "accessToken": TOKEN}},
        {"language": [TOKEN]},
        {"interruption": TOKEN},
    ],
)
def test_secrets_stay_out_of_errors(config: dict[str, object]) -> None:
    """No refusal repeats a secret."""
    assert TOKEN not in refusal(lambda: agent(config))


def test_numeric_secret_is_not_quoted() -> None:
    """A secret that is a number by mistake is not repeated either."""
    message = refusal(lambda: Channel("whatsapp", "1", access_token=4711))  # type: ignore[arg-type]
    assert message == "whatsapp channel: access_token must be a str that is not empty (got int)"


def test_repr_shows_what_was_given() -> None:
    """A repr is short: what was given and nothing else."""
    assert repr(agent(voice="a/b", interruption=False)) == (
        "AgentOptions(voice='a/b', interruption=False)"
    )
    assert repr(Channel("phone", "13186330963", voice="a/b")) == (
        "Channel(type='phone', ref='+13186330963', config=ConfigOptions(voice='a/b'))"
    )


# ---- configure, session, line, reconnect


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial": 0}, "initial must be more than 0 seconds, got 0"),
        ({"initial": "1"}, "initial must be a number, got str"),
        ({"initial": True}, "initial must be a number, got bool True"),
        ({"maximum": 0.1}, "maximum must not be less than initial, got 0.1"),
        ({"factor": 0.5}, "factor must be 1 or more, got 0.5"),
        ({"jitter": 2}, "jitter must be between 0 and 1, got 2"),
        ({"jitter": float("nan")}, "jitter must be between 0 and 1, got nan"),
        ({"max_attempts": 0}, "max_attempts must be 1 or more, got 0; None means for ever"),
        ({"max_attempts": 1.5}, "max_attempts must be an int or None, got float 1.5"),
    ],
)
def test_reconnect_policy_refused(options: dict[str, Any], message: str) -> None:
    """A policy that would never or always retry is refused where it is written."""
    assert refusal(lambda: ReconnectPolicy(**options)) == f"ReconnectPolicy: {message}"


def test_put_skill() -> None:
    """A skill takes the place of the one of its name, else comes last."""
    old, other, new = Tool("a"), {"name": "b"}, Tool("a")
    assert put_skill([old, other], new) == [new, other]
    assert put_skill([other], new) == [other, new]
    assert put_skill(None, new) == [new]


# ---- the tables


def test_tables_agree() -> None:
    """Classes, checks and keyword types name the same fields."""

    def names(cls: type) -> set[str]:
        return {field.name for field in attrs.fields(cls)}

    assert names(ConfigOptions) == set(CONFIG) == set(option_types.ConfigFields.__annotations__)
    assert names(AgentOptions) == set(AgentFields.__annotations__)
    assert names(DeployOptions) == set(DeployFields.__annotations__)
    assert (
        names(LineOptions)
        == set(table_of(LineOptions))
        == set(option_types.LineFields.__annotations__)
    )
    extra = set(option_types.ChannelFields.__annotations__) - set(CONFIG)
    assert extra == set(CHANNEL)
    assert set(AddChannelFields.__annotations__) == {*CONFIG, *CHANNEL}
    assert set(ConfigureChannelFields.__annotations__) == set(CONFIG)


def test_import_is_light() -> None:
    """The options load without a transport, an event loop or difflib."""
    code = (
        "import sys, pinecall.core.config.methods, pinecall.core.config.wire_form\n"
        "heavy = {'asyncio', 'websockets', 'websocket', 'httpx', 'socket', 'difflib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
