"""A call that rings, to be accepted or rejected."""

from __future__ import annotations

import pytest

from pinecall.errors import (
    ConfigurationError,
    NotConnected,
)

from ..harness import Wire


class TestRinging:
    def ring(self, wire: Wire) -> None:
        wire.server("call.ringing", agent_id="mara", call_id="CA1", from_="+1555", to="+1318")

    def test_a_handle(self) -> None:
        """call.ringing gives an object with the caller's number and the number that rings."""
        wire = Wire()
        wire.agent()
        told = wire.listen("call.ringing")
        self.ring(wire)
        ringing = told[0][1]
        assert (ringing.id, ringing.from_, ringing.to) == ("CA1", "+1555", "+1318")
        assert ringing.agent.id == "mara"
        assert repr(ringing) == "<RingingCall CA1 from +1555 to +1318: ringing>"
        assert wire.sent() == []

    def test_accept_once(self) -> None:
        """Only the first accept or reject is sent."""
        wire = Wire()
        wire.agent()
        told = wire.listen("call.ringing")
        self.ring(wire)
        ringing = told[0][1]
        ringing.accept()
        ringing.reject()
        ringing.accept()
        assert wire.sent() == [{"event": "call.accept", "agent_id": "mara", "call_id": "CA1"}]
        assert ringing.settled
        assert repr(ringing).endswith("settled>")

    @pytest.mark.parametrize("reason", ["busy", "rejected"])
    def test_reject(self, reason: str) -> None:
        """reject() sends its reason."""
        wire = Wire()
        wire.agent()
        wire.pc._add_handler("call.ringing", lambda ringing: ringing.reject(reason))
        self.ring(wire)
        assert wire.sent() == [
            {"event": "call.reject", "agent_id": "mara", "call_id": "CA1", "reason": reason}
        ]

    def test_bad_reason(self) -> None:
        """Another reason is refused, and the phone goes on ringing."""
        wire = Wire()
        wire.agent()
        told = wire.listen("call.ringing")
        self.ring(wire)
        with pytest.raises(ConfigurationError, match="'busy' or 'rejected'"):
            told[0][1].reject("later")
        assert not told[0][1].settled

    def test_ringing_when_the_link_is_gone(self) -> None:
        """A decision after the link was lost raises, and may be made again."""
        wire = Wire()
        wire.agent()
        told = wire.listen("call.ringing")
        self.ring(wire)
        wire.lost()
        with pytest.raises(NotConnected):
            told[0][1].accept()
        assert not told[0][1].settled
