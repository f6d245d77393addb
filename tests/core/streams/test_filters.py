"""The agents of a stream, and what a stream is called."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.streams.filters import agent_filter, describe
from pinecall.errors import ConfigurationError

from ..hubs import World


def test_agent_filter() -> None:
    """A filter is a set of ids; one id may be given bare, and without any it is empty."""
    assert agent_filter("mara") == {"mara"}
    assert agent_filter(one for one in ("mara", "leo", "mara")) == {"mara", "leo"}
    assert agent_filter([]) == frozenset()


def test_all_agents() -> None:
    """None is no filter."""
    assert agent_filter(None) is None


@pytest.mark.parametrize(
    ("agents", "words"),
    [
        ([object()], "an agent's id is a str, not object"),
        ([["mara"]], "an agent's id is a str, not list"),
        (5, "a list of agents' ids, not int"),
    ],
)
def test_refused(agents: Any, words: str) -> None:
    """An Agent in place of its id is refused, and the message says what to write."""
    with pytest.raises(ConfigurationError, match=rf"{words}; write agents=\[agent\.id\]"):
        agent_filter(agents)


def test_description() -> None:
    """A stream is described by its call, its agents, or as that of all agents."""
    call = World().call()
    assert describe(call, "", frozenset()) == "call CA1"
    assert describe(None, "mara", frozenset(["mara"])) == "mara"
    assert describe(None, "", frozenset(["leo", "ada"])) == "ada, leo"
    assert describe(None, "", frozenset()) == "no agents"
    assert describe(None, "", None) == "all agents"
