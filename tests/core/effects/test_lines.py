"""The events of phone lines, and keys that a caller presses."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.lines.line_call import RouteResult
from pinecall.errors import RegistrationError

from ..harness import Wire
from .lines import LINE_IDS, NUMBER, line_call, ready_line


class TestKeys:
    def test_dtmf(self) -> None:
        """call.dtmf_received has the key and all keys so far."""
        wire = Wire()
        told = wire.listen("call.dtmf_received", on=wire.call())
        wire.server("call.dtmf_received", agent_id="mara", call_id="CA1", digit="4", digits="204")
        assert (told[0][1].digit, told[0][1].digits) == ("4", "204")

    def test_of_a_lines_call(self) -> None:
        """A key that is pressed on a line's call ends what it listens for."""
        wire = Wire()
        call = line_call(wire)
        outcome = call._place_listen(digits=1, timeout=5)
        heard = wire.listen("call.dtmf_received", on=call)
        wire.server("call.dtmf_received", **LINE_IDS, digit="4", digits="4")
        assert (outcome.result().by, outcome.result().digits) == ("keypad", "4")
        assert len(heard) == 1

    def test_of_a_call_that_is_over(self) -> None:
        """A key of a call that is over is dropped."""
        wire = Wire()
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        heard = wire.listen("call.dtmf_received")
        wire.server("call.dtmf_received", agent_id="mara", call_id="CA1", digit="4")
        assert heard == []
        assert wire.pc.stats()["dropped"] == 1


class TestClaims:
    @pytest.mark.parametrize("fields", [{"number": NUMBER}, {"agent_id": f"line:{NUMBER}"}])
    def test_created(self, fields: dict[str, str]) -> None:
        """line.created, by number or by address, registers the line and reaches its handlers."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        ready = line._registration.ready
        heard = wire.listen("line.created", on=line)
        wire.server("line.created", **fields)
        assert ready.result() is None
        assert [of for _, _, of in heard] == [line]

    @pytest.mark.parametrize("fields", [{"number": NUMBER}, {"agent_id": f"line:{NUMBER}"}])
    def test_refused(self, fields: dict[str, str]) -> None:
        """line.error, by number or by address, fails the registration and is an error of the line."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        heard = wire.listen("error", on=line)
        wire.server("line.error", **fields, code="LINE_CONFLICT", error="held elsewhere")
        error = line._registration.ready.error
        assert isinstance(error, RegistrationError)
        assert error.code == "LINE_CONFLICT"
        assert heard == [("error", error)]

    def test_destroyed(self) -> None:
        """line.destroyed reaches the client with the line that was given back, once."""
        wire = Wire()
        line = ready_line(wire)
        heard = wire.listen("line.destroyed")
        line.destroy()
        for _ in range(2):
            wire.server("line.destroyed", number=NUMBER)
        assert [of for _, _, of in heard] == [line]
        assert wire.pc.stats()["dropped"] == 1

    @pytest.mark.parametrize("event", ["line.created", "line.error", "line.destroyed"])
    @pytest.mark.parametrize("ids", [{"number": "+12186630000"}, {"agent_id": "mara"}])
    def test_of_no_line(self, event: str, ids: dict[str, str]) -> None:
        """Events of a line that is not here, or with the id of an agent, are dropped."""
        wire = Wire()
        wire.agent()
        heard = wire.listen("*", "error")
        wire.server(event, **ids)
        assert heard == []
        assert wire.pc.stats()["dropped"] == 1


class TestRouting:
    @pytest.mark.parametrize(
        ("event", "fields", "result"),
        [
            ("call.routed", {}, RouteResult(True)),
            ("call.route_failed", {"reason": "offline"}, RouteResult(False, "offline")),
            ("call.route_failed", {}, RouteResult(False, "swap_failed")),
        ],
    )
    def test_settled(self, event: str, fields: dict[str, Any], result: RouteResult) -> None:
        """A hand-over is settled by the server's answer, which also reaches the handlers."""
        wire = Wire()
        call = line_call(wire)
        outcome = call._place_route("mara")
        heard = wire.listen(event, on=call)
        wire.server(event, **LINE_IDS, **fields)
        assert outcome.result() == result
        assert call.routed is result.ok
        assert [of for _, _, of in heard] == [call]

    @pytest.mark.parametrize("event", ["call.routed", "call.route_failed"])
    def test_of_an_agents_call(self, event: str) -> None:
        """The same events of an agent's call only reach its handlers."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen(event, on=call)
        wire.server(event, agent_id="mara", call_id="CA1")
        assert [of for _, _, of in heard] == [call]
        assert not call._over
