"""Replies written token by token."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.calls.speech import ReplyStream
from pinecall.errors import CallEnded, NotConnected

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def actions(wire: Wire) -> list[tuple[str, Any]]:
    frames = wire.sent()
    assert {frame["event"] for frame in frames} <= {"bot.reply.stream"}
    return [(f["action"], f.get("token", f.get("in_reply_to"))) for f in frames]


def test_frames() -> None:
    """The first write sends start and chunk, later ones chunk, the end end; all with one id."""
    wire = Wire()
    call = wire.call()
    wire.server("user.message", **IDS, message_id="m1", text="Hi")
    with call.reply_stream() as stream:
        assert repr(stream) == f"<ReplyStream {stream.message_id} on call CA1: open>"
        stream.write("Hel")
        stream.write("lo")
    assert actions(wire) == [("start", "m1"), ("chunk", "Hel"), ("chunk", "lo"), ("end", None)]
    assert (stream.ended, stream.aborted) == (True, False)
    assert repr(stream).endswith(": ended>")


def test_one_id() -> None:
    """All frames of a stream have its message id."""
    wire = Wire()
    with wire.call().reply_stream() as stream:
        stream.write("a")
    assert {frame["message_id"] for frame in wire.sent()} == {stream.message_id}


def test_end_without_writing() -> None:
    """Ending a stream that was never written to sends start and end."""
    wire = Wire()
    wire.call().reply_stream().end()
    assert [action for action, _ in actions(wire)] == ["start", "end"]


def test_abort_before_the_start() -> None:
    """Aborting a stream that was never written to sends nothing."""
    wire = Wire()
    stream = wire.call().reply_stream()
    stream.abort()
    assert stream.aborted
    assert actions(wire) == []
    assert repr(stream).endswith(": aborted>")


def test_abort() -> None:
    """Aborting what was begun sends one end, however often."""
    wire = Wire()
    stream = wire.call().reply_stream()
    stream.write("a")
    stream.abort()
    stream.abort()
    assert [action for action, _ in actions(wire)] == ["start", "chunk", "end"]


@pytest.mark.parametrize("first", ["end", "abort"])
def test_after_the_end(first: str) -> None:
    """Writing, ending and aborting after the end send nothing and change nothing."""
    wire = Wire()
    stream = wire.call().reply_stream()
    stream.write("a")
    getattr(stream, first)()
    wire.sent()
    stream.write("b")
    stream.end()
    stream.abort()
    assert actions(wire) == []
    assert stream.ended is (first == "end")
    assert stream.aborted is (first == "abort")


def test_exception() -> None:
    """Leaving the with block by an exception aborts, and lets it through."""
    wire = Wire()
    stream = wire.call().reply_stream()
    with pytest.raises(KeyError), stream:
        stream.write("a")
        raise KeyError("x")
    assert stream.aborted


def open_streams(wire: Wire) -> tuple[ReplyStream, ReplyStream]:
    call = wire.call()
    one, two = call.reply_stream(), call.reply_stream()
    one.write("a")
    two.write("b")
    wire.sent()
    return one, two


def test_the_caller_goes_on() -> None:
    """turn.continued aborts every open stream of the call."""
    wire = Wire()
    one, two = open_streams(wire)
    wire.server("turn.continued", **IDS, turn_id=1)
    assert one.aborted
    assert two.aborted
    assert [action for action, _ in actions(wire)] == ["end", "end"]


@pytest.mark.parametrize("event", ["bot.interrupted", "reply.rejected", "message.aborted"])
def test_cut_off(event: str) -> None:
    """An interruption, a refusal or an abortion of a stream's message aborts that stream."""
    wire = Wire()
    one, two = open_streams(wire)
    wire.server(event, **IDS, message_id=one.message_id)
    assert one.aborted
    assert not two.aborted


def test_interrupted_without_an_id() -> None:
    """An interruption without a message id aborts all open streams."""
    wire = Wire()
    one, two = open_streams(wire)
    wire.server("bot.interrupted", **IDS)
    assert one.aborted
    assert two.aborted


def test_finished_aborts_nothing() -> None:
    """bot.finished for a stream's message leaves it open; bot.interrupted for the same message does
    not."""
    wire = Wire()
    one, _ = open_streams(wire)
    wire.server("bot.finished", **IDS, message_id=one.message_id)
    assert not one.aborted
    one.write("more")
    assert actions(wire) == [("chunk", "more")]
    wire.server("bot.interrupted", **IDS, message_id=one.message_id)
    assert one.aborted


def test_end_of_the_call() -> None:
    """The end of the call aborts, and nothing is sent for a call that is over."""
    wire = Wire()
    one, two = open_streams(wire)
    wire.server("call.ended", **IDS)
    assert one.aborted
    assert two.aborted
    one.write("x")
    one.end()
    assert wire.sent() == []


def test_loss_of_the_link() -> None:
    """The loss of the link aborts, and nothing of it is sent on the next connection."""
    wire = Wire()
    one, _ = open_streams(wire)
    wire.lost()
    assert one.aborted
    one.write("x")
    wire.reconnect()
    wire.server("agent.resumed", agent_id="mara")
    wire.server("user.speaking", **IDS, text="x")
    assert wire.sent_events() == ["connect", "agent.create"]


def test_begun_on_a_dead_link() -> None:
    """A stream begun while the link is down raises with its first token."""
    wire = Wire()
    call = wire.call()
    wire.lost()
    with pytest.raises(NotConnected), call.reply_stream() as stream:
        stream.write("x")
    assert stream.aborted
    wire.at(40)
    with pytest.raises(CallEnded):
        call.reply_stream()


def test_a_loop_stops() -> None:
    """A model's loop that looks at aborted stops with the caller."""
    wire = Wire()
    call = wire.call()
    written = 0
    with call.reply_stream() as stream:
        for token in "abcdefgh":
            if stream.aborted:
                break
            stream.write(token)
            written += 1
            if token == "c":
                wire.server("turn.continued", **IDS)
    assert written == 3
    assert not stream.ended
