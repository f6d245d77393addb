"""Outbound calls: which of the calls that begin is the one that was asked for."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pinecall.core.calls.call import CallBase
from pinecall.errors import ConfigurationError, DialError, NotConnected, RegistrationError

from ..harness import Wire
from .dialling import ANA, BEA, FROM, answered, bridge, dial, dialer, dialing, ended, failure


class TestAsking:
    def test_bare(self) -> None:
        """A dial rings from the only phone channel, and carries nothing that was not given."""
        wire, mara = dialer()
        dial(mara, "1 415 555 1234")
        assert wire.sent() == [{"event": "call.dial", "agent_id": "mara", "to": ANA, "from": FROM}]

    def test_everything(self) -> None:
        """A dial carries all options that are given, the config encoded."""
        wire, mara = dialer()
        dial(
            mara,
            from_="+1 318 633 0000",
            greeting="Hi!",
            metadata={"k": 1},
            config={"promptVars": {"a": "b"}},
            detect_turn_end=True,
        )
        assert wire.sent() == [
            {
                "event": "call.dial",
                "agent_id": "mara",
                "to": ANA,
                "from": "+13186330000",
                "greeting": "Hi!",
                "metadata": {"k": 1},
                "config": {"vars": {"a": "b"}},
                "detect_turn_end": True,
            }
        ]

    @pytest.mark.parametrize("to", ["nobody", "12", ""])
    def test_bad_number(self, to: str) -> None:
        """A bad number is refused before anything is sent."""
        wire, mara = dialer()
        with pytest.raises(ConfigurationError):
            dial(mara, to)
        assert wire.sent() == []

    def test_while_down(self) -> None:
        """A dial while the link is down raises, and is not sent later."""
        wire, mara = dialer()
        wire.lost()
        with pytest.raises(NotConnected):
            dial(mara)
        wire.reconnect()
        wire.server("agent.created", agent_id="mara")
        assert "call.dial" not in wire.sent_events()

    def test_before_the_ack(self) -> None:
        """A dial of an agent that is not registered yet goes out after the registration, and behind
        its channels; one of an agent that was removed fails at once."""
        wire = Wire().up()
        mara = wire.pc.agent("mara", phone_number=FROM)
        wire.sent()
        outcome = dial(mara)
        assert wire.sent() == [] and not outcome.done
        wire.server("error", error="not about the dial", agent_id="mara", code="ODD")
        wire.server("agent.created", agent_id="mara")
        assert wire.sent_events()[-2:] == ["channel.add", "call.dial"]
        wire.server("call.error", agent_id="mara", error="no")
        assert isinstance(outcome.error, DialError)
        going_on = dial(mara)
        wire.lost()
        assert isinstance(going_on.error, DialError)
        wire.reconnect()
        wire.sent()
        waiting, other = dial(mara), dial(mara, BEA)
        assert [len(wire.sent()), other.done] == [0, False]
        wire.pc.remove_agent("mara")
        assert isinstance(waiting.error, DialError)
        with pytest.raises(DialError, match="was removed"):
            dial(mara)

    def test_before_an_ack_that_does_not_come(self) -> None:
        """A dial that waits for the registration fails with its timeout, when it is given up, and with
        the refusal of its agent; a dial of a refused agent raises."""
        wire = Wire().up()
        mara = wire.pc.agent("mara", phone_number=FROM)
        late, left, refused = dial(mara, timeout=5), dial(mara), dial(mara)
        left.waiters.append(print)
        left.leave(print)
        assert left.error.reason == "canceled"  # type: ignore[union-attr]
        wire.at(5)
        assert late.error.reason == "timeout"  # type: ignore[union-attr]
        assert "not registered within 5 s" in str(late.error)
        wire.server("error", agent_id="mara", code="MODEL_NOT_ALLOWED", error="not this model")
        assert isinstance(refused.error, RegistrationError)
        with pytest.raises(RegistrationError, match="not this model"):
            dial(mara)
        assert "call.dial" not in wire.sent_events()

    def test_bridge(self) -> None:
        """A bridge always says whether it waits for the end of the turn."""
        wire, mara = dialer()
        bridge(mara)
        bridge(
            mara, "other", detect_turn_end=False, media={"live": True}, config={"language": "es"}
        )
        assert wire.sent() == [
            {
                "event": "call.bridge",
                "agent_id": "mara",
                "target": "pines",
                "detect_turn_end": True,
            },
            {
                "event": "call.bridge",
                "agent_id": "mara",
                "target": "other",
                "config": {"language": "es"},
                "media": {"live": True},
                "detect_turn_end": False,
            },
        ]

    @pytest.mark.parametrize("target", ["", None, 5])
    def test_bad_target(self, target: Any) -> None:
        """A bridge needs an agent's id."""
        _, mara = dialer()
        with pytest.raises(ConfigurationError, match="target is the id"):
            bridge(mara, target)


class TestAnswered:
    def test_its_own_call(self) -> None:
        """A dial resolves with the call that call.dialing announced, when it is answered; the call
        knows the greeting it was dialled with."""
        wire, mara = dialer()
        told = wire.listen("call.started", "call.dialing")
        outcome = dial(mara, greeting="Hi!")
        dialing(wire, "CA9")
        ringing = wire.engine.registry.calls["CA9"]
        assert (ringing.status, ringing.direction, ringing.to) == ("dialing", "outbound", ANA)
        assert not outcome.done
        answered(wire, "CA9")
        call = outcome.result()
        assert call is ringing
        assert (call.status, call._greeting) == ("active", "Hi!")
        assert [name for name, *_ in told] == ["call.dialing", "call.started"]
        assert told[0][2] is told[1][1] is call

    def test_without_a_dialing_frame(self) -> None:
        """A dial without call.dialing settles with an outbound call to its number."""
        wire, mara = dialer()
        outcome = dial(mara)
        answered(wire, "CA9")
        assert outcome.result().id == "CA9"

    def test_two_numbers(self) -> None:
        """Two dials at once get their own calls, in whatever order they are answered."""
        wire, mara = dialer()
        one, two = dial(mara, ANA), dial(mara, BEA)
        dialing(wire, "CB", BEA)
        dialing(wire, "CA", ANA)
        answered(wire, "CB", BEA)
        assert not one.done
        answered(wire, "CA", ANA)
        assert (one.result().id, two.result().id) == ("CA", "CB")

    def test_one_number_twice(self) -> None:
        """Two dials to one number get two calls."""
        wire, mara = dialer()
        one, two = dial(mara), dial(mara)
        dialing(wire, "C1")
        dialing(wire, "C2")
        answered(wire, "C2")
        answered(wire, "C1")
        assert (one.result().id, two.result().id) == ("C1", "C2")

    def test_one_number_from_two(self) -> None:
        """Two dials to one number are distinguished by the number they ring from."""
        wire, mara = dialer()
        one, two = dial(mara, from_="+13186330001"), dial(mara, from_="+13186330002")
        dialing(wire, "C2", from_="+13186330002")
        dialing(wire, "C1", from_="+13186330001")
        answered(wire, "C1")
        answered(wire, "C2")
        assert (one.result().id, two.result().id) == ("C1", "C2")

    def test_another_way_of_writing_it(self) -> None:
        """The server may write the number in another way."""
        wire, mara = dialer()
        outcome = dial(mara)
        dialing(wire, "CA9", "1 (415) 555-1234", from_="")
        answered(wire, "CA9", "14155551234")
        assert outcome.result().id == "CA9"

    def test_sip(self) -> None:
        """A SIP address is matched as it is."""
        wire, mara = dialer()
        outcome = dial(mara, "sip:a@b")
        dialing(wire, "C1", "sip:b@b")
        dialing(wire, "C2", "sip:a@b")
        answered(wire, "C2", "sip:a@b")
        assert outcome.result().id == "C2"

    def test_strangers_do_not_resolve_it(self) -> None:
        """Neither an inbound call nor an outbound one to another number resolves a dial."""
        wire, mara = dialer()
        outcome = dial(mara)
        wire.call(mara, "CI")
        wire.call(mara, "CJ", to=ANA)
        answered(wire, "CO", BEA)
        dialing(wire, "CD", BEA)
        assert not outcome.done

    def test_ended_dialing_again(self) -> None:
        """call.dialing for a call that is over makes none."""
        wire, mara = dialer()
        outcome = dial(mara)
        dialing(wire, "CA9")
        ended(wire, "CA9", "busy")
        dialing(wire, "CA9")
        assert wire.engine.registry.calls == {}
        assert outcome.done

    def test_dialing_of_nobody(self) -> None:
        """call.dialing without a dial of ours makes a call all the same; of a stranger, none."""
        wire, _ = dialer()
        dialing(wire, "CA9")
        dialing(wire, "CA9")
        assert wire.engine.registry.calls["CA9"].status == "dialing"
        wire.server("call.dialing", agent_id="nobody", call_id="CA8", to=ANA)
        assert list(wire.engine.registry.calls) == ["CA9"]

    @pytest.mark.parametrize(
        "facts",
        [
            {"direction": "outbound", "transport": "unknown"},
            {"metadata": {"target": "pines"}, "transport": "phone"},
            {"metadata": {"agent": "pines"}, "transport": "phone"},
            {"from": "pines", "transport": "phone"},
            {"to": "pines", "transport": "phone"},
            {"transport": "unknown"},
        ],
    )
    def test_bridged(self, facts: dict[str, Any]) -> None:
        """A bridge resolves with a call that names its target, is outbound, or is not a phone call."""
        wire, mara = dialer()
        outcome = bridge(mara, greeting="Hi!")
        wire.call(mara, "CB", **facts)
        assert outcome.result().id == "CB"
        assert outcome.result()._greeting == "Hi!"

    @pytest.mark.parametrize("transport", ["phone", "chat", "whatsapp"])
    def test_inbound_does_not_bridge(self, transport: str) -> None:
        """An inbound call of the usual kinds does not resolve a bridge."""
        wire, mara = dialer()
        outcome = bridge(mara)
        wire.call(mara, "CI", transport=transport)
        dialing(wire, "CD")
        assert not outcome.done

    def test_a_visitor_does_not_bridge(self) -> None:
        """A call of a visitor of the web page does not settle a bridge."""
        wire, mara = dialer()
        outcome = bridge(mara)
        wire.call(mara, "CW", **{"from": "webrtc", "to": "mara", "transport": "webrtc"})
        assert not outcome.done
        wire.call(mara, "CB", to="pines")
        assert outcome.result().id == "CB"

    def test_a_number_that_is_none(self) -> None:
        """A call with an unreadable number settles no dial."""
        wire, mara = dialer()
        outcome = dial(mara)
        dialing(wire, "CX", "unavailable")
        answered(wire, "CX", "unavailable")
        assert not outcome.done
        answered(wire, "CA9")
        assert outcome.result().id == "CA9"

    def test_no_greeting_function(self) -> None:
        """The greeting of a dial is the server's to speak."""
        wire, mara = dialer()
        dial(mara, greeting="Hi!")
        wire.sent()
        answered(wire, "CA9")
        assert wire.sent() == []


class TestNotAnswered:
    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ("busy", "busy"),
            ("no-answer", "no-answer"),
            ("no_answer", "no-answer"),
            ("failed", "failed"),
            ("canceled", "canceled"),
            ("cancelled", "canceled"),
        ],
    )
    def test_reasons(self, said: str, reason: str) -> None:
        """The end of a call that rings fails its dial with the reason and the call id, and does not fire
        call.ended."""
        wire, mara = dialer()
        told = wire.listen("call.ended", "error")
        outcome = dial(mara)
        dialing(wire, "CA9")
        ended(wire, "CA9", said)
        error = failure(outcome)
        assert (error.reason, error.call_id, error.agent_id) == (reason, "CA9", "mara")
        assert told == []
        assert wire.engine.registry.calls == {}

    def test_without_a_dialing_frame(self) -> None:
        """The end of a call that was never announced fails the dial to its number."""
        wire, mara = dialer()
        one, two = dial(mara, BEA), dial(mara, ANA)
        told = wire.listen("*")
        ended(wire, "CA9", "busy", to=ANA)
        assert not one.done
        assert failure(two).call_id == "CA9"
        assert told == []

    def test_unseen_end_without_a_number(self) -> None:
        """The end of an unknown call without a number fails the oldest dial without a call."""
        wire, mara = dialer()
        one, two = dial(mara, BEA), dial(mara, ANA)
        dialing(wire, "CB", BEA)
        ended(wire, "CX", "hangup", direction="outbound")
        assert failure(two).reason == "hangup"
        assert not one.done

    def test_unseen_end_of_another_number(self) -> None:
        """The end of another number's call fails no dial."""
        wire, mara = dialer()
        outcome = dial(mara, ANA)
        ended(wire, "CX", "busy", to=BEA)
        assert not outcome.done

    def test_the_end_of_another_call(self) -> None:
        """The end of another call fails no dial."""
        wire, mara = dialer()
        wire.call(mara, "CI")
        outcome = dial(mara)
        ended(wire, "CI", "hangup")
        ended(wire, "CX", "hangup", direction="inbound")
        assert not outcome.done

    def test_call_error(self) -> None:
        """call.error fails the dial of its call, or the oldest without one, and is reported."""
        wire, mara = dialer()
        one, two = dial(mara, ANA), dial(mara, BEA)
        told = wire.listen("error", "call.ended")
        dialing(wire, "CA9", ANA)
        wire.server("call.error", agent_id="mara", call_id="CA9", error="not allowed", code="PLAN")
        assert failure(one).reason == "failed"
        assert not two.done
        wire.server("call.error", agent_id="mara", error="not allowed")
        assert failure(two).reason == "failed"
        assert [name for name, *_ in told] == ["error", "error"]
        assert wire.engine.registry.calls == {}

    def test_late_error_of_another_call(self) -> None:
        """A call.error of a call that is over fails no dial, and does not fire."""
        wire, mara = dialer()
        wire.call(mara, "CI")
        ended(wire, "CI", "hangup")
        outcome = dial(mara)
        told = wire.listen("error")
        wire.server("call.error", agent_id="mara", call_id="CI", error="late")
        assert not outcome.done
        assert told == []

    def test_error_frame(self) -> None:
        """An error frame for the agent fails the oldest dial without a call, with its code."""
        wire, mara = dialer()
        told = wire.listen("error")
        bound, outcome = dial(mara, BEA), dial(mara, ANA)
        dialing(wire, "CB", BEA)
        wire.server("error", agent_id="mara", code="PLAN", error="no outbound calls")
        error = failure(outcome)
        assert (error.code, error.reason) == ("PLAN", "failed")
        assert "no outbound calls" in error.message
        assert not bound.done
        assert told == []
        wire.server("error", agent_id="mara", code="PLAN", error="no outbound calls")
        assert len(told) == 1

    def test_timeout(self) -> None:
        """Nobody answers within the timeout: the dial fails, and the ringing is ended."""
        wire, mara = dialer()
        outcome = dial(mara, timeout=20)
        dialing(wire, "CA9")
        wire.sent()
        wire.at(20)
        assert failure(outcome).reason == "timeout"
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA9"}]

    @pytest.mark.parametrize("announced", [True, False])
    def test_appears_later(self, announced: bool) -> None:
        """A call that appears after the timeout is hung up."""
        wire, mara = dialer()
        outcome = dial(mara)
        wire.at(30)
        assert failure(outcome).reason == "timeout"
        wire.sent()
        if announced:
            dialing(wire, "CA9")
        else:
            answered(wire, "CA9")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA9"}]

    def test_given_up(self) -> None:
        """A dial whose waiter gave up is hung up, now or when its call appears."""
        wire, mara = dialer()
        one, two = dial(mara, ANA), dial(mara, BEA)
        dialing(wire, "CA9", ANA)
        wire.sent()
        one.leave(lambda: None)
        two.leave(lambda: None)
        assert failure(one).reason == "canceled"
        assert [frame["call_id"] for frame in wire.sent()] == ["CA9"]
        dialing(wire, "CB", BEA)
        assert [frame["call_id"] for frame in wire.sent()] == ["CB"]

    def test_lost_link(self) -> None:
        """The loss of the link fails every dial at once, and ends what was ringing in silence."""
        wire, mara = dialer()
        told = wire.listen("call.ended")
        one, two = dial(mara, ANA), bridge(mara)
        dialing(wire, "CA9", ANA)
        wire.lost()
        assert failure(one).reason == failure(two).reason == "connection_lost"
        assert wire.engine.registry.calls == {}
        assert told == []

    def test_removed_agent(self) -> None:
        """Removing the agent fails its dials."""
        wire, mara = dialer()
        outcome = dial(mara)
        wire.pc.remove_agent("mara")
        assert failure(outcome).reason == "agent_removed"

    def test_nothing_is_left(self) -> None:
        """A dial that was settled leaves no timer."""
        wire, mara = dialer()
        dial(mara)
        answered(wire, "CA9")
        ended(wire, "CA9", "hangup")
        wire.at(10)
        assert len(wire.engine.timers) == 0

    def test_the_call_of_a_dial_is_a_call(self) -> None:
        """The end of an answered call fires like any other's."""
        wire, mara = dialer()
        told = wire.listen("call.ended")
        outcome = dial(mara)
        dialing(wire, "CA9")
        answered(wire, "CA9")
        ended(wire, "CA9", "hangup")
        call = outcome.result()
        assert isinstance(call, CallBase)
        assert told == [("call.ended", call, "hangup")]


def test_an_error_of_a_call_that_nobody_dialled() -> None:
    """``call.error`` without a call settles the first dial that has none, and only fires where
    there is no such dial; the error keeps the server's words and code."""
    wire = Wire()
    agent = wire.agent(phone_number="+13186330963")
    outcome = agent._place_dial(
        "+15550001111",
        None,
        greeting=None,
        metadata=None,
        config=None,
        detect_turn_end=False,
        timeout=30.0,
    )
    told = wire.listen("error")
    for _ in range(2):
        wire.server("call.error", agent_id="mara", error="no credit", code="PLAN")
    error = outcome.error
    assert isinstance(error, DialError)
    assert (error.code, error.reason) == ("PLAN", "failed")
    assert "no credit" in error.message
    assert [entry[1].code for entry in told] == ["PLAN", "PLAN"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"timeout": None}, "timeout must be a number, 0 or more, got NoneType"),
        ({"timeout": -1}, "timeout must be a number, 0 or more"),
        ({"timeout": math.nan}, "timeout must be a number"),
        ({"timeout": "30"}, "timeout must be a number"),
        ({"greeting": 3}, "greeting must be a str"),
        ({"metadata": "x"}, "metadata must be a dict"),
        ({"metadata": {"a": object()}}, "JSON cannot carry"),
    ],
)
@pytest.mark.parametrize("verb", ["dial", "bridge"])
def test_dials(verb: str, wrong: dict[str, Any], message: str) -> None:
    """A dial or bridge with a wrong option sends nothing, and leaves the link alone."""
    wire = Wire()
    agent = wire.agent(phone_number="+13186330963")
    options: dict[str, Any] = {"greeting": None, "metadata": None, "config": None, "timeout": 30.0}
    options["detect_turn_end"] = False
    with pytest.raises(ConfigurationError, match=message):
        if verb == "dial":
            agent._place_dial("+15550001111", None, **{**options, **wrong})
        else:
            agent._place_bridge("other", media=None, **{**options, **wrong})
    wire.after(1)
    assert wire.sent() == []
    assert wire.pc.connected
