"""What is on its way out, and what waits for the link."""

from __future__ import annotations

import pytest

from pinecall.core.kernel.outbox import MAX_HELD, MAX_HELD_BYTES, MAX_UNSENT_BYTES, Durable, Outbox
from pinecall.errors import NotConnected


def durable(
    text: str = "x",
    agent_id: str = "mara",
    call_id: str | None = "CA1",
    event: str = "call.hangup",
    request_id: str | None = None,
) -> Durable:
    return Durable(event, agent_id, call_id, text, request_id)


def given(outbox: Outbox, *frames: Durable) -> None:
    for frame in frames:
        outbox.transmit(frame.text, about=frame.event, frame=frame)


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
    outbox.hold(durable("held", "mara", "CA1"))
    outbox.transmit("x" * MAX_UNSENT_BYTES, about="a")
    outbox.append("state")
    outbox.send_held("mara")
    assert outbox.take()[1:] == ["state", "held"]


def test_names_of_frames() -> None:
    """A durable frame is named with its call, or with its agent where it has none."""
    assert str(durable()) == "call.hangup of call CA1"
    assert str(durable(call_id=None, event="session.send")) == "session.send of agent 'mara'"


class TestUnproven:
    def test_frames(self) -> None:
        """``frames`` are those that nothing has proven, written or not, in order."""
        outbox = Outbox()
        given(outbox, durable("a"), durable("b"))
        outbox.take()
        given(outbox, durable("c"))
        assert outbox.prove(1) == 1
        frames = outbox.frames
        assert [(frame.text, frame.written) for frame in frames] == [("b", True), ("c", False)]
        outbox.prove(3)
        assert outbox.frames == []
        assert len(frames) == 2

    def test_proven(self) -> None:
        """What was given before the question that is answered has arrived; its bytes are free."""
        outbox = Outbox()
        given(outbox, durable("a"), durable("b"), durable("c"))
        outbox.take()
        outbox.prove(2)
        assert outbox.unproven == 1
        assert outbox.prove(2) == 0
        assert [frame.text for frame in outbox.link_lost({"mara"}).again] == ["c"]

    def test_bound(self) -> None:
        """What is not proven is bounded; beyond it a durable frame is refused, live ones go."""
        outbox = Outbox()
        given(outbox, durable("x" * MAX_UNSENT_BYTES))
        outbox.take()
        with pytest.raises(NotConnected, match="has not confirmed the last") as caught:
            given(outbox, durable("y", call_id="CA2"))
        error = caught.value
        assert (error.code, error.agent_id, error.call_id) == ("SEND_BUFFER_FULL", "mara", "CA2")
        outbox.transmit("live", about="bot.reply")
        outbox.prove(1)
        given(outbox, durable("y"))
        assert outbox.take() == ["live", "y"]

    def test_one_large_frame(self) -> None:
        """A single frame above the bound goes when nothing else is unproven."""
        outbox = Outbox()
        given(outbox, durable("x" * (MAX_UNSENT_BYTES + 1)))
        assert len(outbox.take()) == 1

    def test_what_never_left(self) -> None:
        """It is held again, whatever it is, before what was held since; nothing of it is unsure."""
        outbox = Outbox()
        given(outbox, durable("a", event="call.forward"), durable("b"))
        outbox.hold(durable("c"))
        lost = outbox.link_lost({"mara"})
        assert (lost.again, lost.unsure, lost.live) == ([], [], [])
        assert len(outbox) == outbox.unproven == 0
        assert outbox.held == 3
        outbox.send_held("mara")
        assert outbox.take() == ["a", "b", "c"]

    def test_what_may_have_arrived(self) -> None:
        """What does no harm twice is held again; the rest is unsure, and not sent again."""
        outbox = Outbox()
        events = [
            "llm.tool_result", "call.hangup", "history.set_instructions", "history.set_vars",
            "call.forward", "history.add", "history.set", "history.clear", "session.send",
        ]  # fmt: skip
        given(outbox, *(durable(event, event=event) for event in events))
        outbox.take()
        lost = outbox.link_lost({"mara"})
        assert [frame.event for frame in lost.again] == events[:4]
        assert [frame.event for frame in lost.unsure] == events[4:]
        outbox.send_held("mara")
        assert outbox.take() == events[:4]
        assert outbox.unproven == 4

    def test_live_frames(self) -> None:
        """Live frames that never left are reported by name; those of the registry's state are not."""
        outbox = Outbox()
        outbox.append("state")
        outbox.transmit("x", about="bot.reply")
        assert outbox.link_lost(set()).live == ["bot.reply"]

    def test_an_agent_that_is_no_more(self) -> None:
        """Its frames are not held: nobody would ever send them."""
        outbox = Outbox()
        given(outbox, durable("a", call_id=None, event="session.send"))
        assert [frame.text for frame in outbox.link_lost({"leo"}).unsure] == ["a"]
        assert outbox.held == 0

    def test_a_raw_frame_that_was_held(self) -> None:
        """It is live as soon as it is given to the link."""
        outbox = Outbox()
        outbox.hold(Durable("brand.new", "mara", None, "a", kept=False))
        assert outbox.send_held("mara")
        assert not outbox.send_held("mara")
        assert outbox.unproven == 0
        assert outbox.link_lost({"mara"}).live == ["brand.new"]

    def test_not_wanted_any_more(self) -> None:
        """What was for a call that is over, or a question that was answered, is not sent again, and
        its bytes are free."""
        outbox = Outbox()
        half = "x" * (MAX_UNSENT_BYTES // 2)
        given(outbox, durable(half), durable(half, call_id="CA2", request_id="r1"))
        outbox.take()
        outbox.drop_call("mara", "CA1")
        outbox.drop_request("mara", "r1")
        assert outbox.unproven == 0
        given(outbox, durable(half), durable(half))
        outbox.take()
        assert outbox.prove(4) == 2
        assert outbox.link_lost({"mara"}).again == []


class TestHeld:
    def test_released_once(self) -> None:
        """What is held for an agent goes out in order, once, and nothing of another."""
        outbox = Outbox()
        for text, agent in (("a", "mara"), ("b", "leo"), ("c", "mara")):
            outbox.hold(durable(text, agent, None))
        assert outbox.held == 3
        outbox.send_held("mara")
        outbox.send_held("mara")
        assert outbox.take() == ["a", "c"]
        assert outbox.held == 1

    def test_bound_per_call(self) -> None:
        """Each call has its own bound, and the agent itself one."""
        outbox = Outbox()
        for _ in range(MAX_HELD):
            outbox.hold(durable("x", "mara", "CA1"))
        with pytest.raises(NotConnected, match="call CA1") as caught:
            outbox.hold(durable("x", "mara", "CA1"))
        assert (caught.value.code, caught.value.call_id) == ("SEND_QUEUE_FULL", "CA1")
        for _ in range(MAX_HELD):
            outbox.hold(durable("x", "mara", None))
        with pytest.raises(NotConnected, match="agent 'mara'"):
            outbox.hold(durable("x", "mara", None))

    def test_bound_in_all(self) -> None:
        """All together have a bound in bytes, which is free again after the release."""
        outbox = Outbox()
        half = "x" * (MAX_HELD_BYTES // 2)
        outbox.hold(durable(half, "mara", "CA1"))
        outbox.hold(durable(half, "leo", "CA2"))
        with pytest.raises(NotConnected):
            outbox.hold(durable("x", "leo", "CA3"))
        outbox.send_held("mara")
        outbox.hold(durable(half, "leo", "CA3"))

    def test_dropped_with_the_call(self) -> None:
        """What waits for a call goes with it, and its bytes are free."""
        outbox = Outbox()
        outbox.hold(durable("a", "mara", "CA1"))
        outbox.hold(durable("b", "mara", "CA2"))
        assert outbox.drop_call("mara", "CA1") == 1
        assert outbox.drop_call("mara", "CA1") == 0
        assert outbox.drop_call("leo", "CA1") == 0
        outbox.send_held("mara")
        assert outbox.take() == ["b"]
        outbox.hold(durable("x" * MAX_HELD_BYTES))

    def test_dropped_with_the_agent(self) -> None:
        """What waits for an agent goes with it."""
        outbox = Outbox()
        outbox.hold(durable("a", "mara", "CA1"))
        assert outbox.drop_agent("mara") == 1
        assert outbox.drop_agent("mara") == 0
        assert outbox.held == 0
        outbox.hold(durable("x" * MAX_HELD_BYTES))

    def test_questions(self) -> None:
        """A question that waits is known by its id, and can be taken back."""
        outbox = Outbox()
        frame = durable("a", request_id="r1")
        outbox.hold(frame)
        assert outbox.held_request("mara", "r1") is frame
        assert outbox.held_request("mara", "r2") is None
        assert outbox.held_request("leo", "r1") is None
        assert outbox.drop_request("mara", "r1")
        assert not outbox.drop_request("mara", "r1")
        assert outbox.held == 0
