"""Keys of a configuration are read in both spellings, and unknown ones are refused."""

from __future__ import annotations

import pytest

from pinecall.core.config.methods import (
    session_options,
)
from pinecall.errors import ConfigurationError
from pinecall.options import (
    AgentOptions,
)

from .reading import TOKEN, agent, refusal


def test_one_config_three_ways() -> None:
    """Keywords, a dict in either spelling and the attrs class mean the same."""
    want = AgentOptions(prompt_vars={"a": 1}, greeting_in_chat=True, session_limits={})
    keywords = {"prompt_vars": {"a": 1}, "greeting_in_chat": True, "session_limits": {}}
    camel = {"promptVars": {"a": 1}, "greetingInChat": True, "sessionLimits": {}}
    assert agent(**keywords) == agent(keywords) == agent(camel) == agent(want) == want
    assert agent(vars={"a": 1}) == AgentOptions(prompt_vars={"a": 1})


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
