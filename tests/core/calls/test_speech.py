"""What the agent says: replies, how they were heard, and the words as they are spoken."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pinecall.core.calls.speech import SayResult
from pinecall.core.calls.verbs import answering
from pinecall.errors import ConfigurationError, NotConnected, RequestTimeout
from pinecall.events import Turn

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


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


class TestAnswering:
    def test_the_last_message(self) -> None:
        """Outside a handler a reply answers the caller's last message, or nothing."""
        wire = Wire()
        call = wire.call()
        assert call._answered_message() == ""
        wire.server("user.message", **IDS, message_id="m1", text="Hi")
        assert call._answered_message() == "m1"

    @pytest.mark.parametrize(
        ("event", "fields"),
        [("user.message", {"text": "Hi"}), ("eager.turn", {}), ("turn.end", {})],
    )
    def test_the_message_being_handled(self, event: str, fields: dict[str, Any]) -> None:
        """Inside a handler it answers the message of that handler, though others came since."""
        wire = Wire()
        call = wire.call()
        answered: list[str] = []

        def handler(_: object, call: Any) -> None:
            call.last_message_id = "newer"
            answered.append(call._answered_message())

        wire.pc._add_handler(event, handler)
        wire.server(event, **IDS, message_id="m1", **fields)
        assert answered == ["m1"]
        assert call._answered_message() == "newer"

    def test_of_another_call(self) -> None:
        """Inside a handler of one call, a reply on another answers that one's last message."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        wire.server("user.message", agent_id="mara", call_id="CA2", message_id="m2", text="x")
        answered: list[str] = []
        one._add_handler("user.message", lambda e, c: answered.append(two._answered_message()))
        wire.server("user.message", agent_id="mara", call_id="CA1", message_id="m1", text="x")
        assert answered == ["m2"]
        assert answering.get() is None

    def test_chat(self) -> None:
        """A chat message with an id is answered likewise."""
        wire = Wire()
        wire.agent()
        wire.server("llm.chat.started", agent_id="mara", call_id="chat-1")
        answered: list[str] = []
        wire.pc._add_handler("user.message", lambda e, c: answered.append(c._answered_message()))
        wire.server("chat.message", agent_id="mara", call_id="chat-1", text="x", message_id="m1")
        assert answered == ["m1"]

    def test_stream_for_a_turn(self) -> None:
        """A stream for a turn answers the turn's message."""
        wire = Wire()
        call = wire.call()
        call.last_message_id = "newer"
        call.reply_stream(Turn(message_id="m1")).write("x")
        call.reply_stream(message_id="mine").write("y")
        with pytest.raises(ConfigurationError, match="the turn or message to answer, not int"):
            call.reply_stream(5)
        starts = [f for f in wire.sent() if f["action"] == "start"]
        assert [f["in_reply_to"] for f in starts] == ["m1", "newer"]
        assert starts[1]["message_id"] == "mine"


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
        """Without handlers the text is empty after the end as well."""
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
        """Nothing is being said on a call that is over."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.speaking", **IDS, message_id="b1")
        self.words(wire, "Hello")
        wire.server("call.ended", **IDS)
        assert call.current_bot_text == ""
