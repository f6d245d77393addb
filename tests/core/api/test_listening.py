"""Handlers and iterators, as users register them."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.api.listening import Listening
from pinecall.core.kernel.delivering import Subscription
from pinecall.errors import ConfigurationError, RegistrationError

from ..harness import Wire


class Agent(Listening[Any, Any, Any, Any, Any, Subscription], AgentBase):
    """An agent of a front whose iterators are the core's subscriptions."""

    def _make_events(self, subscription: Subscription) -> Subscription:
        return subscription


def an_agent() -> tuple[Wire, Agent]:
    wire = Wire()
    front: Any = wire.front
    front.make_agent = Agent
    agent = wire.agent()
    assert isinstance(agent, Agent)
    return wire, agent


def hold(wire: Wire) -> None:
    """A call of the agent is put on hold, which its handlers hear."""
    wire.server("call.held", agent_id="mara", call_id="CA1")


def taken(events: Subscription) -> list[str]:
    """The names of the items that are there now."""
    names = []
    while (item := events.take()) is not None:
        names.append(item.name)
    return names


def test_on() -> None:
    """on() registers a function, given at once or decorated, and gives it back."""
    wire, agent = an_agent()
    wire.call(agent)
    heard: list[str] = []

    def first(event: Any, call: Any) -> None:
        heard.append("first")

    @agent.on("call.held")
    def second(event: Any, call: Any) -> None:
        heard.append("second")

    assert agent.on("call.held", first) is first
    for _ in range(2):
        hold(wire)
    assert heard == ["second", "first"] * 2


def test_once() -> None:
    """once() registers a function for the next event only."""
    wire, agent = an_agent()
    wire.call(agent)
    heard: list[Any] = []
    agent.once("call.held", lambda event, call: heard.append(event))
    for _ in range(2):
        hold(wire)
    assert len(heard) == 1


def test_off() -> None:
    """off() removes one function of an event, or all of them."""
    wire, agent = an_agent()
    wire.call(agent)
    heard: list[int] = []

    def handler(number: int) -> Any:
        return lambda event, call: heard.append(number)

    first, second, third = handler(1), handler(2), handler(3)
    for function in (first, second, third):
        agent.on("call.held", function)
    agent.off("call.held", second)
    hold(wire)
    assert heard == [1, 3]
    agent.off("call.held")
    hold(wire)
    assert heard == [1, 3]


@pytest.mark.parametrize("verb", ["on", "once"])
def test_a_misspelt_name(verb: str) -> None:
    """A misspelt name is refused before there is a function, with the nearest name."""
    _, agent = an_agent()
    with pytest.raises(ConfigurationError, match=r"did you mean 'call\.held'"):
        getattr(agent, verb)("call.hold")


def test_events() -> None:
    """events() gives an iterator of the events that are named, or of all, from then on."""
    wire, agent = an_agent()
    wire.call(agent)
    hold(wire)
    named, every = agent.events("call.held"), agent.events()
    hold(wire)
    wire.server("call.unheld", agent_id="mara", call_id="CA1")
    assert taken(named) == ["call.held"]
    assert taken(every) == ["call.held", "call.unheld"]
    assert not named.over


def test_events_of_a_removed_agent() -> None:
    """An iterator of an agent that was removed is over at once; a handler is refused."""
    wire, agent = an_agent()
    wire.pc.remove_agent("mara")
    assert agent.events("call.held").over
    with pytest.raises(RegistrationError, match="agent mara was removed"):
        agent.on("call.held", lambda event, call: None)
