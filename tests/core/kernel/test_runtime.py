"""The runtime: frames that must not be lost, raw frames, and what is counted."""

from __future__ import annotations

import json
import logging

import pytest

from pinecall.core.kernel.outbox import MAX_UNSENT_BYTES
from pinecall.core.kernel.runtime import frame_event, name_of
from pinecall.core.wire import codec
from pinecall.errors import ConfigurationError, NotConnected

from ..harness import Wire
from .bare import Bare, Caller

HANGUP = {"event": "call.hangup", "call_id": "CA1"}
PING = {"event": "ping"}


def taken(runtime: Bare) -> list[str]:
    """The names of the frames that go to the socket now."""
    return [json.loads(text)["event"] for text in runtime.outbox.take()]


def after(runtime: Bare, seconds: float) -> None:
    """Let the time come for what is due."""
    runtime.timers.arm(runtime.now)
    runtime.now += seconds
    for action, due in runtime.timers.expired(runtime.now):
        action(runtime.now - due)


class TestDurable:
    def test_now(self) -> None:
        """A durable frame goes to the socket; a ping that asks for its proof follows after 1 s."""
        runtime = Bare()
        runtime.send_durable(HANGUP, now=True, agent_id="mara", call_id="CA1")
        assert taken(runtime) == ["call.hangup"]
        assert runtime.outbox.unproven == 1
        after(runtime, 1.0)
        assert taken(runtime) == ["ping"]
        runtime.proofs.pong()
        assert runtime.outbox.unproven == 0

    def test_later(self) -> None:
        """A durable frame is held until its agent is registered, then sent, and proven like others."""
        runtime = Bare()
        runtime.send_durable(HANGUP, now=False, agent_id="mara", call_id="CA1", request_id="rq_1")
        held = runtime.outbox.held_request("mara", "rq_1")
        assert held is not None
        assert (held.event, held.call_id, held.kept) == ("call.hangup", "CA1", True)
        runtime.send_held("leo")
        after(runtime, 10.0)
        assert taken(runtime) == []
        runtime.send_held("mara")
        after(runtime, 1.0)
        assert taken(runtime) == ["call.hangup", "ping"]

    def test_no_room(self) -> None:
        """A durable frame that finds no room raises, is named with its call, and asks for no proof."""
        runtime = Bare()
        runtime.transmit({"event": "x", "text": "x" * MAX_UNSENT_BYTES})
        runtime.outbox.take()
        big = {**HANGUP, "text": "x" * MAX_UNSENT_BYTES}
        runtime.send_durable(big, now=True, agent_id="mara", call_id="CA1")
        runtime.outbox.take()
        with pytest.raises(NotConnected, match=r"^call\.hangup of call CA2: "):
            runtime.send_durable(HANGUP, now=True, agent_id="mara", call_id="CA2")
        assert taken(runtime) == []

    def test_raw_frames_wait(self) -> None:
        """A raw frame waits for the registration only: it is not held again, and not proven."""
        runtime = Bare()
        runtime.hold_raw({"event": "brand.new"}, "mara")
        assert runtime.outbox.held == 1
        runtime.send_held("mara")
        assert taken(runtime) == ["brand.new"]
        assert runtime.outbox.unproven == 0

    def test_an_agent_that_is_gone(self, caplog: pytest.LogCaptureFixture) -> None:
        """What waited for a removed agent is dropped with one warning, if there was anything."""
        runtime = Bare()
        for _ in range(2):
            runtime.hold_raw({"event": "brand.new"}, "mara")
        runtime.drop_held("mara", "agent mara")
        runtime.drop_held("mara", "agent mara")
        assert caplog.messages == ["agent mara is no more: 2 frames that waited are not sent"]
        assert runtime.outbox.held == 0

    def test_a_new_socket(self) -> None:
        """What the former socket had not taken is gone, and its proof is not asked for."""
        runtime = Bare()
        runtime.transmit({"event": "call.hold"})
        runtime.send_durable(HANGUP, now=True, agent_id="mara", call_id="CA1")
        runtime.discard_transmitted()
        after(runtime, 10.0)
        assert taken(runtime) == []
        assert runtime.outbox.unproven == 0


class TestRawFrames:
    def test_send(self) -> None:
        """A raw frame goes out as it is."""
        wire = Wire().up()
        wire.pc.send({"event": "x", "nested": {"a": None}})
        assert wire.sent(raw=True) == [{"event": "x", "nested": {"a": None}}]
        assert wire.front.wakes

    def test_send_while_down(self) -> None:
        """A raw frame while the link is down raises, and says what it is about."""
        wire = Wire()
        with pytest.raises(NotConnected, match="x: not connected"):
            wire.pc.send({"event": "x"})

    @pytest.mark.parametrize("frame", [None, [], {}, {"event": 5}])
    def test_no_frame(self, frame: object) -> None:
        """What is not a frame is refused."""
        with pytest.raises(ConfigurationError, match="a dict with an 'event'"):
            Wire().up().pc.send(frame)  # type: ignore[arg-type]

    def test_pings_of_the_program(self) -> None:
        """The pong that answers a ping of the program's proves what was sent before it."""
        runtime = Bare()
        runtime.send_durable(HANGUP, now=True, agent_id="mara", call_id="CA1")
        runtime.send_raw({"event": "brand.new"})
        runtime.proofs.pong()
        assert runtime.outbox.unproven == 1
        runtime.send_raw(PING)
        runtime.proofs.pong()
        assert runtime.outbox.unproven == 0

    @pytest.mark.parametrize("frame", [None, "call.hold", ["event"], {}, {"event": None}])
    def test_their_names(self, frame: object) -> None:
        """A frame is a dict with an ``event`` that is text; anything else is refused by its type."""
        assert frame_event({"event": "x", "more": 1}, "send()") == "x"
        with pytest.raises(ConfigurationError) as caught:
            frame_event(frame, "send()")
        assert caught.value.message == (
            f"send() takes a frame: a dict with an 'event', not {type(frame).__name__}"
        )


def test_names() -> None:
    """An event has the name that handlers use; one that the SDK does not know has the wire's."""
    assert name_of(codec.decode('{"event":"llm.before"}')) == "call.preparing"
    assert name_of(codec.decode('{"event":"bot.word"}')) == "bot.word"
    assert name_of(codec.decode('{"event":"brand.new"}')) == "brand.new"


def test_dropped_frames(caplog: pytest.LogCaptureFixture) -> None:
    """A frame that concerns nobody is counted, and named at debug level only."""
    caplog.set_level(logging.DEBUG, "pinecall")
    runtime = Bare()
    runtime.drop(codec.decode('{"event":"bot.word"}'), "no such call")
    assert runtime.counts == {"received": 0, "malformed": 0, "unknown": 0, "dropped": 1}
    assert [(r.levelname, r.message) for r in caplog.records] == [
        ("DEBUG", "dropped bot.word: no such call")
    ]


def test_without_a_client() -> None:
    """The runtime alone has nothing to do about refused names and destroyed lines."""
    runtime = Bare()
    runtime.look_whether_all_are_refused()
    runtime.line_destroyed(Caller("line:+13186330963"))
    assert runtime.deliveries() == []
    assert taken(runtime) == []
