"""Dials that somebody gave up: what is hung up, and what a later dial gets."""

from __future__ import annotations

import pytest

from .dialling import ANA, answered, dial, dialer, dialing, ended, failure


class TestGivenUp:
    def test_a_later_dial_is_not_mistaken(self) -> None:
        """A dial that was given up is forgotten after a minute."""
        wire, mara = dialer()
        dial(mara)
        wire.at(95)
        outcome = dial(mara)
        wire.sent()
        dialing(wire, "CA9")
        answered(wire, "CA9")
        assert outcome.result().id == "CA9"
        assert wire.sent() == []

    @pytest.mark.parametrize("announced", [True, False])
    def test_a_second_try_stands_before_the_first(self, announced: bool) -> None:
        """A dial made again after a timeout gets the call; one that comes late is hung up."""
        wire, mara = dialer()
        dial(mara)
        wire.at(30)
        again = dial(mara)
        wire.sent()
        for call_id in ("C1", "C2"):
            if announced:
                dialing(wire, call_id)
            answered(wire, call_id)
        assert again.result().id == "C1"
        assert {(f["event"], f["call_id"]) for f in wire.sent()} == {("call.hangup", "C2")}

    def test_a_second_try_that_fails(self) -> None:
        """The end of an unknown call fails the dial that is still waited for."""
        wire, mara = dialer()
        dial(mara)
        wire.at(30)
        again = dial(mara)
        ended(wire, "CX", "busy", to=ANA)
        assert failure(again).reason == "busy"

    def test_given_up_then_answered(self) -> None:
        """A call that was to be hung up and is answered first is hung up again."""
        wire, mara = dialer()
        outcome = dial(mara)
        dialing(wire, "CA9")
        outcome.leave(lambda: None)
        wire.sent()
        answered(wire, "CA9")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA9"}]

    def test_given_up_before_the_loss(self) -> None:
        """Dials that were given up before the link was lost are not hung up on the next connection."""
        wire, mara = dialer()
        dial(mara)
        wire.at(30)
        wire.lost()
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        wire.sent()
        answered(wire, "CA9")
        assert wire.sent() == []
