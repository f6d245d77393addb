"""The events of what the caller says, and of turns."""

from __future__ import annotations

import json

import pytest

from pinecall.core.kernel.handlers import Delivery

from ..harness import Wire
from .lines import LINE_IDS, line_call

IDS = {"agent_id": "mara", "call_id": "CA1"}


@pytest.mark.parametrize(
    "event",
    ["user.speaking", "audio.metrics", "user.message", "eager.turn", "turn.end", "turn.continued"],
)
def test_of_a_call_that_is_over(event: str) -> None:
    """An event of a call that is over reaches no handler."""
    wire = Wire()
    wire.call()
    wire.server("call.ended", **IDS)
    heard = wire.listen(event, "*")
    wire.server(event, **IDS, message_id="m1", text="Hi", turn_id=1)
    assert heard == []
    assert wire.pc.stats()["dropped"] == 1


@pytest.mark.parametrize("event", ["user.speaking", "audio.metrics"])
def test_interim(event: str) -> None:
    """Interim events reach the handlers each time, and leave nothing in the transcript."""
    wire = Wire()
    call = wire.call()
    heard = wire.listen(event, on=call)
    for _ in range(2):
        wire.server(event, **IDS, text="Hel")
    assert [of for _, _, of in heard] == [call, call]
    assert call.transcript == []
    assert call.last_message_id == ""


class TestUserMessage:
    def test_remembered(self) -> None:
        """A message is part of the transcript and the last one to answer; a repeat is not heard."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("user.message", on=call)
        for _ in range(2):
            wire.server("user.message", **IDS, message_id="m1", text="Hi")
        assert [event.text for _, event, _ in heard] == ["Hi"]
        assert call.transcript == [{"role": "user", "content": "Hi"}]
        assert call.last_message_id == "m1"

    def test_without_an_id(self) -> None:
        """A message without an id leaves the last message to answer as it was."""
        wire = Wire()
        call = wire.call()
        wire.server("user.message", **IDS, message_id="m1", text="Hi")
        wire.server("user.message", **IDS, text="there")
        assert call.last_message_id == "m1"
        assert [message["content"] for message in call.transcript] == ["Hi", "there"]

    def test_the_turn(self) -> None:
        """A message is part of the turn that ends after it."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("turn.end", on=call)
        wire.server("user.message", **IDS, message_id="m1", text="Hi", confidence=0.9)
        wire.server("turn.end", **IDS)
        turn = heard[0][1]
        assert (turn.text, turn.message_id, turn.confidence) == ("Hi", "m1", 0.9)


class TestTurns:
    @pytest.mark.parametrize("event", ["eager.turn", "turn.end"])
    def test_the_last_message(self, event: str) -> None:
        """A turn names the message to answer; one without an id leaves that as it was."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen(event, on=call)
        wire.server(event, **IDS, message_id="m1")
        wire.server(event, **IDS)
        assert len(heard) == 2
        assert heard[0][1].message_id == "m1"
        assert call.last_message_id == "m1"

    @pytest.mark.parametrize("event", ["user.message", "eager.turn", "turn.end"])
    def test_what_handlers_answer(self, event: str) -> None:
        """A reply in a handler of the event answers the event's message."""
        wire = Wire()
        call = wire.call()
        call._add_handler(event, lambda event, call: call.reply_stream().write("Yes"))
        wire.server(event, **IDS, message_id="m1", text="Hi")
        assert wire.sent()[0]["in_reply_to"] == "m1"

    @pytest.mark.parametrize("event", ["eager.turn", "turn.end"])
    def test_without_a_message(self, event: str) -> None:
        """A turn without a message id has none to answer."""
        wire = Wire()
        wire.call()
        wire.listen(event)
        text = json.dumps({"event": event, **IDS})
        wire.engine.receive(text, 0)
        (delivery,) = wire.engine.deliveries()
        assert isinstance(delivery, Delivery)
        assert delivery.answers is None

    def test_continued(self) -> None:
        """A turn that goes on aborts every reply that is being written."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("turn.continued", on=call)
        streams = [call.reply_stream(), call.reply_stream()]
        wire.server("turn.continued", **IDS, turn_id=1)
        assert [stream.aborted for stream in streams] == [True, True]
        assert [of for _, _, of in heard] == [call]

    def test_a_lines_call(self) -> None:
        """The end of a turn ends what a line's call listens for."""
        wire = Wire()
        call = line_call(wire)
        heard = call._place_listen(speech=True, timeout=5)
        wire.server("user.message", **LINE_IDS, message_id="m1", text="sales")
        wire.server("turn.end", **LINE_IDS)
        assert (heard.result().by, heard.result().text) == ("speech", "sales")
