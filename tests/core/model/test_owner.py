"""What agents and lines have in common."""

from __future__ import annotations

import pytest

from pinecall.errors import RegistrationError

from ..kernel.bare import Bare
from .people import Agent, call_of


def test_registered() -> None:
    """An owner is registered from the ack until the link is lost."""
    agent = Agent(Bare())
    assert not agent.registered
    agent._registration.create()
    assert not agent.registered
    agent._registration.acked()
    assert agent.registered
    agent._registration.link_lost()
    assert not agent.registered


def test_removed() -> None:
    """An owner that was removed has no more events, takes no handlers, and refuses every verb."""
    agent = Agent(Bare())
    agent._require("pause")
    agent._add_handler("error", lambda err: None)
    assert (agent._removed, agent._events_over) == (False, False)
    agent._registration.forget()
    assert (agent._removed, agent._events_over) == (True, True)
    with pytest.raises(RegistrationError, match=r"^pause: agent mara was removed$") as caught:
        agent._require("pause")
    assert (caught.value.code, caught.value.agent_id) == ("AGENT_NOT_REGISTERED", "mara")
    with pytest.raises(RegistrationError, match=r"^on: agent mara was removed$"):
        agent._add_handler("error", lambda err: None)
    with pytest.raises(RegistrationError, match=r"^once: agent mara was removed$"):
        agent._add_once("error", lambda err: None)


def test_the_end_of_a_call() -> None:
    """The end of a call changes nothing of an owner that makes nothing of it."""
    agent = Agent(Bare())
    call = agent._live_calls["CA1"] = call_of(agent)
    agent._call_ended(call)
    assert agent._live_calls == {"CA1": call}
