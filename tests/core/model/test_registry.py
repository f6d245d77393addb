"""Whose a frame is."""

from __future__ import annotations

import gc

import pytest

from pinecall.core.model.registry import ENDED_REMEMBERED, SPELLINGS_REMEMBERED, Registry, slug
from pinecall.core.wire.limits import MAX_ID
from pinecall.errors import ConfigurationError

from ..harness import EVENTS, Wire


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("futbolAgent", "futbolagent"),
        ("My Agent", "my-agent"),
        ("receptionist_bot_v2", "receptionist-bot-v2"),
        ("  a__b -- c! ", "a-b-c"),
        ("Ana-María", "ana-mara"),
        ("агент", ""),
        ("---", ""),
    ],
)
def test_slug(given: str, expected: str) -> None:
    """The slug is the id as the server writes it."""
    assert slug(given) == expected


@pytest.mark.parametrize(
    ("local", "remote"),
    [
        ("mara", "mara"),
        ("mara", "org_1:mara"),
        ("futbolAgent", "futbolagent"),
        ("My Agent", "my-agent"),
        ("receptionist_bot_v2", "receptionist-bot-v2"),
        ("My Agent", "org_1:my-agent"),
        ("team:mara", "team:mara"),
        ("team:mara", "org_1:team:mara"),
        ("агент", "агент"),
    ],
)
def test_spellings(local: str, remote: str) -> None:
    """An agent is found by its id, by the id with an organisation, and by its slug."""
    wire = Wire()
    agent = wire.agent(local)
    assert wire.engine.registry.owner(remote) is agent
    assert wire.engine.registry.owner(remote) is agent


@pytest.mark.parametrize("remote", ["nobody", "org_1:nobody", "line:+1", "ботик", "", None])
def test_strangers(remote: str | None) -> None:
    """Another id, an unknown line and an id without a slug are nobody here."""
    wire = Wire()
    wire.agent("агент")
    wire.agent("mara")
    assert wire.engine.registry.owner(remote) is None


def test_unknown_agent_is_dropped() -> None:
    """A frame for an unknown agent is dropped quietly, and counted."""
    wire = Wire().up()
    told = wire.listen("*")
    wire.server("channel.added", agent_id="nobody", ref="x")
    wire.server("bot.word", agent_id="nobody", call_id="CA1", word="x")
    assert told == []
    assert wire.pc.stats()["dropped"] == 2


def test_line() -> None:
    """line:<number> is the line of that number."""
    wire = Wire().up()
    line = wire.pc.line("+1 218 663 3772")
    assert wire.engine.registry.owner("line:+12186633772") is line
    assert wire.pc.line("12186633772") is line


#: Events of a live call: all that name one, but for those that begin it, and one of a newer server.
OF_A_CALL = {name for name, known in EVENTS.items() if "call_id" in known["fields"]} | {"brand.new"}
OF_A_CALL -= {"call.started", "call.ringing", "llm.chat.started"}


@pytest.mark.parametrize("event", sorted(OF_A_CALL))
def test_the_call_knows_its_agent(event: str) -> None:
    """A frame without agent_id goes to the owner of its call, whatever the event."""
    wire = Wire()
    mara, leo = wire.agent("mara"), wire.agent("leo")
    call = wire.call(mara)
    on_mara, on_leo = wire.listen("*", on=mara), wire.listen("*", on=leo)
    example = EVENTS.get(event, {}).get("example", {"event": event})
    ids = ("agent_id", "session_id")
    wire.server({**{k: v for k, v in example.items() if k not in ids}, "call_id": "CA1"})
    assert on_mara
    assert all((item.agent, item.call) == (mara, call) for _, item in on_mara)
    assert on_leo == []


def test_the_call_stands_above_the_agent() -> None:
    """Where call and agent disagree, the call's owner gets the frame."""
    wire = Wire()
    mara, leo = wire.agent("mara"), wire.agent("leo")
    wire.call(mara)
    on_mara, on_leo = wire.listen("call.held", on=mara), wire.listen("call.held", on=leo)
    wire.server("call.held", agent_id="leo", call_id="CA1")
    assert len(on_mara) == 1
    assert on_leo == []


def test_history_replies_find_their_call() -> None:
    """history replies without agent_id are routed by their call."""
    wire = Wire()
    mara = wire.agent()
    call = wire.call(mara)
    told = wire.listen("history.data", on=mara)
    wire.server("history.data", call_id="CA1", messages=[])
    assert told[0][2] is call


def test_same_slug_is_refused() -> None:
    """A second agent that the server could not distinguish from the first is refused."""
    wire = Wire()
    wire.pc.agent("My Agent")
    with pytest.raises(ConfigurationError, match="'my-agent'"):
        wire.pc.agent("my_agent")
    assert list(wire.pc.agents) == ["My Agent"]


def test_ids_without_slug_do_not_collide() -> None:
    """Two non-Latin ids are two agents."""
    wire = Wire()
    one, two = wire.agent("агент"), wire.agent("бот")
    assert wire.engine.registry.owner("агент") is one
    assert wire.engine.registry.owner("бот") is two


def test_a_new_agent_is_found() -> None:
    """An id that was unknown is found as soon as its agent is there, and no longer when it went."""
    wire = Wire().up()
    registry = wire.engine.registry
    assert registry.owner("org:mara") is None
    mara = wire.agent("mara")
    assert registry.owner("org:mara") is mara
    wire.pc.remove_agent("mara")
    assert registry.owner("org:mara") is None


def test_spellings_are_bounded() -> None:
    """A server that sends ever new ids does not fill the memory."""
    registry = Registry()
    for number in range(SPELLINGS_REMEMBERED + 5):
        registry.owner(f"x{number}")
    assert len(registry._spellings) == 5


def test_long_spellings_are_not_kept() -> None:
    """A spelling beyond the bound is resolved each time, and takes no place in the table."""
    wire = Wire()
    wire.agent("mara")
    registry = wire.engine.registry
    mara = registry.agents["mara"]
    assert registry.owner("x" * MAX_ID + ":mara") is mara
    assert registry.owner("x" * MAX_ID + ":leo") is None
    registry.remove_agent(mara)
    assert registry.owner("x" * MAX_ID + ":mara") is None


def test_a_line_that_is_given_back() -> None:
    """A line is found until it is removed; to remove it twice changes nothing."""
    wire = Wire()
    line = wire.pc.line("+12186633772")
    registry = wire.engine.registry
    assert registry.owner(line.id) is line
    registry.remove_line(line)
    registry.remove_line(line)
    assert registry.owner(line.id) is None
    assert registry.lines == {}


def test_a_call_and_its_agent() -> None:
    """A call stands in the table and with its agent until it is removed; its owner is remembered."""
    wire = Wire()
    call = wire.call()
    registry, mara = wire.engine.registry, call.agent
    assert registry.calls == mara._live_calls == {"CA1": call}
    assert registry.ended_owner("CA1") is None
    registry.remove_call(call)
    registry.remove_call(call)
    assert registry.calls == mara._live_calls == {}
    assert registry.ended_owner("CA1") is mara
    assert registry.ended_call("CA1") is call
    assert registry.ended_call("CA2") is None


def test_an_ended_call_is_not_kept() -> None:
    """An ended call is known for as long as somebody else holds it, its owner for longer."""
    wire = Wire()
    registry = wire.engine.registry
    mara = wire.call().agent
    wire.server("call.ended", agent_id="mara", call_id="CA1")
    gc.collect()
    assert registry.ended_call("CA1") is None
    assert registry.ended_owner("CA1") is mara


def test_an_id_that_is_used_again() -> None:
    """The id of an ended call that lives again counts as that of no ended one."""
    wire = Wire()
    call = wire.call()
    registry = wire.engine.registry
    registry.revive("CA1")
    registry.remove_call(call)
    registry.revive("CA1")
    assert registry.ended_owner("CA1") is None


def test_ended_calls_are_bounded() -> None:
    """Only the latest ids of ended calls are remembered."""
    wire = Wire()
    mara = wire.agent()
    for number in range(ENDED_REMEMBERED + 1):
        wire.call(mara, f"CA{number}")
        wire.server("call.ended", agent_id="mara", call_id=f"CA{number}")
    registry = wire.engine.registry
    assert registry.ended_owner("CA0") is None
    assert registry.ended_owner("CA1") is mara


def test_resolving_is_done_once() -> None:
    """A spelling is resolved once, however many agents there are and frames come."""
    wire = Wire()
    wire.agent("My Agent")
    registry = wire.engine.registry
    resolved: list[str] = []
    resolve = registry._resolve

    def counting(agent_id: str) -> object:
        resolved.append(agent_id)
        return resolve(agent_id)

    registry._resolve = counting  # type: ignore[method-assign,assignment]
    for _ in range(50):
        wire.server("channel.added", agent_id="org:my-agent", ref="x")
        wire.server("channel.added", agent_id="nobody", ref="x")
    assert resolved == ["org:my-agent", "nobody"]


def test_llm_events_without_a_call() -> None:
    """An llm event without a call reaches its agent."""
    wire = Wire()
    mara = wire.agent()
    told = wire.listen("llm.error", on=mara)
    wire.server("llm.error", agent_id="mara", error="x")
    assert told[0][1].error == "x"
    assert told[0][2] is None


def test_reprs() -> None:
    """Agents, lines, calls and the client say in one line what they are."""
    wire = Wire()
    mara = wire.agent(phone_number="+13186330963")
    call = wire.call(mara)
    line = wire.pc.line("+12186633772")
    assert repr(mara) == "<AgentBase 'mara': held, 1 channels, 1 calls>"
    assert repr(call) == "<CallBase CA1 of 'mara': active, inbound phone>"
    assert repr(line) == "<LineBase +12186633772: asked>"
    assert repr(wire.pc) == "<tests.Pinecall connected: 1 agents, 1 calls>"
