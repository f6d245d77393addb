"""A greeting that is a function."""

from __future__ import annotations

from typing import Any

import pytest

from ..harness import Wire


class TestGreeting:
    def test_function(self) -> None:
        """A greeting function is not sent; what it returns is spoken when a call comes in."""
        wire = Wire().up()
        wire.pc.agent("mara", greeting=lambda call: f"Hello {call.from_}")
        assert "greeting" not in wire.sent()[0]
        wire.server("agent.created", agent_id="mara")
        wire.call()
        frame = wire.sent()[0]
        assert (frame["text"], frame["in_reply_to"]) == ("Hello +15551230000", "")
        assert frame["add_to_history"] is True

    def test_coroutine(self) -> None:
        """A greeting may be a coroutine function."""

        async def greeting(call: object) -> str:
            return "Hello"

        wire = Wire()
        wire.agent(greeting=greeting)
        wire.call()
        assert wire.sent()[0]["text"] == "Hello"

    @pytest.mark.parametrize("key", ["add_to_history", "addToHistory"])
    def test_outside_the_history(self, key: str) -> None:
        """A greeting function may return a dict that keeps the text out of the history."""
        wire = Wire()
        wire.agent(greeting=lambda call: {"text": "Hello", key: False})
        wire.call()
        assert "add_to_history" not in wire.sent()[0]

    @pytest.mark.parametrize("nothing", [None, "", {}, {"text": ""}])
    def test_nothing_to_say(self, nothing: Any) -> None:
        """A greeting function may return nothing."""
        wire = Wire()
        wire.agent(greeting=lambda call: nothing)
        wire.call()
        assert wire.sent() == []

    def test_failing(self) -> None:
        """A greeting function that raises, or returns anything but text, is reported, and the call goes on."""

        def broken(call: object) -> str:
            raise KeyError("x")

        for function, code in ((broken, "HANDLER_ERROR"), (lambda c: 5, "CONFIGURATION_ERROR")):
            wire = Wire()
            wire.agent(greeting=function)
            told = wire.listen("error")
            call = wire.call()
            assert told[0][1].code == code
            assert call.status == "active"
            assert wire.sent() == []

    def test_too_late(self) -> None:
        """A greeting that is ready when the call is over, or the link down, is reported."""
        for end in ("call", "link"):
            wire = Wire()
            wire.hold_jobs = True
            wire.agent(greeting=lambda call: "Hello")
            told = wire.listen("error")
            wire.call()
            if end == "call":
                wire.server("call.ended", call_id="CA1")
            else:
                wire.lost()
            wire.run_jobs()
            assert told[0][1].code == ("CALL_ENDED" if end == "call" else "NOT_CONNECTED")

    @pytest.mark.parametrize("direction", ["inbound", "outbound"])
    def test_text(self, direction: str) -> None:
        """A greeting that is a text is part of the claim, and is spoken by the server."""
        wire = Wire().up()
        wire.pc.deploy("mara", greeting="Hello")
        assert wire.sent()[0]["greeting"] == "Hello"
        wire.server("agent.created", agent_id="mara")
        wire.call(direction=direction)
        assert wire.sent() == []

    def test_deployed_twice(self) -> None:
        """An agent that was deployed a second time greets once."""
        wire = Wire().up()
        wire.pc.deploy("mara", greeting=lambda call: "Hello")
        wire.server("agent.created", agent_id="mara")
        wire.pc.deploy("mara", greeting=lambda call: "Hello again")
        wire.sent()
        wire.call()
        assert [frame["text"] for frame in wire.sent()] == ["Hello again"]

    def test_outbound(self) -> None:
        """An outbound call is not greeted by the function."""
        wire = Wire()
        wire.agent(greeting=lambda call: "Hello")
        wire.call(direction="outbound")
        assert wire.sent() == []
