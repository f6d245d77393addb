"""Frames of the connection itself: pings, and errors that the server reports."""

from __future__ import annotations

import pytest

from pinecall.errors import (
    AgentConflictError,
    DialError,
    PinecallError,
    RegistrationError,
    RequestRejected,
    ServerAtCapacityError,
)

from ..agents.dialling import dial, dialer
from ..harness import Wire


class TestErrors:
    def test_capacity_of_nobody(self) -> None:
        """SERVER_AT_CAPACITY without an agent is an error of the client, with its figures."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error", code="SERVER_AT_CAPACITY", error="full", used=1, limit=2)
        assert isinstance(told[0][1], ServerAtCapacityError)
        assert (told[0][1].used, told[0][1].limit) == (1, 2)

    def test_other_errors(self) -> None:
        """Any other error frame keeps its code and agent, on the agent and on the client."""
        wire = Wire()
        mara = wire.agent()
        on_agent, on_client = wire.listen("error", on=mara), wire.listen("error")
        wire.server("error", agent_id="mara", code="ODD", message="hm")
        assert on_agent == on_client
        error = on_client[0][1]
        assert (error.code, error.agent_id) == ("ODD", "mara")
        assert "hm" in error.message

    def test_an_error_that_says_nothing(self) -> None:
        """An error frame without code and text is reported all the same."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error")
        assert told[0][1].code == "SERVER_ERROR"

    def test_registration_error_of_an_agent_that_is_held(self) -> None:
        """A registration code for an agent that is registered is an error, and the agent stays."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("error")
        wire.server("error", agent_id="mara", code="MODEL_NOT_ALLOWED", error="no such model")
        assert mara.registered
        assert type(told[0][1]) is PinecallError

    def test_without_an_agent(self) -> None:
        """A conflict without an agent is an error of the client, and plans nothing."""
        wire = Wire().up()
        told = wire.listen("error")
        wire.server("error", code="AGENT_CONFLICT", error="held")
        assert isinstance(told[0][1], AgentConflictError)
        assert wire.sent() == []

    def test_the_answer_to_a_request(self) -> None:
        """An error that names a request fails that request, and is reported to nobody else."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("error")
        outcome = call._ask_history()
        request_id = wire.sent()[0]["request_id"]
        wire.server("error", agent_id="mara", request_id=request_id, error="no such call", code="X")
        assert isinstance(outcome.error, RequestRejected)
        assert "no such call" in str(outcome.error)
        assert heard == []

    @pytest.mark.parametrize("request_id", ["rq_unknown", 5])
    def test_the_answer_to_an_unknown_request(self, request_id: object) -> None:
        """An error that names a request which nobody made is reported."""
        wire = Wire()
        wire.agent()
        heard = wire.listen("error")
        wire.server("error", agent_id="mara", request_id=request_id, error="odd", code="ODD")
        assert [error.code for _, error in heard] == ["ODD"]

    @pytest.mark.parametrize(
        "code", ["REGISTRATION_ERROR", "PROVIDER_KEY_REQUIRED", "MODEL_NOT_ALLOWED"]
    )
    def test_a_refused_registration(self, code: str) -> None:
        """A registration code refuses an agent that is not registered yet."""
        wire = Wire().up()
        mara = wire.pc.agent("mara")
        wire.server("error", agent_id="mara", code=code, error="no")
        error = mara._registration.ready.error
        assert isinstance(error, RegistrationError)
        assert error.code == code

    @pytest.mark.parametrize(
        "fields", [{"code": "PHONE_IN_USE", "error": "taken"}, {"error": "PHONE_IN_USE: taken"}]
    )
    def test_a_refused_number(self, fields: dict[str, str]) -> None:
        """PHONE_IN_USE, as code or in the text, takes the number from an agent that stays."""
        wire, mara = dialer()
        wire.server("error", agent_id="mara", phone="+13186330963", **fields)
        assert mara.registered
        assert dict(mara.channels) == {}

    def test_a_refused_dial(self) -> None:
        """Any other error of an agent that dials fails the dial, and is not reported."""
        wire, mara = dialer()
        outcome = dial(mara)
        heard = wire.listen("error")
        wire.server("error", agent_id="mara", code="PLAN", error="no outbound calls")
        assert isinstance(outcome.error, DialError)
        assert outcome.error.code == "PLAN"
        assert heard == []
        wire.server("error", agent_id="mara", code="PLAN", error="no outbound calls")
        assert [error.code for _, error in heard] == ["PLAN"]

    def test_of_a_stranger(self) -> None:
        """An error of an agent that is not here names that agent."""
        wire = Wire().up()
        heard = wire.listen("error")
        wire.server("error", agent_id="nobody", code="ODD", error="hm")
        assert heard[0][1].message == "the server reports: agent 'nobody': hm (ODD)"


class TestSignsOfLife:
    def test_ping(self) -> None:
        """A ping is answered with a pong."""
        wire = Wire().up()
        wire.server("ping")
        assert wire.sent() == [{"event": "pong"}]

    @pytest.mark.parametrize(("pong", "codes"), [(True, []), (False, ["NOT_CONFIRMED"])])
    def test_pong(self, pong: bool, codes: list[str]) -> None:
        """A pong confirms what was sent before its ping: its loss with the link is no error then."""
        wire = Wire(ping_interval=None)
        wire.call().forward("+15558675309")
        heard = wire.listen("error")
        wire.settle()
        wire.after(1)
        assert wire.sent_events() == ["call.forward", "ping"]
        if pong:
            wire.server("pong")
        wire.lost()
        assert [error.code for _, error in heard] == codes

    @pytest.mark.parametrize("event", ["connected", "authenticated"])
    def test_connected_again(self, event: str) -> None:
        """connected and authenticated on a link that is up change nothing."""
        wire = Wire()
        mara = wire.agent()
        heard = wire.listen("connected", "*")
        wire.server(event, org_id="org_2")
        assert heard == []
        assert wire.sent() == []
        assert mara.registered
        assert wire.engine.org_id == "org_1"
