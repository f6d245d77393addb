"""Options that agents, channels and calls share: equality and repr."""

from __future__ import annotations

from pinecall.options import (
    AgentOptions,
    Channel,
    DeployOptions,
)

from .reading import agent


def test_by_value() -> None:
    """Options are equal, and hash alike, if they are of one class and their fields are equal."""
    assert AgentOptions(prompt="a") == AgentOptions(prompt="a") != AgentOptions(prompt="b")
    assert hash(AgentOptions(prompt="a")) == hash(AgentOptions(prompt="a"))
    assert AgentOptions(prompt="a") != DeployOptions(prompt="a")
    assert AgentOptions(prompt="a") != "a"


def test_repr_shows_what_was_given() -> None:
    """A repr is short: what was given and nothing else."""
    assert repr(agent(voice="a/b", interruption=False)) == (
        "AgentOptions(voice='a/b', interruption=False)"
    )
    assert repr(Channel("phone", "13186330963", voice="a/b")) == (
        "Channel(type='phone', ref='+13186330963', config=ConfigOptions(voice='a/b'))"
    )
