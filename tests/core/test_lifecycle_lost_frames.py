"""What a lost link does to frames that must not be lost in silence."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import NotConnected

from .harness import Wire

RESULT = [{"tool_call_id": "t1", "result": 1}]


def acked(wire: Wire) -> list[str]:
    """The names of what goes out after the link and the agent are back."""
    wire.reconnect()
    wire.sent()
    wire.server("agent.resumed", agent_id="mara")
    return wire.sent_events()


class TestLostLink:
    def test_a_ping_is_not_left_over(self) -> None:
        """A proof that was to be asked for is not asked of the next connection."""
        wire = Wire(ping_interval=None)
        call = wire.call()
        call.tool_result("m1", RESULT)
        wire.settle()
        wire.after(0.9)
        wire.lost()
        wire.after(0.5)
        wire.engine.outgoing()
        wire.opened()
        wire.after(1)
        assert wire.sent_events() == ["connect"]

    def test_sent_again(self, caplog: Any) -> None:
        """What may be repeated is sent again after the registration, before what came later."""
        caplog.set_level("INFO")
        wire = Wire()
        call = wire.call()
        told = wire.listen("error")
        call.tool_result("m1", RESULT)
        call._ask_change("history.set_vars", vars={"a": "b"})
        wire.sent()
        wire.lost()
        call.hangup()
        assert acked(wire) == ["llm.tool_result", "history.set_vars", "call.hangup"]
        assert told == []
        assert "2 frames that may not have arrived are sent again" in caplog.text

    def test_told(self) -> None:
        """A frame that must not be repeated is reported to the error handlers, with its agent and
        call."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error")
        call.forward("+15558675309")
        call.agent.send_message("hi", contact="1")
        wire.sent()
        wire.lost()
        errors = [error for _, error in told]
        assert [error.code for error in errors] == ["NOT_CONFIRMED"] * 2
        assert [(error.agent_id, error.call_id) for error in errors] == [
            ("mara", "CA1"),
            ("mara", None),
        ]
        assert str(errors[0]).startswith("call.forward of call CA1: the link was lost before")
        assert str(errors[1]).startswith("session.send of agent 'mara': the link was lost")
        assert acked(wire) == []

    def test_what_never_left(self, caplog: Any) -> None:
        """A durable frame that is still queued is sent after the registration, once, and not
        reported."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error")
        call.forward("+15558675309")
        call._ask_change("history.add_context", text="VIP")
        call._speak("hello", "", None)
        call.hold()
        wire.lost()
        assert told == []
        assert (
            "before these frames left, and they make no sense later: 1 x bot.reply, 1 x call.hold"
            in (caplog.text)
        )
        assert acked(wire) == ["call.forward", "history.add_context"]

    def test_a_change_that_somebody_waits_for(self) -> None:
        """Whoever waits for a change that was sent gets the error at once; the change is not
        repeated, and not reported to others."""
        for verb, fields in (
            ("history.set_vars", {"vars": {}}),
            ("history.add_context", {"text": "VIP"}),
        ):
            wire = Wire()
            told = wire.listen("error")
            outcome = wire.call()._ask_change(verb, **fields)
            outcome.waiters.append(lambda: None)
            wire.sent()
            wire.lost()
            with pytest.raises(NotConnected, match="before the server answered"):
                outcome.result()
            assert told == []
            assert acked(wire) == []

    def test_a_change_that_nobody_waits_for(self) -> None:
        """One that may be repeated is, and answered then; the loss of another is reported."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error")
        prompt = call._ask_change("history.set_instructions", prompt="Be brief.")
        context = call._ask_change("history.add_context", text="VIP")
        wire.sent()
        wire.lost()
        assert not prompt.done
        assert isinstance(context.error, NotConnected)
        assert [error for _, error in told] == [context.error]
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        (frame,) = (f for f in wire.sent() if f["event"] == "history.set_instructions")
        wire.server("history.updated", call_id="CA1", request_id=frame["request_id"], count=2)
        assert prompt.result() == 2

    def test_a_call_that_ended(self) -> None:
        """What was for a call that the server has ended is neither sent again nor reported."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error")
        call.forward("+15558675309")
        call.tool_result("m1", RESULT)
        wire.sent()
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        wire.lost()
        assert told == []
        assert acked(wire) == []

    def test_a_call_that_does_not_come_back(self, caplog: Any) -> None:
        """What waited for a call that is given up is not sent; that is said."""
        wire = Wire()
        call = wire.call()
        call.tool_result("m1", RESULT)
        wire.sent()
        wire.lost()
        call.hangup()
        wire.after(31)
        assert call._over
        assert "call CA1 of agent 'mara' ended: 2 frames that waited" in caplog.text

    def test_disconnecting(self) -> None:
        """disconnect() ends the calls that changes are about; these changes are not reported."""
        wire = Wire()
        told = wire.listen("error")
        call = wire.call()
        call._ask_change("history.add_context", text="VIP")
        wire.sent()
        wire.engine.disconnect()
        wire.settle()
        assert told == []

    def test_an_end_that_is_not_confirmed(self, caplog: Any) -> None:
        """What may not have arrived when disconnect() was called is named, unless the server has
        confirmed the end."""
        for clean, said in ((True, 0), (False, 1)):
            caplog.clear()
            wire = Wire()
            call = wire.call()
            call.forward("+15558675309")
            for number in range(11):
                call.tool_result(f"m{number}", RESULT)
            wire.engine.disconnect()
            assert len(wire.sent()) == 12
            wire.engine.socket_closed(clean=clean)
            named = "call.forward of call CA1, llm.tool_result of call CA1"
            assert caplog.text.count(f"what may not have arrived: {named}") == said
            assert caplog.text.count(" …") == said

    def test_what_waits_when_the_link_is_closed(self, caplog: Any) -> None:
        """What waits for a link that does not come back by itself is counted, and goes with the
        next one."""
        wire = Wire()
        mara = wire.agent()
        wire.lost()
        mara.send_message("hi", contact="1")
        wire.engine.disconnect()
        assert "1 frames wait for the next connect()" in caplog.text
        wire.connect()
        wire.opened()
        wire.server("connected")
        wire.sent()
        wire.server("agent.created", agent_id="mara")
        assert wire.sent_events() == ["session.send"]

    def test_two_losses(self) -> None:
        """What was sent again and lost again is sent a third time."""
        wire = Wire()
        wire.call().tool_result("m1", RESULT)
        wire.sent()
        for _ in range(2):
            wire.lost()
            assert acked(wire) == ["llm.tool_result"]

    def test_lines(self) -> None:
        """A line's calls are treated in the same way."""
        wire = Wire().up()
        wire.pc.line("+12186633772")
        wire.server("line.created", number="+12186633772")
        wire.server(
            "call.started", agent_id="line:+12186633772", call_id="CL1", direction="inbound"
        )
        call = wire.engine.registry.calls["CL1"]
        call.hangup()
        wire.sent()
        wire.lost()
        wire.reconnect()
        wire.sent()
        wire.server("line.created", number="+12186633772")
        assert wire.sent_events() == ["call.hangup"]
