"""Speech: replies on their way to the caller, and replies written token by token."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pinecall.core.calls.speech import ReplyStream, SayResult
from pinecall.errors import CallEnded, ConfigurationError, NotConnected, RequestTimeout

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def actions(wire: Wire) -> list[tuple[str, Any]]:
    frames = wire.sent()
    assert {frame["event"] for frame in frames} <= {"bot.reply.stream"}
    return [(f["action"], f.get("token", f.get("in_reply_to"))) for f in frames]


def open_streams(wire: Wire) -> tuple[ReplyStream, ReplyStream]:
    call = wire.call()
    one, two = call.reply_stream(), call.reply_stream()
    one.write("a")
    two.write("b")
    wire.sent()
    return one, two


class TestSaying:
    def test_say(self) -> None:
        """say() is a bot.reply that answers nothing; add_to_history only when it is true."""
        wire = Wire()
        call = wire.call()
        one = call._speak("Hello", "", None)
        two = call._speak("Bye", "", None, True)
        base = {"event": "bot.reply", "call_id": "CA1", "in_reply_to": ""}
        assert wire.sent() == [
            {**base, "message_id": one.message_id, "text": "Hello"},
            {**base, "message_id": two.message_id, "text": "Bye", "add_to_history": True},
        ]

    def test_message_ids(self) -> None:
        """Message ids are msg_ and twelve letters or digits, each another."""
        wire = Wire()
        ids = {wire.engine.message_id() for _ in range(2000)}
        assert len(ids) == 2000
        assert all(re.fullmatch("msg_[a-z0-9]{12}", one) for one in ids)

    def test_own_message_id(self) -> None:
        """A message id of the program's own is used."""
        wire = Wire()
        assert wire.call()._speak("x", "", "mine").message_id == "mine"

    @pytest.mark.parametrize(
        ("event", "interrupted"),
        [
            ("bot.finished", False),
            ("bot.interrupted", True),
            ("reply.rejected", True),
            ("message.aborted", True),
        ],
    )
    def test_settled(self, event: str, interrupted: bool) -> None:
        """bot.finished means heard to the end; interruption, refusal and abortion do not."""
        wire = Wire()
        call = wire.call()
        other, speech = call._speak("a", "", None), call._speak("b", "", None)
        wire.server(event, **IDS, message_id=speech.message_id)
        assert speech.outcome.result() == SayResult(interrupted)
        assert not other.outcome.done

    def test_without_a_message_id(self) -> None:
        """bot.finished without a message id settles the oldest in flight, and nothing if none is."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.finished", **IDS)
        one, two = call._speak("a", "", None), call._speak("b", "", None)
        wire.server("bot.finished", **IDS)
        assert one.outcome.done
        assert not two.outcome.done
        wire.server("bot.finished", **IDS)
        wire.server("bot.finished", **IDS)
        assert two.outcome.done

    def test_foreign_message(self) -> None:
        """The end of a message that is not ours settles nothing."""
        wire = Wire()
        speech = wire.call()._speak("a", "", None)
        wire.server("bot.finished", **IDS, message_id="other")
        assert not speech.outcome.done

    def test_garbled_end(self) -> None:
        """bot.finished with garbled figures settles all the same."""
        wire = Wire()
        speech = wire.call()._speak("a", "", None)
        wire.server("bot.finished", **IDS, message_id=speech.message_id, duration_ms="long")
        assert speech.outcome.result() == SayResult(False)

    def test_end_of_the_call(self) -> None:
        """The end of the call settles what is in flight as interrupted."""
        wire = Wire()
        speech = wire.call()._speak("a", "", None)
        wire.server("call.ended", **IDS)
        assert speech.outcome.result() == SayResult(True)

    def test_loss_of_the_link(self) -> None:
        """The loss of the link settles what is in flight as interrupted."""
        wire = Wire()
        speech = wire.call()._speak("a", "", None)
        wire.lost()
        assert speech.outcome.result() == SayResult(True)

    def test_deadline(self) -> None:
        """A reply whose end the server never reports fails after its length and a minute."""
        wire = Wire(ping_interval=None)
        speech = wire.call()._speak("x" * 100, "", None)
        wire.at(79)
        assert not speech.outcome.done
        wire.at(80)
        with pytest.raises(RequestTimeout, match="within 80 s"):
            speech.outcome.result()

    def test_nothing_is_left(self) -> None:
        """A thousand replies that were never confirmed leave nothing behind the call."""
        wire = Wire(ping_interval=None)
        call = wire.call()
        wire.at(6)
        speeches = [call._speak("x", "", None) for _ in range(1000)]
        assert len(call._speeches) == 1000
        wire.server("call.ended", **IDS)
        assert all(speech.outcome.done for speech in speeches)
        assert len(call._speeches) == 0
        assert len(wire.engine.timers) == 0

    def test_while_down(self) -> None:
        """Speech raises while the link is down, and nothing waits for it."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        with pytest.raises(NotConnected):
            call._speak("x", "", None)
        assert len(call._speeches) == 0


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


def test_a_token_is_a_str() -> None:
    """write() takes a str; the error names the call and the agent, and nothing is sent."""
    wire = Wire()
    stream = wire.call().reply_stream()
    with pytest.raises(ConfigurationError, match="write: token is a str, not int") as caught:
        stream.write(3)  # type: ignore[arg-type]
    assert (caught.value.agent_id, caught.value.call_id) == ("mara", "CA1")
    assert wire.sent() == []
