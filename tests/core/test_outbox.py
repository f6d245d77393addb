"""What is on its way out, and what waits for the link."""

from __future__ import annotations

import pytest

from pinecall.core.outbox import MAX_HELD, MAX_HELD_BYTES, MAX_UNSENT_BYTES, Outbox
from pinecall.errors import NotConnected


def test_order() -> None:
    """Frames are taken in the order they came, once, and counted."""
    outbox = Outbox()
    for text in "abc":
        outbox.transmit(text, about="x")
    assert len(outbox) == 3
    assert outbox.take() == ["a", "b", "c"]
    assert outbox.take() == []
    assert outbox.sent == 3


def test_server_that_does_not_read() -> None:
    """What a server does not take is bounded; beyond it a frame is refused and says which."""
    outbox = Outbox()
    outbox.transmit("x" * MAX_UNSENT_BYTES, about="a")
    with pytest.raises(NotConnected, match=r"^b: the server has stopped reading") as caught:
        outbox.transmit("y", about="b")
    assert caught.value.code == "SEND_BUFFER_FULL"
    outbox.take()
    outbox.transmit("y", about="b")
    assert outbox.take() == ["y"]


def test_one_large_frame() -> None:
    """A single frame above the bound goes out when nothing else waits."""
    outbox = Outbox()
    outbox.transmit("x" * (MAX_UNSENT_BYTES + 1), about="a")
    assert len(outbox.take()) == 1


def test_discard() -> None:
    """What was meant for a former socket is gone, and its bytes are free."""
    outbox = Outbox()
    outbox.transmit("x" * MAX_UNSENT_BYTES, about="a")
    outbox.discard()
    assert outbox.take() == []
    outbox.transmit("y", about="b")
    assert len(outbox) == 1


def test_what_had_its_bound_elsewhere() -> None:
    """The registry's state and what was held goes out, whatever waits already."""
    outbox = Outbox()
    outbox.hold("held", agent_id="mara", call_id="CA1")
    outbox.transmit("x" * MAX_UNSENT_BYTES, about="a")
    outbox.append("state")
    outbox.send_held("mara")
    assert outbox.take()[1:] == ["state", "held"]


class TestHeld:
    def test_released_once(self) -> None:
        """What is held for an agent goes out in order, once, and nothing of another."""
        outbox = Outbox()
        for text, agent in (("a", "mara"), ("b", "leo"), ("c", "mara")):
            outbox.hold(text, agent_id=agent, call_id=None)
        assert outbox.held == 3
        outbox.send_held("mara")
        outbox.send_held("mara")
        assert outbox.take() == ["a", "c"]
        assert outbox.held == 1

    def test_bound_per_call(self) -> None:
        """Each call has its own bound, and the agent itself one."""
        outbox = Outbox()
        for _ in range(MAX_HELD):
            outbox.hold("x", agent_id="mara", call_id="CA1")
        with pytest.raises(NotConnected, match="call CA1") as caught:
            outbox.hold("x", agent_id="mara", call_id="CA1")
        assert (caught.value.code, caught.value.call_id) == ("SEND_QUEUE_FULL", "CA1")
        for _ in range(MAX_HELD):
            outbox.hold("x", agent_id="mara", call_id=None)
        with pytest.raises(NotConnected, match="agent 'mara'"):
            outbox.hold("x", agent_id="mara", call_id=None)

    def test_bound_in_all(self) -> None:
        """All together have a bound in bytes, which is free again after the release."""
        outbox = Outbox()
        half = "x" * (MAX_HELD_BYTES // 2)
        outbox.hold(half, agent_id="mara", call_id="CA1")
        outbox.hold(half, agent_id="leo", call_id="CA2")
        with pytest.raises(NotConnected):
            outbox.hold("x", agent_id="leo", call_id="CA3")
        outbox.send_held("mara")
        outbox.hold(half, agent_id="leo", call_id="CA3")

    def test_dropped_with_the_call(self) -> None:
        """What waits for a call goes with it, and its bytes are free."""
        outbox = Outbox()
        outbox.hold("a", agent_id="mara", call_id="CA1")
        outbox.hold("b", agent_id="mara", call_id="CA2")
        assert outbox.drop_call("mara", "CA1") == 1
        assert outbox.drop_call("mara", "CA1") == 0
        assert outbox.drop_call("leo", "CA1") == 0
        outbox.send_held("mara")
        assert outbox.take() == ["b"]
        assert outbox._held_bytes == 0

    def test_dropped_with_the_agent(self) -> None:
        """What waits for an agent goes with it."""
        outbox = Outbox()
        outbox.hold("a", agent_id="mara", call_id="CA1")
        assert outbox.drop_agent("mara") == 1
        assert outbox.drop_agent("mara") == 0
        assert outbox.held == 0

    def test_questions(self) -> None:
        """A question that waits is known by its id, and can be taken back."""
        outbox = Outbox()
        outbox.hold("a", agent_id="mara", call_id="CA1", request_id="r1")
        assert outbox.is_held("mara", "r1")
        assert not outbox.is_held("mara", "r2")
        assert not outbox.is_held("leo", "r1")
        assert outbox.drop_request("mara", "r1")
        assert not outbox.drop_request("mara", "r1")
        assert outbox._held == {}
