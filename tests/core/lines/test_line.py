"""Phone lines: numbers answered by code."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.lines.line import LineBase
from pinecall.core.lines.line_call import LineCallBase
from pinecall.core.lines.listener import Heard
from pinecall.errors import CallEnded, ConfigurationError, NotConnected, RegistrationError

from ..harness import Wire

NUMBER = "+12186633772"
IDS = {"agent_id": f"line:{NUMBER}", "call_id": "CL1"}


def ready(wire: Wire, **options: Any) -> LineBase:
    if not wire.link.ready:
        wire.up()
    line = wire.pc.line(NUMBER, **options)
    wire.server("line.created", number=NUMBER)
    wire.sent()
    return line


def answered(wire: Wire, call_id: str = "CL1", **fields: Any) -> LineCallBase:
    facts = {"from": "+15551230000", "to": NUMBER, "direction": "inbound", "transport": "phone"}
    wire.server(
        {
            "event": "call.started",
            "agent_id": f"line:{NUMBER}",
            "call_id": call_id,
            "owner": "line",
            **facts,
            **fields,
        }
    )
    call = wire.engine.registry.calls[call_id]
    assert isinstance(call, LineCallBase)
    return call


def call_of(wire: Wire) -> LineCallBase:
    ready(wire)
    return answered(wire)


def press(wire: Wire, keys: str) -> None:
    for number, key in enumerate(keys):
        wire.server("call.dtmf_received", **IDS, digit=key, digits=keys[: number + 1])


class TestClaiming:
    def test_create(self) -> None:
        """line() claims the number in its normal form, with its configuration; the same number,
        however written, is the same line."""
        wire = Wire().up()
        line = wire.pc.line("1 218 663 3772", stt="soniox:v5", voice="elevenlabs/sarah")
        assert wire.sent() == [
            {
                "event": "line.create",
                "number": NUMBER,
                "config": {
                    "stt": {"provider": "soniox", "model": "v5"},
                    "voice": "elevenlabs/sarah",
                    "extension_window_ms": 2500,
                },
            }
        ]
        assert line.number == NUMBER
        assert not line.registered
        assert wire.pc.line(NUMBER) is wire.pc.line("+1 (218) 663-3772") is line
        assert wire.sent() == []

    def test_no_window(self) -> None:
        """An extension window is 2.5 s unless given; 0 is sent, too."""
        wire = Wire().up()
        wire.pc.line(NUMBER, extension_window=0)
        assert wire.sent()[0]["config"] == {"extension_window_ms": 0}

    @pytest.mark.parametrize("key", ["llm", "prompt", "tools", "greeting"])
    def test_no_model(self, key: str) -> None:
        """A line has no model; what belongs to one is refused at once."""
        wire = Wire().up()
        with pytest.raises(ConfigurationError) as caught:
            wire.pc.line(NUMBER, **{key: "x"})
        assert caught.value.code == "LINE_CONFIG_ERROR"
        assert wire.sent() == []

    @pytest.mark.parametrize("fields", [{"number": NUMBER}, {"agent_id": f"line:{NUMBER}"}])
    def test_created(self, fields: dict[str, str]) -> None:
        """line.created settles ready and fires, by number or by address."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        outcome = line._registration.ready
        told = wire.listen("line.created", on=line)
        wire.server("line.created", **fields)
        assert outcome.result() is None
        assert line.registered
        assert told[0][2] is line
        wire.server("line.created", **fields)
        assert len(told) == 2

    def test_error(self) -> None:
        """line.error fails ready with its code and is an error of the line."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        outcome = line._registration.ready
        told = wire.listen("error", on=line)
        wire.server("line.error", number=NUMBER, code="LINE_CONFLICT", error="held elsewhere")
        with pytest.raises(RegistrationError, match="held elsewhere") as caught:
            outcome.result()
        assert caught.value.code == "LINE_CONFLICT"
        assert told == [("error", caught.value)]

    def test_error_without_words(self) -> None:
        """line.error without a code is a configuration error."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        wire.server("line.error", number=NUMBER)
        error = line._registration.ready.error
        assert isinstance(error, RegistrationError)
        assert error.code == "LINE_CONFIG_ERROR"

    @pytest.mark.parametrize("event", ["line.created", "line.error", "line.destroyed"])
    def test_strangers(self, event: str) -> None:
        """Frames of another line, or of an agent, are dropped."""
        wire = Wire()
        wire.agent()
        told = wire.listen("*")
        wire.server(event, number="+12186630000")
        wire.server(event, agent_id="mara", number="")
        assert told == []
        assert wire.pc.stats()["dropped"] == 2

    def test_claimed_anew_with_other_options(self) -> None:
        """line() with other options claims the number anew; with the same, or none, it does not."""
        wire = Wire()
        line = ready(wire, stt="soniox")
        assert wire.pc.line(NUMBER) is line
        assert wire.pc.line(NUMBER, stt="soniox") is line
        assert wire.sent() == []
        assert wire.pc.line(NUMBER, stt="soniox", language="es") is line
        [frame] = wire.sent()
        assert frame["event"] == "line.create"
        assert frame["config"]["language"] == "es"

    def test_after_a_reconnect(self) -> None:
        """The line is claimed again, and ready is pending until then."""
        wire = Wire()
        line = ready(wire)
        wire.lost()
        assert not line._registration.ready.done
        wire.reconnect()
        assert wire.sent_events() == ["connect", "line.create"]

    def test_destroy(self) -> None:
        """destroy() gives the number back; it is not claimed again, and its end fires."""
        wire = Wire()
        line = ready(wire)
        told = wire.listen("line.destroyed")
        line.destroy()
        assert wire.sent() == [{"event": "line.destroy", "number": NUMBER}]
        wire.server("line.destroyed", number=NUMBER)
        assert told[0][2] is line
        wire.lost()
        wire.reconnect()
        assert wire.sent_events() == ["connect"]
        assert wire.pc.line(NUMBER) is not line

    def test_destroy_while_down(self) -> None:
        """destroy() while the link is down sends nothing; waiting for the line ends."""
        wire = Wire()
        line = wire.pc.line(NUMBER)
        outcome = line._registration.ready
        line.destroy()
        with pytest.raises(RegistrationError, match=r"was destroyed"):
            outcome.result()
        assert wire.pc.stats()["lines"] == 0

    def test_handlers(self) -> None:
        """Events of the line's calls reach call, line and client, in that order."""
        wire = Wire()
        line = ready(wire)
        call = answered(wire)
        order: list[str] = []
        wire.pc._add_handler("call.held", lambda e, c: order.append("client"))
        line._add_handler("call.held", lambda e, c: order.append("line"))
        call._add_handler("call.held", lambda e, c: order.append("call"))
        wire.server("call.held", **IDS)
        assert order == ["call", "line", "client"]


class TestAnswering:
    def test_call(self) -> None:
        """A call of a line fires call, and no call.started."""
        wire = Wire()
        line = ready(wire)
        told = wire.listen("call", "call.started", on=line)
        call = answered(wire, extension="7")
        assert told == [("call", call)]
        assert (call.extension, call.from_, call.agent) == ("7", "+15551230000", line)
        assert not call.routed

    def test_repeated(self) -> None:
        """A repeated call.started keeps the call's object and fires ``call`` no second time."""
        wire = Wire()
        line = ready(wire)
        heard = wire.listen("call", on=line)
        first = answered(wire)
        repeated = answered(wire)
        assert repeated is first
        assert heard == [("call", first)]

    def test_extensions(self) -> None:
        """An extension's function takes the call; * takes the others, and who presses nothing."""
        wire = Wire()
        line = ready(wire)
        took: list[tuple[str, str]] = []

        async def later(call: Any) -> None:
            took.append(("11", call.id))

        line.extensions(
            {
                "10": lambda call: took.append(("10", call.id)),
                "11": later,
                "*": lambda call: took.append(("*", call.id)),
            }
        )
        told = wire.listen("call", on=line)
        for call_id, extension in (("C1", "10"), ("C2", "11"), ("C3", "99"), ("C4", None)):
            answered(wire, call_id, extension=extension)
        assert took == [("10", "C1"), ("11", "C2"), ("*", "C3"), ("*", "C4")]
        assert told == []
        line.extensions({"10": lambda call: took.append(("10", call.id))})
        answered(wire, "C5", extension=None)
        assert [call.id for _, call in told] == ["C5"]

    def test_unlisted_extension(self) -> None:
        """An extension that is not in the table fires call."""
        wire = Wire()
        line = ready(wire)
        line.extensions({"10": "sales"})
        told = wire.listen("call", on=line)
        answered(wire, extension="99")
        assert len(told) == 1

    def test_extension_to_an_agent(self) -> None:
        """An agent's id routes the call."""
        wire = Wire()
        line = ready(wire)
        line.extensions({"10": "sales"})
        told = wire.listen("error")
        call = answered(wire, extension="10")
        assert wire.sent() == [
            {"event": "call.route", "call_id": "CL1", "agent": "sales", "history": True}
        ]
        wire.server("call.routed", **IDS, agent="sales")
        assert call.routed
        assert told == []

    def test_route_that_fails(self) -> None:
        """An extension whose agent does not take the call is an error of the line."""
        wire = Wire()
        line = ready(wire)
        line.extensions({"10": "sales"})
        told = wire.listen("error", on=line)
        answered(wire, extension="10")
        wire.server("call.route_failed", **IDS, agent="sales", reason="offline")
        assert told[0][1].code == "LINE_EXTENSION_ERROR"
        assert "'sales' (offline)" in told[0][1].message

    def test_caller_gone_while_routing(self) -> None:
        """A caller who hangs up meanwhile is not an error."""
        wire = Wire()
        line = ready(wire)
        line.extensions({"10": "sales"})
        told = wire.listen("error", on=line)
        answered(wire, extension="10")
        wire.server("call.ended", **IDS, reason="hangup")
        assert told == []

    def test_function_that_fails(self) -> None:
        """A function that raises is an error of the line, with the cause."""
        wire = Wire()
        line = ready(wire)

        def broken(call: Any) -> None:
            raise KeyError("x")

        line.extensions({"10": broken})
        told = wire.listen("error", on=line)
        answered(wire, extension="10")
        error = told[0][1]
        assert (error.code, error.call_id) == ("LINE_EXTENSION_ERROR", "CL1")
        assert isinstance(error.__cause__, KeyError)

    @pytest.mark.parametrize(
        "table", [{5: "a"}, {"": "a"}, {"x": "a"}, {"1": ""}, {"1": 5}, {"1": None}, 5]
    )
    def test_bad_tables(self, table: Any) -> None:
        """A table is digits or * to agents and functions."""
        with pytest.raises(ConfigurationError, match="extension"):
            ready(Wire()).extensions(table)

    def test_coroutines_without_a_loop(self) -> None:
        """Without an event loop a coroutine function is refused."""

        async def later(call: Any) -> None:
            """It waits."""

        with pytest.raises(ConfigurationError, match="'async def'"):
            ready(Wire(coroutines=False)).extensions({"10": later})


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
    def test_digits(self) -> None:
        """It ends when that many keys were pressed."""
        wire = Wire()
        outcome = call_of(wire)._place_listen(digits=3, timeout=5)
        press(wire, "12")
        assert not outcome.done
        press(wire, "3")
        assert outcome.result() == Heard("keypad", "3", "123")

    def test_terminator(self) -> None:
        """It ends with the terminator, which is not among the digits."""
        wire = Wire()
        outcome = call_of(wire)._place_listen(terminator="#", timeout=5)
        press(wire, "12#")
        assert outcome.result() == Heard("keypad", "#", "12")

    def test_speech(self) -> None:
        """With speech it ends with the turn."""
        wire = Wire()
        call = call_of(wire)
        keys = call._place_listen(digits=2, timeout=5)
        words = call._place_listen(speech=True, timeout=5)
        press(wire, "1")
        wire.server("user.message", **IDS, message_id="m1", text="sales", confidence=0.9)
        wire.server("turn.end", **IDS)
        assert words.result() == Heard("speech", None, "1", "sales", 0.9)
        assert not keys.done

    def test_timeout(self) -> None:
        """On a timeout it gives the keys pressed so far."""
        wire = Wire()
        call = call_of(wire)
        outcome = call._place_listen(digits=4, timeout=5)
        press(wire, "12")
        wire.at(5)
        assert outcome.result() == Heard("timeout", "2", "12")
        nothing = call._place_listen(digits=4, timeout=5)
        wire.at(10)
        assert nothing.result() == Heard("timeout", None, "")

    def test_end_of_the_call(self) -> None:
        """It ends with the call."""
        wire = Wire()
        outcome = call_of(wire)._place_listen(digits=4, timeout=50)
        press(wire, "1")
        wire.server("call.ended", **IDS)
        assert outcome.result() == Heard("timeout", "1", "1")

    @pytest.mark.parametrize("end", ["keys", "terminator", "speech", "timeout", "call"])
    def test_nothing_is_left(self, end: str) -> None:
        """However it ends, it leaves no listener and no timer behind."""
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
        """Whoever gives up leaves nothing behind."""
        wire = Wire(ping_interval=None)
        call = call_of(wire)
        wire.at(6)
        outcome = call._place_listen(digits=4, timeout=50)
        outcome.leave(lambda: None)
        press(wire, "1234")
        assert outcome.result().by == "timeout"
        assert call._listeners == []
        assert len(wire.engine.timers) == 0

    def test_language(self) -> None:
        """A language is configured first."""
        wire = Wire()
        call_of(wire)._place_listen(digits=1, timeout=5, language="es")
        assert wire.sent() == [
            {"event": "session.configure", "session_id": "CL1", "language": "es"}
        ]

    @pytest.mark.parametrize(
        "options",
        [
            {"digits": 0},
            {"digits": True},
            {"digits": "3"},
            {"terminator": "##"},
            {"terminator": 5},
            {"timeout": 0},
            {"timeout": True},
            {"timeout": "5"},
        ],
    )
    def test_bad_options(self, options: dict[str, Any]) -> None:
        """Bad options are refused, and nothing listens."""
        call = call_of(Wire())
        with pytest.raises(ConfigurationError, match="listen: "):
            call._place_listen(**{"timeout": 5, **options})
        assert call._listeners == []

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
        """Where the server says at once that the prompt was heard, the clock starts there."""
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
        """A call that ends on another thread just before the prompt: ask() says so, and nothing
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
        """When the prompt cannot be spoken, ask() raises, and nothing listens."""
        wire = Wire()
        call = call_of(wire)
        wire.lost()
        with pytest.raises(NotConnected):
            call._place_ask("Your number?", digits=2, timeout=5)
        assert call._listeners == []


class TestRouting:
    def test_everything(self) -> None:
        """What is given goes along, and the history unless it is not wanted."""
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
        """From the hand-over on the call is the agent's: the line's verbs send nothing."""
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
        """call.routed is success; the call's end fires once on the line."""
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
        """call.route_failed is a failure, and the line keeps the call."""
        wire = Wire()
        call = call_of(wire)
        outcome = call._place_route("ventas")
        wire.server("call.route_failed", **IDS, agent="ventas", reason=reason)
        assert (outcome.result().ok, outcome.result().reason) == (False, expected)
        assert not call.routed
        assert call.status == "active"

    @pytest.mark.parametrize(("reason", "ok"), [("hangup", False), ("routed", True)])
    def test_end_of_the_call(self, reason: str, ok: bool) -> None:
        """The end of the call settles it, as success when it ended by being routed."""
        wire = Wire()
        outcome = call_of(wire)._place_route("ventas")
        wire.server("call.ended", **IDS, reason=reason)
        assert outcome.result().ok is ok

    def test_deadline(self) -> None:
        """Without an answer it fails after a while."""
        wire = Wire()
        outcome = call_of(wire)._place_route("ventas")
        wire.at(15)
        assert (outcome.result().ok, outcome.result().reason) == (False, "timeout")

    def test_twice(self) -> None:
        """A second hand-over while one is under way raises; after it, it may be tried again."""
        wire = Wire()
        call = call_of(wire)
        call._place_route("ventas")
        with pytest.raises(ConfigurationError, match="handed over already"):
            call._place_route("soporte")
        wire.server("call.route_failed", **IDS, agent="ventas", reason="offline")
        assert not call._place_route("soporte").done

    def test_bad_agent(self) -> None:
        """An agent's id is needed."""
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
    def test_durable_verbs_wait_for_the_line(self) -> None:
        """What may be sent later is sent when the line is registered again, once."""
        wire = Wire()
        call = call_of(wire)
        wire.lost()
        assert call.status == "detached"
        call.hangup()
        wire.reconnect()
        wire.sent()
        wire.server("line.created", number=NUMBER)
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CL1"}]

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
    """Keys on an agent's call reach its handlers."""
    wire = Wire()
    told = wire.listen("call.dtmf_received", "call.routed", "call.route_failed")
    wire.call()
    wire.server("call.dtmf_received", call_id="CA1", digit="1", digits="1")
    wire.server("call.routed", call_id="CA1", agent="x")
    wire.server("call.route_failed", call_id="CA1", agent="x", reason="offline")
    assert len(told) == 3
