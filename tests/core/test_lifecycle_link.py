"""What the link's coming and going means for agents, lines and whoever waits for its end."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import DisplacedError

from .harness import Wire


def test_when_over_by_displacement() -> None:
    """A displacement fails the wait for the end."""
    wire = Wire().up()
    over = wire.engine.when_over()
    wire.lost(4001, "Displaced by another process")
    with pytest.raises(DisplacedError):
        over.result()
    assert wire.engine.state == "closed"


def test_displacement_of_many_is_one_error() -> None:
    """However many agents are displaced, the client hears of it once, by once and iterators too."""
    wire = Wire()
    wire.agent("mara")
    wire.agent("leo")
    told: list[Any] = []
    wire.pc._add_once("error", told.append)
    subscription = wire.engine.subscribe(wire.engine.handlers, ("error",))
    wire.lost(4001)
    item = subscription.take()
    assert item is not None
    assert [item.event] == told
    assert isinstance(told[0], DisplacedError)
    assert subscription.take() is None


def test_agents_then_lines() -> None:
    """After a reconnect all agents are claimed in the order of their making, then all lines."""
    wire = Wire().up()
    wire.pc.line("+12186633772")
    for name in ("zoe", "mara", "leo"):
        wire.pc.agent(name)
    wire.pc.line("+12186633773")
    wire.lost()
    wire.reconnect()
    frames = wire.sent()
    assert [frame.get("agent_id") or frame.get("number") for frame in frames[1:]] == [
        "zoe",
        "mara",
        "leo",
        "+12186633772",
        "+12186633773",
    ]


def test_more_agents_than_fit_the_send_buffer() -> None:
    """All agents are claimed, though their configurations together exceed what may wait."""
    wire = Wire()
    for number in range(30):
        wire.pc.agent(f"agent-{number}", prompt="x" * 200_000, phone_number=f"+1318633{number:04}")
    outcome = wire.connect()
    wire.opened()
    wire.server("connected")
    assert outcome.result() is None
    assert wire.sent_events() == ["connect"] + ["agent.create"] * 30


def test_stats() -> None:
    """The counters count reconnects and name the state."""
    wire = Wire().up()
    wire.lost()
    wire.reconnect()
    stats = wire.pc.stats()
    assert (stats["reconnects"], stats["state"], stats["received"]) == (1, "connected", 2)
