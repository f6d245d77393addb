"""What is known of a call: its status, its frames, its end, and what happens to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.model.call_state import CallState, Status
from pinecall.core.wire.limits import BOT_TEXT, CALL_SKILLS, MAX_ID
from pinecall.errors import CallEnded, NotConnected
from pinecall.events import HistoryUpdated

from ..harness import Wire
from ..kernel.bare import Bare
from .people import Agent, call_of

HOLD = {"event": "call.hold", "call_id": "CA1"}
HANGUP = {"event": "call.hangup", "call_id": "CA1"}


def started(**facts: Any) -> tuple[Bare, CallState]:
    """A runtime and a live call on it."""
    runtime = Bare()
    return runtime, call_of(Agent(runtime), **facts)


def taken(runtime: Bare) -> list[str]:
    """The names of the frames that go to the socket now."""
    return [json.loads(text)["event"] for text in runtime.outbox.take()]


class TestFacts:
    def test_what_it_was_not_given(self) -> None:
        """A call of which nothing is known is an inbound one of unknown transport that goes on."""
        runtime, call = started()
        agent = call.agent
        assert (call.id, call.agent, call._runtime) == ("CA1", agent, runtime)
        assert (call.from_, call.to, call.direction, call.transport) == (
            "",
            "",
            "inbound",
            "unknown",
        )
        assert (call.metadata, call.language, call.extension, call.routed_from) == (
            {},
            None,
            None,
            None,
        )
        assert (call.status, call.reason, call.duration) == ("active", "", 0.0)
        assert (call.started_at, call.ended_at, call.last_message_id) == (0.0, 0.0, "")
        assert (call.messages, call.transcript, call.active_skills) == ([], [], [])
        assert (call.current_bot_text, call._greeting, call.line_transcript) == ("", None, [])
        assert call._turn.text == ""

    def test_what_it_was_given(self) -> None:
        """A call keeps the facts of its start, and the very dict of its metadata."""
        metadata = {"plan": "gold"}
        _, call = started(
            from_="+34607827824", to="+13186330963", direction="outbound", transport="phone",
            metadata=metadata, language="es", status="dialing",
        )  # fmt: skip
        assert (call.from_, call.to, call.direction) == ("+34607827824", "+13186330963", "outbound")
        assert (call.transport, call.language, call.status) == ("phone", "es", "dialing")
        assert call.metadata is metadata

    def test_the_conversation(self) -> None:
        """``messages`` and ``transcript`` are those of the conversation."""
        _, call = started()
        call._conversation.remember("user", "Hi")
        call._conversation.asked([{"id": "t1"}])
        assert [message["role"] for message in call.messages] == ["user", "assistant"]
        assert call.transcript == [{"role": "user", "content": "Hi"}]

    def test_in_messages(self) -> None:
        """A call is shown in one line, and named by its id."""
        _, call = started(transport="phone")
        assert repr(call) == "<CallState CA1 of 'mara': active, inbound phone>"
        assert call._title == "call CA1"
        assert repr(CallState.__new__(CallState)) == "<CallState: not made>"


#: What moves a call, by name.
MOVES: dict[str, Callable[[CallState], None]] = {
    "answered": CallState._answered,
    "detach": CallState._detach,
    "reattach": CallState._reattach,
    "finish": lambda call: call._finish("hangup"),
}


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "move", "after"),
        [
            ("dialing", "answered", "active"),
            ("dialing", "finish", "ended"),
            ("active", "answered", "active"),
            ("active", "detach", "detached"),
            ("active", "finish", "ended"),
            ("detached", "answered", "active"),
            ("detached", "reattach", "active"),
            ("detached", "finish", "ended"),
        ],
    )
    def test_moves(self, status: Status, move: str, after: Status) -> None:
        """A call moves from one status to the next as the table of the module says."""
        _, call = started(status=status)
        MOVES[move](call)
        assert call.status == after
        assert call._over is call._events_over is (after == "ended")

    @pytest.mark.parametrize(
        ("status", "move"),
        [
            ("dialing", "detach"),
            ("active", "reattach"),
            ("detached", "detach"),
            ("ended", "answered"),
            ("ended", "detach"),
            ("ended", "reattach"),
            ("ended", "finish"),
        ],
    )
    def test_no_other_moves(self, status: Status, move: str) -> None:
        """Any other move is a mistake of the SDK's, and fails."""
        _, call = started(status=status)
        with pytest.raises(AssertionError, match=f"^{status} → "):
            MOVES[move](call)
        assert call.status == status

    @pytest.mark.parametrize(
        ("status", "live"),
        [("dialing", True), ("active", True), ("detached", False), ("ended", False)],
    )
    def test_live(self, status: Status, live: bool) -> None:
        """Frames can be sent for a call that is dialing or active, while the link is up."""
        runtime, call = started(status=status)
        assert call._live is live
        runtime.ready = False
        assert not call._live

    def test_detached(self) -> None:
        """What was said while the call is detached may not all reach this process."""
        _, call = started()
        assert not call._conversation.partial
        call._detach()
        assert call._conversation.partial


class TestFrames:
    def test_live_frames(self) -> None:
        """A live frame is sent at once."""
        runtime, call = started()
        call._send_live(HOLD)
        assert taken(runtime) == ["call.hold"]
        assert runtime.outbox.unproven == 0

    def test_live_frames_while_down(self) -> None:
        """A live frame that cannot be sent now raises, names the verb, and is not kept."""
        runtime, call = started(status="detached")
        with pytest.raises(NotConnected) as caught:
            call._send_live(HOLD)
        assert caught.value.message == (
            "hold: call CA1 of agent 'mara' is detached (link: connected), and this cannot be sent "
            "later"
        )
        assert (caught.value.agent_id, caught.value.call_id) == ("mara", "CA1")
        assert (taken(runtime), runtime.outbox.held) == ([], 0)

    def test_durable_frames(self) -> None:
        """A durable frame of a live call is sent, and waits for its proof."""
        runtime, call = started()
        call._send_durable(HANGUP, request_id="rq_1")
        assert taken(runtime) == ["call.hangup"]
        (frame,) = runtime.outbox.frames
        assert (frame.agent_id, frame.call_id, frame.request_id) == ("mara", "CA1", "rq_1")

    def test_durable_frames_while_down(self) -> None:
        """A durable frame of a detached call is held until its agent is registered."""
        runtime, call = started(status="detached")
        call._send_durable(HANGUP)
        assert (taken(runtime), runtime.outbox.held) == ([], 1)
        registration = call.agent._registration
        registration.create()
        registration.acked()
        call._send_durable(HANGUP)
        assert taken(runtime) == ["agent.create", "call.hangup", "call.hangup"]

    def test_when_it_is_over(self) -> None:
        """Nothing is sent for a call that is over: CallEnded names the verb and the reason."""
        runtime, call = started()
        call._require("call.hold")
        call._finish("timeout")
        for send, verb in ((call._send_live, "hold"), (call._send_durable, "hangup")):
            with pytest.raises(CallEnded) as caught:
                send(HOLD if verb == "hold" else HANGUP)  # type: ignore[operator]
            assert caught.value.message == f"{verb}: call CA1 of agent 'mara' is over (timeout)"
            assert (caught.value.agent_id, caught.value.call_id) == ("mara", "CA1")
        assert taken(runtime) == []

    def test_without_a_reason(self) -> None:
        """A call that ended without a reason has simply ended."""
        _, call = started()
        call._finish("")
        assert str(call._ended_error("hold")) == "hold: call CA1 of agent 'mara' is over (ended)"


class TestTheEnd:
    def test_waiting_for_it(self) -> None:
        """``ending`` settles with the reason, whoever asks before or after."""
        _, call = started()
        before = call._ending
        assert call._ending is before
        assert (before.done, before.what) == (False, "the end of call CA1")
        call._finish("hangup")
        assert before.result() == "hangup"
        _, other = started()
        other._finish("timeout")
        assert other._ending.result() == "timeout"

    def test_what_was_asked(self) -> None:
        """Its questions fail, and those of other calls wait on."""
        runtime, call = started()
        other = call_of(Agent(runtime, "leo"), "CA2")
        outcomes = [
            runtime.requests.ask(
                one, "history.clear", "history.updated", lambda event: event.count, durable=True
            )
            for one in (call, other)
        ]
        call._finish("hangup")
        with pytest.raises(CallEnded, match=r"^request: call CA1 "):
            outcomes[0].result()
        assert not outcomes[1].done
        runtime.requests.answered(HistoryUpdated(call_id="CA2", count=3))
        assert outcomes[1].result() == 3

    def test_what_waited(self, caplog: pytest.LogCaptureFixture) -> None:
        """What waited for the link is dropped, which is said; so is what was not proven."""
        runtime, call = started()
        call._send_durable(HANGUP)
        call._detach()
        for _ in range(2):
            call._send_durable(HANGUP)
        call._finish("connection_lost")
        assert (runtime.outbox.held, runtime.outbox.unproven) == (0, 0)
        assert "proof" not in runtime.timers
        assert caplog.messages == [
            "call CA1 of agent 'mara' ended: 2 frames that waited for the link are not sent"
        ]

    def test_nothing_waited(self, caplog: pytest.LogCaptureFixture) -> None:
        """Where nothing waited nothing is said."""
        caplog.set_level(logging.DEBUG, "pinecall")
        _, call = started()
        call._finish("hangup")
        assert caplog.messages == []
        assert call.reason == "hangup"

    def test_what_it_held(self) -> None:
        """Its deadline, its words and its share of what is remembered are released."""
        runtime, call = started()
        runtime.timers.set(("detached", "CA1"), 30.0, lambda late: None)
        call._conversation.remember("user", "Hello")
        call._bot_says("Hi")
        assert runtime.call_text == 5
        call._finish("hangup")
        assert len(runtime.timers) == 0
        assert call.current_bot_text == ""
        assert runtime.call_text == 0
        assert call.transcript == [{"role": "user", "content": "Hello"}]

    def test_its_handlers(self) -> None:
        """Its handlers are forgotten, and its iterators end."""
        runtime, call = started()
        call._release_handlers()
        assert call._own_handlers is None
        call._add_handler("bot.word", lambda event, call: None)
        iterator = runtime.subscribe(call._handlers, ())
        call._release_handlers()
        assert not call._handlers
        assert iterator.over


class TestWhatHappens:
    def test_words(self) -> None:
        """The words of a reply are its text so far; the next reply begins without any."""
        _, call = started(transport="phone")
        call._bot_begins("m1")
        for word in ("Hello", "there"):
            call._bot_says(word)
        assert (call._bot_message_id, call.current_bot_text) == ("m1", "Hello there")
        call._bot_begins(None)
        assert (call._bot_message_id, call.current_bot_text) == (None, "")

    @pytest.mark.parametrize(("transport", "glued"), [("chat", False), ("phone", True)])
    def test_tokens(self, transport: str, glued: bool) -> None:
        """Tokens bring their own spaces: those of a chat always do."""
        _, call = started(transport=transport)
        call._bot_begins("m1")
        call._bot_glued = glued
        for token in ("Hel", "lo", " there"):
            call._bot_says(token)
        assert call.current_bot_text == "Hello there"
        call._bot_begins("m2")
        assert not call._bot_glued

    def test_a_reply_without_end(self) -> None:
        """Of a reply beyond a million characters the rest is left out; the next one is whole."""
        _, call = started(transport="chat")
        half = "x" * (BOT_TEXT // 2)
        for token in (half, half, "y"):
            call._bot_says(token)
        assert call.current_bot_text == half
        call._bot_begins("m2")
        call._bot_says("z")
        assert call.current_bot_text == "z"

    def test_skills(self) -> None:
        """Skills are kept in loading order; an unknown one may be unloaded."""
        _, call = started()
        for name in ("b", "a", "b"):
            call._skill_changed(name, loaded=True)
        assert call.active_skills == ["b", "a"]
        call._skill_changed("b", loaded=False)
        call._skill_changed("c", loaded=False)
        assert call.active_skills == ["a"]

    def test_too_many_skills(self, caplog: pytest.LogCaptureFixture) -> None:
        """A skill beyond the bounds is not known of, which is said at debug level."""
        caplog.set_level(logging.DEBUG, "pinecall")
        _, call = started()
        call._skill_changed("x" * (MAX_ID + 1), loaded=True)
        assert call.active_skills == []
        for number in range(CALL_SKILLS + 1):
            call._skill_changed(f"s{number}", loaded=True)
        assert len(call.active_skills) == CALL_SKILLS
        assert [(record.levelname, record.message) for record in caplog.records] == [
            ("DEBUG", f"call CA1: too many skills to know of {'x' * 40}"),
            ("DEBUG", f"call CA1: too many skills to know of s{CALL_SKILLS}"),
        ]

    def test_who_listens(self) -> None:
        """A call listens for what it has a handler of its own for, by that very name."""
        _, call = started()
        assert not call._listens("bot.word")
        call._add_handler("*", lambda item: None)
        assert not call._listens("bot.word")
        call._add_handler("bot.word", lambda event, call: None)
        assert (call._listens("bot.word"), call._listens("turn.end")) == (True, False)


def test_ending_through_the_frames() -> None:
    """``ending`` settles with the reason, whoever asks before or after."""
    wire = Wire()
    call = wire.call()
    before = call._ending
    assert not before.done and call._ending is before
    wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
    assert before.result() == "hangup"
    other = wire.call(call_id="CA2")
    wire.engine.disconnect()
    assert other._ending.result() == "client_disconnect"
