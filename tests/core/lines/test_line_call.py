"""A call that a line answered: speaking, listening, asking and handing it over."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.lines.line_call import RouteResult
from pinecall.core.lines.listener import Heard
from pinecall.errors import CallEnded, ConfigurationError, NotConnected

from ..harness import Wire
from .phone_line import IDS, NUMBER, answered, call_of, press, ready


class TestSpeaking:
    def test_say(self) -> None:
        """Another voice or language is configured before it is spoken."""
        wire = Wire()
        call = call_of(wire)
        call._speak_as("Hello", None, None, False)
        call._speak_as("Hola", "elevenlabs/marta", "es", True)
        frames = wire.sent()
        assert [frame["event"] for frame in frames] == [
            "bot.reply",
            "session.configure",
            "bot.reply",
        ]
        assert (frames[1]["voice"], frames[1]["language"]) == ("elevenlabs/marta", "es")
        assert frames[2]["add_to_history"] is True

    def test_context(self) -> None:
        """context() sends each value, None included."""
        wire = Wire()
        call_of(wire).context(reason="billing", old=None)
        assert wire.sent() == [
            {"event": "set_context", "call_id": "CL1", "key": "reason", "value": "billing"},
            {"event": "set_context", "call_id": "CL1", "key": "old", "value": None},
        ]

    def test_hangup(self) -> None:
        """hangup() sends its reason."""
        wire = Wire()
        call_of(wire).hangup(reason="done")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CL1", "reason": "done"}]


class TestListening:
    def test_speech(self) -> None:
        """A turn ends a listen() with speech, and no other."""
        wire = Wire()
        call = call_of(wire)
        keys = call._place_listen(digits=2, timeout=5)
        words = call._place_listen(speech=True, timeout=5)
        press(wire, "1")
        wire.server("user.message", **IDS, message_id="m1", text="sales", confidence=0.9)
        wire.server("turn.end", **IDS)
        assert words.result() == Heard("speech", None, "1", "sales", 0.9)
        assert not keys.done

    def test_end_of_the_call(self) -> None:
        """The end of the call ends it, with the keys so far."""
        wire = Wire()
        outcome = call_of(wire)._place_listen(digits=4, timeout=50)
        press(wire, "1")
        wire.server("call.ended", **IDS)
        assert outcome.result() == Heard("timeout", "1", "1")

    @pytest.mark.parametrize("end", ["keys", "terminator", "speech", "timeout", "call"])
    def test_nothing_is_left(self, end: str) -> None:
        """A listen() leaves no listener and no timer behind, however it ends."""
        wire = Wire(ping_interval=None)
        call = call_of(wire)
        wire.at(6)
        outcome = call._place_listen(digits=2, terminator="#", speech=True, timeout=5)
        if end == "speech":
            wire.server("turn.end", **IDS, text="sales")
        elif end == "timeout":
            wire.at(11)
        elif end == "call":
            wire.server("call.ended", **IDS)
        else:
            press(wire, "12" if end == "keys" else "#")
        assert outcome.done
        assert call._listeners == []
        assert len(wire.engine.timers) == 0

    def test_given_up(self) -> None:
        """A caller of listen() who gives up leaves no listener and no timer behind."""
        wire = Wire(ping_interval=None)
        call = call_of(wire)
        wire.at(6)
        outcome = call._place_listen(digits=4, timeout=50)
        outcome.leave(lambda: None)
        press(wire, "1234")
        assert outcome.result().by == "timeout"
        assert call._listeners == []
        assert len(wire.engine.timers) == 0

    def test_bad_options(self) -> None:
        """A bad option is refused before the language is configured."""
        wire = Wire()
        call = call_of(wire)
        with pytest.raises(ConfigurationError, match="listen: digits is how many keys"):
            call._place_listen(digits=0, timeout=5, language="es")
        assert wire.sent() == []

    def test_several(self) -> None:
        """Each listen() of a call collects the keys by itself."""
        wire = Wire()
        call = call_of(wire)
        two = call._place_listen(digits=2, timeout=5)
        press(wire, "1")
        three = call._place_listen(digits=3, timeout=5)
        press(wire, "234")
        assert (two.result().digits, three.result().digits) == ("12", "234")

    def test_language(self) -> None:
        """A language that is given is configured first."""
        wire = Wire()
        call_of(wire)._place_listen(digits=1, timeout=5, language="es")
        assert wire.sent() == [
            {"event": "session.configure", "session_id": "CL1", "language": "es"}
        ]

    def test_on_an_ended_call(self) -> None:
        """Listening on a call that is over raises."""
        wire = Wire()
        call = call_of(wire)
        wire.server("call.ended", **IDS)
        with pytest.raises(CallEnded):
            call._place_listen(timeout=5)

    def test_ask(self) -> None:
        """ask() counts keys from the first syllable, and time from the end of the prompt."""
        wire = Wire()
        call = call_of(wire)
        outcome = call._place_ask("Your number?", digits=2, timeout=5)
        message_id = wire.sent()[0]["message_id"]
        wire.at(3)
        press(wire, "1")
        wire.at(10)
        assert not outcome.done
        wire.server("bot.finished", **IDS, message_id=message_id)
        wire.at(14.9)
        assert not outcome.done
        wire.at(15)
        assert outcome.result() == Heard("timeout", "1", "1")

    def test_ask_answered_early(self) -> None:
        """Keys pressed during the prompt may complete the answer."""
        wire = Wire(ping_interval=None)
        call = call_of(wire)
        outcome = call._place_ask("Your number?", digits=2, timeout=5)
        message_id = wire.sent()[0]["message_id"]
        press(wire, "12")
        assert outcome.result() == Heard("keypad", "2", "12")
        wire.server("bot.interrupted", **IDS, message_id=message_id)
        wire.at(6)
        assert len(wire.engine.timers) == 0

    def test_ask_heard_before_it_returns(self) -> None:
        """The clock starts at once where the prompt was heard before ask() returns."""
        wire = Wire(ping_interval=None)
        call = call_of(wire)

        def heard_at_once() -> None:
            for frame in wire.sent():
                wire.server("bot.finished", **IDS, message_id=frame["message_id"])

        wire.engine.wake = heard_at_once
        outcome = call._place_ask("Your number?", digits=2, timeout=5)
        wire.at(4.9)
        assert not outcome.done
        wire.at(5)
        assert outcome.result() == Heard("timeout")

    def test_call_over_before_the_prompt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """ask() raises on a call that ends on another thread just before the prompt, and nothing
        listens."""
        wire = Wire(ping_interval=None)
        call = call_of(wire)
        wire.at(10)
        speak = call._speak

        def too_late(*args: Any) -> Any:
            wire.server("call.ended", **IDS)
            return speak(*args)

        monkeypatch.setattr(call, "_speak", too_late)
        with pytest.raises(CallEnded):
            call._place_ask("Your number?", digits=2, timeout=5)
        assert call._listeners == []
        assert len(wire.engine.timers) == 0

    def test_ask_that_cannot_be_spoken(self) -> None:
        """ask() raises where the prompt cannot be spoken, and nothing listens."""
        wire = Wire()
        call = call_of(wire)
        wire.lost()
        with pytest.raises(NotConnected):
            call._place_ask("Your number?", digits=2, timeout=5)
        assert call._listeners == []


class TestRouting:
    def test_everything(self) -> None:
        """A hand-over has the given options, and whether the history goes along."""
        wire = Wire()
        call = call_of(wire)
        call._place_route(
            "ventas",
            language="es",
            voice="elevenlabs/marta",
            stt="soniox/stt-rt-v5",
            greeting="Dígame",
            prompt_vars={"a": "b"},
            context={"k": 1},
            history=False,
        )
        assert wire.sent() == [
            {
                "event": "call.route",
                "call_id": "CL1",
                "agent": "ventas",
                "language": "es",
                "voice": "elevenlabs/marta",
                "stt": "soniox/stt-rt-v5",
                "greeting": "Dígame",
                "prompt_vars": {"a": "b"},
                "context": {"k": 1},
                "history": False,
            }
        ]

    def test_verbs_after_it(self) -> None:
        """After the hand-over the line's verbs raise or send nothing: the call is the agent's."""
        wire = Wire()
        ready(wire)
        call = answered(wire)
        call._place_route("ventas")
        wire.server("call.routed", **IDS, agent="ventas")
        wire.sent()
        with pytest.raises(CallEnded, match=r"say or reply: call CL1 was handed over by line"):
            call._speak("x", "", None)
        call.hangup()
        assert wire.sent() == []
        wire.server("call.ended", **IDS, reason="routed")
        with pytest.raises(CallEnded, match="routed"):
            call._speak("x", "", None)

    def test_routed(self) -> None:
        """call.routed settles it as success; call.ended fires once on the line."""
        wire = Wire()
        call = call_of(wire)
        told = wire.listen("call.ended", "call.routed")
        outcome = call._place_route("ventas")
        wire.server("call.routed", **IDS, agent="ventas")
        assert outcome.result().ok
        assert call.routed
        wire.server("call.ended", **IDS, reason="routed")
        wire.server("call.ended", **IDS, reason="routed")
        assert [name for name, *_ in told] == ["call.routed", "call.ended"]

    @pytest.mark.parametrize(
        ("reason", "expected"), [("offline", "offline"), ("", "swap_failed"), (None, "swap_failed")]
    )
    def test_failed(self, reason: str | None, expected: str) -> None:
        """call.route_failed settles it as a failure, and the line keeps the call."""
        wire = Wire()
        call = call_of(wire)
        outcome = call._place_route("ventas")
        wire.server("call.route_failed", **IDS, agent="ventas", reason=reason)
        assert (outcome.result().ok, outcome.result().reason) == (False, expected)
        assert not call.routed
        assert call.status == "active"

    @pytest.mark.parametrize(("reason", "ok"), [("hangup", False), ("routed", True)])
    def test_end_of_the_call(self, reason: str, ok: bool) -> None:
        """The end of the call settles it: as success with the reason routed."""
        wire = Wire()
        outcome = call_of(wire)._place_route("ventas")
        wire.server("call.ended", **IDS, reason=reason)
        assert outcome.result().ok is ok

    def test_deadline(self) -> None:
        """Without an answer for 15 s it fails."""
        wire = Wire()
        outcome = call_of(wire)._place_route("ventas")
        wire.at(15)
        assert (outcome.result().ok, outcome.result().reason) == (False, "timeout")

    def test_twice(self) -> None:
        """A second hand-over while one is under way raises; afterwards it may be tried again."""
        wire = Wire()
        call = call_of(wire)
        call._place_route("ventas")
        with pytest.raises(ConfigurationError, match="handed over already"):
            call._place_route("soporte")
        wire.server("call.route_failed", **IDS, agent="ventas", reason="offline")
        assert not call._place_route("soporte").done

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"language": 5}, "language"),
            ({"voice": 5}, "voice"),
            ({"stt": 5}, "stt"),
            ({"greeting": 5}, "greeting"),
            ({"context": [1]}, "context"),
            ({"prompt_vars": [1]}, "prompt vars"),
        ],
    )
    def test_bad_options(self, options: dict[str, Any], words: str) -> None:
        """An option of the wrong type is refused under its name, and nothing is sent."""
        wire = Wire()
        call = call_of(wire)
        with pytest.raises(ConfigurationError, match=words):
            call._place_route("ventas", **options)
        assert wire.sent() == []
        assert not call._place_route("ventas").done

    def test_late_failure(self) -> None:
        """A call that was handed over stays so when a failure is reported afterwards."""
        wire = Wire()
        call = call_of(wire)
        outcome = call._place_route("ventas")
        wire.server("call.routed", **IDS, agent="ventas")
        wire.server("call.route_failed", **IDS, agent="ventas", reason="offline")
        assert outcome.result() == RouteResult(True)
        assert call.routed

    def test_answer_after_the_deadline(self) -> None:
        """A hand-over that is confirmed too late for its caller still makes the call the agent's."""
        wire = Wire()
        call = call_of(wire)
        outcome = call._place_route("ventas")
        wire.at(15)
        wire.server("call.routed", **IDS, agent="ventas")
        assert outcome.result() == RouteResult(False, "timeout")
        assert call.routed

    def test_bad_agent(self) -> None:
        """An empty agent's id is refused."""
        with pytest.raises(ConfigurationError):
            call_of(Wire())._place_route("")

    @pytest.mark.parametrize("ended_first", [True, False])
    def test_the_agent_takes_over(self, ended_first: bool) -> None:
        """The agent's call has the line's id and its own object, and knows the line, the extension
        and what was said there; the line's ends once as routed, whichever of its end and the
        agent's start comes first."""
        wire = Wire()
        line = ready(wire)
        ventas = wire.agent("ventas")
        told_line = wire.listen("call.ended", on=line)
        told_agent = wire.listen("call.started", on=ventas)
        call = answered(wire)
        call._place_route("ventas")
        wire.server("call.routed", **IDS, agent="ventas")
        if ended_first:
            wire.server("call.ended", **IDS, reason="routed")
        taken = wire.call(
            ventas,
            "CL1",
            routed_from=f"line:{NUMBER}",
            extension="7",
            line_transcript=[{"who": "caller", "text": "ventas", "at": 1}],
        )
        if not ended_first:
            wire.server("call.ended", agent_id=f"line:{NUMBER}", call_id="CL1", reason="routed")
        assert told_line == [("call.ended", call, "routed")]
        assert told_agent == [("call.started", taken)]
        assert taken is not call
        assert taken.agent is ventas
        assert (taken.routed_from, taken.extension) == (f"line:{NUMBER}", "7")
        assert taken.line_transcript == [{"who": "caller", "text": "ventas", "at": 1}]
        assert wire.engine.registry.calls.get("CL1") is taken


class TestDetached:
    def test_routing_while_down(self) -> None:
        """A hand-over while the link is down raises, and may be tried again."""
        wire = Wire()
        call = call_of(wire)
        wire.lost()
        with pytest.raises(NotConnected):
            call._place_route("ventas")
        wire.reconnect()
        wire.server("line.created", number=NUMBER)
        wire.server("user.speaking", **IDS, text="x")
        assert not call._place_route("ventas").done


def test_dtmf_of_an_agents_call() -> None:
    """Keys and hand-overs of an agent's call reach its handlers."""
    wire = Wire()
    told = wire.listen("call.dtmf_received", "call.routed", "call.route_failed")
    wire.call()
    wire.server("call.dtmf_received", call_id="CA1", digit="1", digits="1")
    wire.server("call.routed", call_id="CA1", agent="x")
    wire.server("call.route_failed", call_id="CA1", agent="x", reason="offline")
    assert len(told) == 3
