"""Generations: barrier, tool rounds, skills, prompt, history."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .world import LOOKUP, Client, World

BOOKING = {
    "name": "booking",
    "description": "Books tables",
    "instructions": "Book politely.",
    "tools": [
        {"type": "function", "function": {"name": "book_table", "parameters": {"type": "object"}}}
    ],
    "activation": "model",
}


def answer(client: Client, result: Any, **flags: Any) -> list[dict[str, Any]]:
    """Answer every call of the last round with the same result."""
    call = client.last("llm.tool_call")
    results = [{"tool_call_id": c["id"], "result": result, **flags} for c in call["tool_calls"]]
    return client.send(
        "llm.tool_result", call_id=call["call_id"], msg_id=call["msg_id"], results=results
    )


def test_a_tool_the_caller_asks_for_is_called(world: World, client: Client) -> None:
    """Arguments come from the text; the result is put into words; the history has the round."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, "where is order ORD-777?")
    tool = client.last("llm.tool_call")["tool_calls"][0]
    assert (tool["name"], json.loads(tool["arguments"])) == (
        "lookup_order",
        {"order_id": "ORD-777"},
    )
    assert call.thinking()
    answer(client, {"status": "shipped", "eta": "Friday"})
    assert call.heard[-1].text == "The status is shipped and the eta is Friday."
    assert [m["role"] for m in call.messages] == ["user", "assistant", "tool", "assistant"]
    assert call.messages[1]["tool_calls"][0]["function"]["name"] == "lookup_order"
    assert json.loads(call.messages[2]["content"]) == {"status": "shipped", "eta": "Friday"}


@pytest.mark.parametrize("result", [0, [], False, None, "", "ready"])
def test_falsy_results_are_results(world: World, client: Client, result: Any) -> None:
    """The model gets the tool's result, whatever JSON it is."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, "!tool lookup_order {}")
    answer(client, result)
    assert json.loads(call.messages[2]["content"]) == result
    assert call.heard[-1].text


def test_several_tools_make_one_round(world: World, client: Client) -> None:
    """It is complete when every result has come, in any number of frames."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, '!tool lookup_order {"order_id": "A-1"}\n!tool unknown {}')
    sent = client.last("llm.tool_call")
    assert [c["name"] for c in sent["tool_calls"]] == ["lookup_order", "unknown"]
    first, second = [
        {"tool_call_id": c["id"], "result": {"n": n}} for n, c in enumerate(sent["tool_calls"])
    ]
    ids = {"call_id": call.id, "msg_id": sent["msg_id"]}
    client.send("llm.tool_result", **ids, results=[second])
    assert call.thinking()
    client.send("llm.tool_result", **ids, results=[first])
    assert call.heard[-1].text == "The n is 0. The n is 1."


def test_results_for_another_round_are_ignored(world: World, client: Client) -> None:
    """A wrong msg_id, and a repeat after the round, change nothing."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, "!tool lookup_order {}")
    client.send("llm.tool_result", call_id=call.id, msg_id="m_other", results=[])
    assert call.thinking()
    answer(client, {"ok": True})
    before = len(client.inbox)
    answer(client, {"ok": True})
    assert len(client.inbox) == before


def test_no_followup_ends_the_turn(world: World, client: Client) -> None:
    """The model is not asked again if every tool of the round has it."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, "!tool lookup_order {}")
    answer(client, {"ok": True}, no_followup=True)
    assert call.heard == []
    assert not call.thinking()


def test_ephemeral_rounds_leave_no_trace(world: World, client: Client) -> None:
    """The model sees the result once; the history does not keep it."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, "!tool lookup_order {}")
    answer(client, {"code": 7}, ephemeral=True)
    assert call.heard[-1].text == "The code is 7."
    assert [m["role"] for m in call.messages] == ["user", "assistant"]


def test_a_tool_that_never_answers_becomes_an_error(world: World, client: Client) -> None:
    """After the tool timeout the model gets an error result."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.server.world.settings.idle_timeout = 0
    world.say(call, "!tool lookup_order {}")
    world.pass_time(61)
    assert call.heard[-1].text == "That did not work: The tool did not answer in time."


def test_an_unanswered_round_is_repeated_after_a_lost_link(world: World, client: Client) -> None:
    """It is repeated with the same msg_id."""
    client.agent(tools=[LOOKUP])
    call = world.phone()
    world.say(call, "!tool lookup_order {}")
    sent = client.last("llm.tool_call")
    client.gone()
    second = world.client()
    second.agent(tools=[LOOKUP])
    again = second.last("llm.tool_call")
    assert (again["msg_id"], again["tool_calls"]) == (sent["msg_id"], sent["tool_calls"])
    answer(second, {"ok": True})
    assert call.heard[-1].text == "Done."


def test_a_model_failure_is_an_event(world: World, client: Client) -> None:
    """llm.error has the text, and the call goes on."""
    client.agent()
    call = world.phone()
    world.say(call, "!fail out of tokens")
    assert client.last("llm.error")["error"] == "out of tokens"
    world.say(call, "hello")
    assert call.heard[-1].text == "Hello! How can I help you?"


def test_an_agent_without_a_model_is_left_to_the_app(world: World, client: Client) -> None:
    """Without an llm, or with one that is off, nothing follows the end of the turn."""
    for llm in (None, {"provider": "x", "model": "y", "enabled": False}):
        client.agent(llm=llm)
        call = world.phone()
        world.say(call, "hello")
        assert client.names()[-1] == "turn.end"


# the barrier


def opened(world: World, preparing: Any) -> Client:
    """A client that does not answer llm.before, with an agent that prepares like this."""
    client = world.client()
    client.slow = True
    client.send(
        "agent.create",
        agent_id="mara",
        llm="x",
        **({} if preparing is None else {"preparing": preparing}),
    )
    client.send("channel.add", agent_id="mara", type="phone", ref="+13186330963")
    return client


@pytest.mark.parametrize(
    ("preparing", "budget", "told"),
    [
        (None, 0.15, False),
        (True, 1.5, True),
        ({"timeout_ms": 2500}, 2.5, True),
        ({"timeout_ms": 9000}, 5.0, True),
    ],
)
def test_the_turn_is_held_for_the_budget(
    world: World, preparing: Any, budget: float, told: bool
) -> None:
    """150 ms, 1500 ms when opted in, at most 5000 ms; then an opted-in agent gets a timeout event."""
    client = opened(world, preparing)
    world.say(world.phone(), "hello")
    assert client.names()[-1] == "llm.before"
    world.pass_time(budget - 0.01)
    assert client.names()[-1] == "llm.before"
    world.pass_time(0.02)
    assert client.names()[-1] == "bot.finished"
    timeouts = [(f["turn"], f["budget_ms"]) for f in client.events("llm.preparing_timeout")]
    assert timeouts == ([(1, round(budget * 1000))] if told else [])


@pytest.mark.parametrize("preparing", [False, {"enabled": False}])
def test_the_barrier_can_be_off(world: World, preparing: Any) -> None:
    """The turn is answered at once."""
    client = opened(world, preparing)
    world.say(world.phone(), "hello")
    assert "llm.before" not in client.names()


def test_llm_ready_opens_the_barrier_for_its_turn(world: World) -> None:
    """Another turn's is ignored; commands sent before it are in effect."""
    client = opened(world, True)
    call = world.phone()
    world.say(call, "!prompt")
    client.send("llm.ready", call_id=call.id, agent_id="mara", turn=9)
    assert client.names()[-1] == "llm.before"
    client.send("history.add_context", call_id=call.id, request_id="r", text="VIP")
    client.send("llm.ready", call_id=call.id, agent_id="mara", turn=1)
    assert call.heard[-1].text == "VIP"


# prompt and history


def request(client: Client, call_id: str, what: str, **fields: Any) -> dict[str, Any]:
    """Send a history request; returns its answer."""
    return client.send(f"history.{what}", call_id=call_id, request_id=f"rq_{what}", **fields)[-1]


def test_history_is_read_and_changed(world: World, client: Client) -> None:
    """Each answer echoes the request and has the messages or their count, and no agent id."""
    client.agent()
    call = world.phone()
    world.say(call, "hello")
    got = request(client, call.id, "get")
    assert (got["event"], got["request_id"], len(got["messages"])) == ("history.data", "rq_get", 2)
    assert "agent_id" not in got
    message = {"role": "user", "content": "x"}
    assert request(client, call.id, "add", messages=[message])["count"] == 3
    assert request(client, call.id, "set", messages=[message])["count"] == 1
    assert request(client, call.id, "clear")["count"] == 0
    assert request(client, call.id, "get")["messages"] == []


def test_prompt_vars_and_contexts_shape_the_prompt(world: World, client: Client) -> None:
    """Session vars override the agent's, contexts add up, unknown names stay."""
    client.agent(prompt="Hi {{name}} {{who}} {{date}}", vars={"name": "Ana"})
    call = world.phone()
    request(client, call.id, "set_vars", vars={"who": "VIP"})
    request(client, call.id, "add_context", text="one")
    request(client, call.id, "add_context", text="two")
    world.say(call, "!prompt")
    assert call.heard[-1].text == "Hi Ana VIP 2026-08-21 one two"
    request(client, call.id, "set_vars", vars={"name": "Bob"})
    request(client, call.id, "set_instructions", prompt="Now {{name}} {{nobody}}")
    world.say(call, "!prompt")
    assert call.heard[-1].text == "Now Bob {{nobody}} one two"


def test_the_clock_in_the_prompt_is_the_agents(world: World, client: Client) -> None:
    """The built-in names use the agent's time zone."""
    client.agent(prompt="{{time}} {{day}} {{datetime}}", timezone="Europe/Madrid")
    call = world.phone()
    world.say(call, "!prompt")
    assert call.heard[-1].text == "00:40 Saturday 2026-08-22 00:40"


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("add", {}),
        ("set", {"messages": ["x"]}),
        ("set_vars", {"vars": 1}),
        ("add_context", {}),
        ("set_instructions", {}),
    ],
)
def test_bad_history_requests_are_refused(
    world: World, client: Client, what: str, fields: dict[str, Any]
) -> None:
    """The refusal has the request's id, so that only that request fails."""
    client.agent()
    refused = request(client, world.phone().id, what, **fields)
    assert refused["request_id"] == f"rq_{what}"
    assert refused["error"]


def test_history_of_an_unknown_call_is_refused(world: World, client: Client) -> None:
    """A request for an unknown call, or for one without a model on the server, is refused."""
    assert "No live call" in request(client, "CA0", "get")["error"]
    client.agent(llm=None)
    assert "no server-side LLM" in request(client, world.phone().id, "get")["error"]


# skills


def test_the_model_loads_a_skill(world: World, client: Client) -> None:
    """loadSkill stays on the server; tools and instructions apply from the next generation."""
    client.agent(prompt="P", skills=[BOOKING])
    call = world.phone()
    world.say(call, "!tools")
    assert call.heard[-1].text == "loadSkill, unloadSkill"
    world.say(call, '!tool loadSkill {"name": "booking"}')
    assert client.last("skill.loaded") | {"seq": 0, "ts": 0} == {
        "event": "skill.loaded", "agent_id": "mara", "call_id": call.id, "skill": "booking", "by": "model",
        "seq": 0, "ts": 0,
    }  # fmt: skip
    assert "llm.tool_call" not in client.names()
    world.say(call, "!prompt")
    assert call.heard[-1].text == "P Book politely."
    world.say(call, "!tools")
    assert call.heard[-1].text.startswith("book_table")


def test_skills_are_loaded_by_hand(world: World, client: Client) -> None:
    """Owners load and unload skills; an undeclared one is refused, an always one is there."""
    always = {"name": "base", "description": "", "tools": [LOOKUP], "activation": "always"}
    client.agent(skills=[BOOKING, always])
    call = world.phone()
    assert call.skills == ["base"]
    assert client.send("skill.load", call_id=call.id, skill="booking")[0]["by"] == "manual"
    assert (
        client.send("skill.unload", call_id=call.id, skill="booking")[0]["event"]
        == "skill.unloaded"
    )
    assert client.send("skill.load", call_id=call.id, skill="x")[0]["code"] == "SKILL_NOT_FOUND"


def test_unknown_skills_are_an_error_for_the_model(world: World, client: Client) -> None:
    """The model gets the reason as the tool's result."""
    client.agent(skills=[BOOKING])
    call = world.phone()
    world.say(call, '!tool loadSkill {"name": "nope"}')
    assert call.heard[-1].text.startswith("That did not work")
