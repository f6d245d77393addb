"""A name that another connection holds: what is tried, and what is reported."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import (
    AgentConflictError,
)

from ..harness import Wire


class TestConflicts:
    @pytest.mark.parametrize(("moment", "warned"), [(1, False), (5, True)])
    def test_origins_set_during_a_conflict(self, caplog: Any, moment: float, warned: bool) -> None:
        """allowed_origins are part of the next try; once it is under way they come too late."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code="AGENT_CONFLICT", error="held")
        wire.at(moment)
        wire.pc.agent("mara", allowed_origins=["https://x.dev"])
        assert ("allowed_origins takes effect with the next registration" in caplog.text) is warned
        assert mara.config.allowed_origins == ["https://x.dev"]

    def conflict(self, wire: Wire, **fields: Any) -> None:
        wire.server("error", agent_id="mara", error="held", **{"code": "AGENT_CONFLICT", **fields})

    @pytest.mark.parametrize(
        "frame",
        [
            {"code": "AGENT_CONFLICT"},
            {"code": "AGENT_IN_USE"},
            {"code": "", "error": "AGENT_IN_USE"},
            {"error": "AGENT_CONFLICT: held"},
        ],
    )
    def test_tried_again(self, frame: dict[str, Any]) -> None:
        """A conflict, by code or by text, claims the agent again after a while."""
        wire = Wire().up()
        wire.chance = 0.5
        mara = wire.pc.agent("mara")
        ready = mara._registration.ready
        wire.sent()
        told = wire.listen("error")
        wire.server({"event": "error", "agent_id": "mara", "error": "held", **frame})
        assert isinstance(told[0][1], AgentConflictError)
        assert told[0][1].reason == "retrying"
        wire.at(4.9)
        assert wire.sent() == []
        wire.at(5)
        assert wire.sent_events() == ["agent.create"]
        wire.server("agent.created", agent_id="mara")
        assert ready.result() is None

    def test_delays(self) -> None:
        """The delays are 5, 10, 20, 40 s, and the last is cut to land on 90 s."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        times = []
        for _ in range(5):
            self.conflict(wire)
            wire.sent()
            due = wire.engine.deadline(wire.now)
            assert due is not None
            while not wire.sent_events():
                due = wire.engine.deadline(wire.now)
                assert due is not None
                wire.at(due)
            times.append(wire.now)
        assert times == [5, 15, 35, 75, 90]

    def test_retry_after(self) -> None:
        """The server's retry_after_s is the delay."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        wire.sent()
        self.conflict(wire, retry_after_s=33)
        wire.at(32)
        assert wire.sent() == []
        wire.at(33)
        assert wire.sent_events() == ["agent.create"]

    @pytest.mark.parametrize("hint", ["soon", None, [1], {}, True])
    def test_hints_that_are_no_numbers(self, hint: Any) -> None:
        """A hint of another type is ignored."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        wire.sent()
        self.conflict(wire, retry_after_s=hint)
        wire.at(4.9)
        assert wire.sent_events() == []
        wire.at(5)
        assert wire.sent_events() == ["agent.create"]

    def test_dead_holder(self) -> None:
        """A holder known to be dead starts fast delays and the 90 s anew."""
        wire = Wire(ping_interval=None).up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        for moment in (0, 5, 15, 35, 75):
            wire.at(moment)
            self.conflict(wire)
        wire.at(90)
        wire.sent()
        self.conflict(wire, holder_alive=False)
        wire.at(95)
        assert wire.sent_events() == ["agent.create"]
        self.conflict(wire)
        wire.at(104)
        assert wire.sent() == []

    def test_notice_once(self, caplog: Any) -> None:
        """The notice in the log appears once for one conflict."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.at(5)
        self.conflict(wire)
        assert caplog.text.count("is held by another connection; trying again") == 1

    def test_the_ack_ends_it(self) -> None:
        """An ack, however it came about, drops the planned try and the 90 s."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.at(5)
        self.conflict(wire)
        wire.sent()
        wire.server("agent.created", agent_id="mara")
        wire.at(20)
        assert wire.sent() == []
        self.conflict(wire)
        wire.at(24.9)
        assert wire.sent() == []
        wire.at(25)
        assert wire.sent_events() == ["agent.create"]

    def test_a_close_clears_it(self) -> None:
        """A lost link drops the planned try and the 90 s."""
        wire = Wire().up()
        wire.chance = 0.5
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.lost()
        wire.reconnect()
        assert wire.sent_events() == ["connect", "agent.create"]
        wire.at(6)
        assert wire.sent() == []
        self.conflict(wire)
        wire.at(11)
        assert wire.sent_events() == ["agent.create"]

    def test_removed_while_waiting(self) -> None:
        """A removed agent is not claimed again."""
        wire = Wire().up()
        wire.pc.agent("mara")
        self.conflict(wire)
        wire.pc.remove_agent("mara")
        wire.sent()
        wire.at(25)
        assert wire.sent() == []
