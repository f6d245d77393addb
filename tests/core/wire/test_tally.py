"""Warnings that are counted by kind, and told one by one only so often."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from pinecall.core.wire.limits import KIND, KINDS, WARNINGS
from pinecall.core.wire.tally import Tally

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


class TestTells:
    def test_the_first_of_a_minute(self, caplog: pytest.LogCaptureFixture) -> None:
        """Ten of a kind are reported in a minute; the next report counts those left out."""
        tally = Tally()
        assert [tally.tells("A", 0.0) for _ in range(100)] == [True] * 10 + [False] * 90
        assert tally.tells("B", 0.0)
        assert warnings(caplog) == []
        assert tally.tells("A", 60.0)
        assert warnings(caplog) == ["90 more warnings of the kind A were left out"]
        assert tally.tells("B", 60.0)
        assert len(warnings(caplog)) == 1

    def test_the_minute(self, caplog: pytest.LogCaptureFixture) -> None:
        """A minute begins with the first of a kind, and is over after 60 seconds."""
        tally = Tally()
        assert [tally.tells("A", 5.0) for _ in range(12)].count(True) == 10
        assert not tally.tells("A", 64.0)
        assert tally.tells("A", 65.0)
        assert warnings(caplog) == ["3 more warnings of the kind A were left out"]
        assert [tally.tells("A", 124.0) for _ in range(10)] == [True] * 9 + [False]

    def test_exactly_as_many(self, caplog: pytest.LogCaptureFixture) -> None:
        """When none was left out, none is counted."""
        tally = Tally()
        for _ in range(WARNINGS):
            assert tally.tells("A", 0.0)
        assert tally.tells("A", 60.0)
        tally.finish()
        assert warnings(caplog) == []

    def test_many_kinds(self, caplog: pytest.LogCaptureFixture) -> None:
        """So many kinds are told apart; all others are one kind, and those that are known stay."""
        tally = Tally()
        for number in range(KINDS):
            assert tally.tells(f"kind {number}", 0.0)
        assert [tally.tells(f"new {n}", 0.0) for n in range(12)] == [True] * 10 + [False] * 2
        assert tally.tells("kind 0", 0.0)
        tally.finish()
        assert warnings(caplog) == ["2 more warnings of the kind other kinds were left out"]

    def test_long_kinds(self, caplog: pytest.LogCaptureFixture) -> None:
        """A kind is cut: those with the same beginning are one."""
        tally = Tally()
        beginning = "x" * KIND
        assert [tally.tells(f"{beginning}{n}", 0.0) for n in range(11)] == [True] * 10 + [False]
        tally.finish()
        assert warnings(caplog) == [f"1 more warnings of the kind {beginning} were left out"]


class TestFinish:
    def test_every_kind(self, caplog: pytest.LogCaptureFixture) -> None:
        """At the end of a connection the number of those left out is told for each kind."""
        tally = Tally()
        for kind, count in (("A", 12), ("B", 1), ("C", 15)):
            for _ in range(count):
                tally.tells(kind, 0.0)
        tally.finish()
        assert warnings(caplog) == [
            "2 more warnings of the kind A were left out",
            "5 more warnings of the kind C were left out",
        ]

    def test_anew(self, caplog: pytest.LogCaptureFixture) -> None:
        """Behind the end all kinds are counted anew."""
        tally = Tally()
        for _ in range(11):
            tally.tells("A", 0.0)
        tally.finish()
        caplog.clear()
        tally.finish()
        assert warnings(caplog) == []
        assert [tally.tells("A", 1.0) for _ in range(11)] == [True] * 10 + [False]


class TestInTheEngine:
    @pytest.mark.parametrize(
        "frame",
        [
            {"event": "error", "code": "SERVER_ERROR", "error": "oh", "agent_id": "mara"},
            {"event": "error", "code": "SERVER_ERROR", "error": "oh"},
            {"event": "call.error", **IDS, "error": "oh"},
            {"event": "llm.chat.error", "session_id": "s", "error": "oh"},
            {"event": "error", "code": "PHONE_IN_USE", "agent_id": "mara", "error": "oh"},
        ],
        ids=lambda frame: f"{frame['event']} {frame.get('code')} {frame.get('agent_id')}",
    )
    def test_frames(self, frame: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
        """The server's complaints reach the error handlers one and all; the log has the first ten
        and, at the end of the connection, how many more there were."""
        wire = Wire()
        wire.call()
        told = wire.listen("error")
        for _ in range(100):
            wire.server(frame)
        assert len(told) == 100
        assert len(warnings(caplog)) == 10
        wire.lost()
        assert "90 more warnings" in warnings(caplog)[-1]
        assert len(warnings(caplog)) == 11

    def test_unknown_tools(self, caplog: pytest.LogCaptureFixture) -> None:
        """Each call of an undeclared tool reaches the error handlers; the log has the first ten."""
        wire = Wire()
        wire.call()
        told = wire.listen("error")
        for number in range(100):
            one = {"id": f"t{number}", "name": f"nothing{number}", "arguments": "{}"}
            wire.server("llm.tool_call", **IDS, msg_id=f"m{number}", tool_calls=[one])
        assert len(told) == 100
        assert len(warnings(caplog)) == 10

    def test_agents_apart(self, caplog: pytest.LogCaptureFixture) -> None:
        """The trouble of one agent does not keep another's out of the log."""
        wire = Wire()
        for agent_id in ("mara", "nora"):
            wire.agent(agent_id)
        for agent_id in ["mara"] * 50 + ["nora"]:
            wire.server("error", code="SERVER_ERROR", error=agent_id, agent_id=agent_id)
        assert "nora" in warnings(caplog)[-1]

    def test_long_texts(self, caplog: pytest.LogCaptureFixture) -> None:
        """A line of the log has at most 2,000 characters."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error", code="SERVER_ERROR", error="x" * 100_000)
        assert len(told) == 1
        assert max(map(len, warnings(caplog))) <= 2000

    def test_gaps(self, caplog: pytest.LogCaptureFixture) -> None:
        """Handlers that stay behind are announced to them each time, and warned of ten times."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("events.gap")
        for _ in range(50):
            wire.engine.report_gap(call, 3)
        wire.deliver()
        assert len(told) == 50
        assert warnings(caplog) == ["handlers are behind: 3 events were left out"] * 10

    def test_malformed_messages(self, caplog: pytest.LogCaptureFixture) -> None:
        """How many more messages were not valid frames is told when the connection ends."""
        wire = Wire().up()
        for _ in range(100):
            wire.text("nonsense")
        wire.lost()
        assert "90 more messages of that connection were not valid frames" in warnings(caplog)
        wire.reconnect()
        wire.text("nonsense")
        caplog.clear()
        wire.lost()
        assert warnings(caplog) == []
