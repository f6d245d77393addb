"""The events of what the agent says."""

from __future__ import annotations

import pytest

from pinecall.core.calls.speech import SayResult

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


EVENTS = [
    "bot.speaking",
    "bot.word",
    "bot.finished",
    "bot.interrupted",
    "message.confirmed",
    "reply.rejected",
    "message.aborted",
]


class TestLiveText:
    def words(self, wire: Wire, *words: str, message_id: str = "b1") -> None:
        for word in words:
            wire.server("bot.word", **IDS, message_id=message_id, word=word)

    def test_grows(self) -> None:
        """The live text grows word by word, joined by one space, for the current message only."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.speaking", **IDS, message_id="b1")
        self.words(wire, "Hello", "Ana")
        self.words(wire, "stale", message_id="b0")
        assert call.current_bot_text == "Hello Ana"
        wire.server("bot.speaking", **IDS, message_id="b2")
        assert call.current_bot_text == ""

    def test_every_word_is_told(self) -> None:
        """Each word of a message reaches the handlers."""
        wire = Wire()
        wire.call()
        told = wire.listen("bot.word")
        self.words(wire, "a", "a", "b")
        assert [event.word for _, event, _ in told] == ["a", "a", "b"]

    @pytest.mark.parametrize("event", ["bot.finished", "bot.interrupted"])
    def test_readable_at_the_end(self, event: str) -> None:
        """Handlers of the end still read the text; afterwards it is empty."""
        wire = Wire()
        call = wire.call()
        read: list[str] = []
        call._add_handler(event, lambda e, c: read.append(c.current_bot_text))
        wire.server("bot.speaking", **IDS, message_id="b1")
        self.words(wire, "Hello")
        wire.server(event, **IDS, message_id="b1")
        assert read == ["Hello"]
        assert call.current_bot_text == ""

    def test_empty_without_handlers(self) -> None:
        """The live text is empty after the end, also without handlers."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.speaking", **IDS, message_id="b1")
        self.words(wire, "Hello")
        wire.server("bot.finished", **IDS, message_id="b1")
        assert call.current_bot_text == ""

    def test_slow_handlers(self) -> None:
        """Handlers that finish when the next reply is being spoken leave its text alone."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.speaking", **IDS, message_id="b1")
        call._add_handler("bot.finished", lambda e, c: None)
        wire.engine.receive(
            '{"event":"bot.finished","agent_id":"mara","call_id":"CA1","message_id":"b1"}', 0
        )
        late = wire.engine.deliveries()
        wire.server("bot.speaking", **IDS, message_id="b2")
        self.words(wire, "Next", message_id="b2")
        for delivery in late:
            wire.run_delivery(delivery)  # type: ignore[arg-type]
        assert call.current_bot_text == "Next"

    def test_empty_after_the_call(self) -> None:
        """The live text is empty after the end of the call."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.speaking", **IDS, message_id="b1")
        self.words(wire, "Hello")
        wire.server("call.ended", **IDS)
        assert call.current_bot_text == ""


class TestWithoutACall:
    @pytest.mark.parametrize("event", EVENTS)
    def test_of_a_call_that_is_over(self, event: str) -> None:
        """An event of a call that is over reaches no handler."""
        wire = Wire()
        wire.call()
        wire.server("call.ended", **IDS)
        heard = wire.listen(event, "*")
        wire.server(event, **IDS, message_id="b1", text="Hi", word="Hi")
        assert heard == []
        assert wire.pc.stats()["dropped"] == 1


class TestReplies:
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
        """A reply is settled by its end, an interruption, a refusal or an abortion, before the
        handlers run."""
        wire = Wire()
        call = wire.call()
        speech = call._speak("Hello", "", None)
        results: list[SayResult] = []
        call._add_handler(event, lambda event, call: results.append(speech.outcome.result()))
        wire.server(event, **IDS, message_id=speech.message_id)
        assert results == [SayResult(interrupted)]

    @pytest.mark.parametrize(
        ("event", "aborted"),
        [
            ("bot.finished", False),
            ("bot.interrupted", True),
            ("reply.rejected", True),
            ("message.aborted", True),
        ],
    )
    def test_a_stream(self, event: str, aborted: bool) -> None:
        """A reply that is being written is aborted by all of these but its end."""
        wire = Wire()
        stream = wire.call().reply_stream()
        wire.server(event, **IDS, message_id=stream.message_id)
        assert stream.aborted is aborted


class TestConfirmed:
    def test_remembered(self) -> None:
        """A confirmed message is part of the transcript, and reaches the handlers once."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("message.confirmed", on=call)
        for _ in range(2):
            wire.server("message.confirmed", **IDS, message_id="b1", text="Hello")
        assert [event.text for _, event, _ in heard] == ["Hello"]
        assert call.transcript == [{"role": "assistant", "content": "Hello"}]
