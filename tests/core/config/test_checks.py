"""Values of a configuration are checked, copied, and refused with what they must be."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.config.checks import Place, seconds
from pinecall.errors import ConfigurationError
from pinecall.options import (
    AgentOptions,
    Channel,
)
from pinecall.skills import Skill

from ..harness import Wire
from .reading import TOKEN, Tool, agent, plain_function, refusal


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


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "lookup"},
        {"name": "lookup", "parameters": {}},
        {"type": "function", "name": "lookup"},
        {"type": "function", "function": "lookup"},
    ],
    ids=str,
)
def test_a_tool_without_its_wrapper(entry: dict[str, Any]) -> None:
    """A tool's dict without its wrapper is refused where it is given, with the right form."""
    with pytest.raises(ConfigurationError, match=r"tools\[0\] .* 'function': \{'name'"):
        Wire().pc.agent("mara", tools=[entry])


def test_seconds() -> None:
    """Seconds are a number, 0 or more and an hour at most; the error has the agent's id."""
    place = Place("agent 'mara'", "mara")
    assert seconds(place, "timeout", 0) == 0
    with pytest.raises(ConfigurationError, match="timeout must be a number, 0 or more, got str"):
        seconds(place, "timeout", "5")
    with pytest.raises(ConfigurationError, match="timeout is in seconds, an hour at most") as err:
        seconds(place, "timeout", 5000)
    assert err.value.agent_id == "mara"


def test_other_forms_of_values() -> None:
    """Lists of knowledge bases, bools and dicts of preparing, and functions that greet are kept."""

    def greet(call: object) -> str:
        return "Hi"

    options = agent(knowledge_base=["kb_1"], preparing={"enabled": True}, greeting=greet)
    assert options.knowledge_base == ["kb_1"]
    assert options.preparing == {"enabled": True}
    assert options.greeting is greet
    assert agent(preparing=False, greeting="Hi") == AgentOptions(preparing=False, greeting="Hi")
    assert agent(greeting={"en": "Hi"}).greeting == {"en": "Hi"}
    message = refusal(lambda: agent(greeting=lambda: "Hi"))
    assert message.startswith("agent 'mara': greeting: ")


def test_skills() -> None:
    """A Skill is kept, a dict becomes one, and two of one name are refused."""
    own = Skill("a", "Does a.")
    options = agent(skills=[own, {"name": "b", "description": "Does b.", "tools": []}])
    assert options.skills == [own, Skill("b", "Does b.")]
    assert refusal(lambda: agent(skills=[own, own])) == (
        "agent 'mara': skills has two entries named 'a'; give each its own name"
    )


def test_store() -> None:
    """A store whose save would never run is refused; one whose find yields is, too."""

    class Good:
        def save(self, record: object) -> None: ...

    class Yields(Good):
        def save(self, record: object) -> Any:
            yield record

    class Finds(Good):
        async def find_by_contact(self, contact: str) -> Any:
            yield contact

    store = Good()
    assert agent(history=store).history is store
    assert refusal(lambda: agent(history=Yields())).startswith("agent 'mara': history.save has a")
    assert "history.find_by_contact has a" in refusal(lambda: agent(history=Finds()))
