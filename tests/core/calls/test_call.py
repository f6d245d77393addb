"""The life of a call, its verbs, and what outlives the link."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import (
    CallEnded,
    ConfigurationError,
    NotConnected,
    ProtocolError,
)
from pinecall.events import CallUpdated

from ..harness import EVENTS, Wire


class TestBeginning:
    def test_started(self) -> None:
        """call.started builds the call from the frame and reaches the handlers of agent and client."""
        wire = Wire()
        mara = wire.agent()
        on_agent, on_client = wire.listen("call.started", on=mara), wire.listen("call.started")
        call = wire.call(
            mara,
            metadata={"tenant": "acme"},
            language="es",
            extension="11",
            routed_from="line:+12186633772",
            line_transcript=[{"who": "caller", "text": "hi", "at": 1}],
        )
        assert on_agent == on_client == [("call.started", call)]
        assert (call.from_, call.to, call.direction, call.transport) == (
            "+15551230000",
            "+13186330963",
            "inbound",
            "phone",
        )
        assert (call.metadata, call.language, call.extension) == ({"tenant": "acme"}, "es", "11")
        assert call.routed_from == "line:+12186633772"
        assert call.line_transcript == [{"who": "caller", "text": "hi", "at": 1}]
        assert call.status == "active"
        assert wire.engine.registry.agents["mara"]._live_calls == {"CA1": call}

    def test_defaults(self) -> None:
        """A bare call.started is an inbound call of unknown transport."""
        wire = Wire()
        wire.agent()
        wire.server("call.started", agent_id="mara", call_id="CA1")
        call = wire.engine.registry.calls["CA1"]
        assert (call.from_, call.to, call.direction, call.transport) == (
            "",
            "",
            "inbound",
            "unknown",
        )
        assert (call.metadata, call.language) == ({}, None)

    def test_repeated_start(self) -> None:
        """A second call.started keeps the object, takes the language, and emits nothing."""
        wire = Wire()
        call = wire.call(language="es")
        told = wire.listen("call.started")
        assert wire.call(language="fr") is call
        assert call.language == "fr"
        wire.server("call.started", agent_id="mara", call_id="CA1")
        assert call.language == "fr"
        assert told == []

    def test_start_for_a_stranger(self) -> None:
        """call.started for an agent that is not here makes no call."""
        wire = Wire().up()
        wire.server("call.started", agent_id="nobody", call_id="CA1")
        assert wire.engine.registry.calls == {}

    def test_start_with_garbled_fields(self) -> None:
        """call.started with a field of the wrong type begins the call all the same."""
        wire = Wire()
        wire.agent()
        told = wire.listen("call.started", "error")
        wire.server("call.started", agent_id="mara", call_id="CA1", metadata="no object", to="+1")
        call = wire.engine.registry.calls["CA1"]
        assert (call.to, call.metadata) == ("+1", {})
        assert [name for name, *_ in told] == ["error", "call.started"]
        assert isinstance(told[0][1], ProtocolError)

    def test_updated(self) -> None:
        """call.updated changes the language before its handlers run."""
        wire = Wire()
        call = wire.call()
        seen: list[Any] = []
        call._add_handler("call.updated", lambda event, c: seen.append((event, c.language)))
        wire.server("call.updated", agent_id="mara", call_id="CA1", language="es")
        wire.server("call.updated", agent_id="mara", call_id="CA1")
        wire.server("call.updated", agent_id="mara", call_id="CA2", language="es")
        assert [language for _, language in seen] == ["es", "es"]
        assert isinstance(seen[0][0], CallUpdated)


class TestEnding:
    def test_ended(self) -> None:
        """call.ended brings the server's figures and reaches call, agent and client, then no one."""
        wire = Wire()
        call = wire.call()
        mara = call.agent
        lists = [wire.listen("call.ended", on=owner) for owner in (call, mara, wire.pc)]
        wire.server(
            "call.ended",
            agent_id="mara",
            call_id="CA1",
            reason="hangup",
            duration_seconds=13.24,
            started_at=1787352100.0,
            ended_at=1787352113.2,
        )
        for told in lists:
            assert told == [("call.ended", call, "hangup")]
        assert (call.status, call.reason, call.duration) == ("ended", "hangup", 13.24)
        assert (call.started_at, call.ended_at) == (1787352100.0, 1787352113.2)
        assert wire.engine.registry.calls == {}
        assert mara._live_calls == {}

    def test_ended_without_figures(self) -> None:
        """call.ended without a reason says unknown."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        assert (call.reason, call.duration, call.ended_at) == ("unknown", 0.0, 0.0)

    def test_garbled_end(self) -> None:
        """call.ended with garbled figures ends the call all the same."""
        wire = Wire()
        call = wire.call()
        wire.server(
            "call.ended", agent_id="mara", call_id="CA1", duration_seconds="x", reason="bye"
        )
        assert (call.status, call.reason) == ("ended", "bye")

    def test_final_messages(self) -> None:
        """The server's final messages replace the local ones, unless there are none."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        for call in (one, two):
            wire.server("user.message", call_id=call.id, message_id="m1", text="Hi")
        wire.server("call.ended", call_id="CA1", messages=[{"role": "user", "content": "Hi!"}])
        wire.server("call.ended", call_id="CA2", messages=[])
        assert one.messages == [{"role": "user", "content": "Hi!"}]
        assert two.messages == [{"role": "user", "content": "Hi"}]

    def test_repeated_end(self) -> None:
        """A repeated call.ended emits nothing, also without a direction."""
        wire = Wire()
        wire.call()
        told = wire.listen("*")
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        count = len(told)
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        assert len(told) == count

    def test_late_frames(self) -> None:
        """No frame that comes after the end brings the call back or reaches a handler."""
        wire = Wire()
        wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        told = wire.listen("*")
        for event in (
            "bot.word",
            "user.message",
            "call.started",
            "call.dialing",
            "llm.tool_call",
            "llm.chat.chunk",
            "llm.chat.started",
            "turn.end",
            "eager.turn",
            "message.confirmed",
            "bot.finished",
            "reply.rejected",
            "turn.continued",
            "chat.message",
            "chat.response",
            "llm.chat.ended",
            "llm.chat.error",
            "llm.preparing_timeout",
            "call.error",
            "brand.new",
        ):
            wire.server(
                event, agent_id="mara", call_id="CA1", tool_calls=[{"id": "1", "name": "x"}]
            )
        assert told == []
        assert wire.engine.registry.calls == {}
        assert "llm.tool_result" not in wire.sent_events()

    @pytest.mark.parametrize("event", ["memory.ops", "call.recording"])
    def test_what_may_come_late(self, event: str) -> None:
        """memory.ops and call.recording reach the agent after the end of their call."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        told = wire.listen(event, on=call.agent)
        wire.server(event, agent_id="mara", call_id="CA1")
        assert told[0][2] is None

    @pytest.mark.parametrize(
        ("event", "ids"),
        [
            ("call.recording", {"call_id": "CA1"}),
            ("memory.ops", {"call_id": "CA1"}),
            ("memory.ops", {"session_id": "CA1"}),
        ],
    )
    def test_late_and_without_an_agent(self, event: str, ids: dict[str, str]) -> None:
        """What may come late and without agent_id reaches the agent whose call it was."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        told = wire.listen(event, on=call.agent)
        wire.server(event, **ids, audio="UklGRg==", contact="+1555")
        assert len(told) == 1
        assert told[0][1].raw["contact"] == "+1555"

    @pytest.mark.parametrize("event", ["memory.ops", "call.recording", "call.error"])
    @pytest.mark.parametrize("ids", [{"agent_id": "nobody"}, {"call_id": "CA7"}])
    def test_late_of_strangers(self, event: str, ids: dict[str, str]) -> None:
        """Those of agents and calls that are not here are dropped like every other event."""
        wire = Wire()
        wire.agent()
        told = wire.listen("*", "error")
        wire.server(event, **ids, error="odd")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1

    def test_memory_by_session(self) -> None:
        """memory.ops that names its call by session_id gets that call."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("memory.ops", on=call.agent)
        wire.server("memory.ops", session_id="CA1", ops=[])
        wire.server("memory.ops", agent_id="mara", session_id="other", ops=[])
        assert [of for _, _, of in told] == [call, None]

    def test_handlers_are_released(self) -> None:
        """Handlers of the call itself run for its end and are forgotten then."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.ended", on=call)
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        assert len(told) == 1
        assert not call._handlers

    def test_end_of_a_call_nobody_knew(self) -> None:
        """call.ended for an unknown call is dropped."""
        wire = Wire()
        wire.agent()
        told = wire.listen("*")
        wire.server("call.ended", agent_id="mara", call_id="CA7", direction="inbound")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1

    def test_nothing_is_left(self) -> None:
        """When all calls have ended, no call, timer, request or held frame is left."""
        wire = Wire(ping_interval=None)
        mara = wire.agent()
        wire.at(10)
        for number in range(20):
            call = wire.call(mara, f"CA{number}")
            call._speak("hello", "", None)
            call._ask_history()
            call.reply_stream().write("x")
            wire.server("llm.before", call_id=call.id, turn=1)
            wire.listen("turn.end", on=call)
        for number in range(20):
            wire.server("call.ended", agent_id="mara", call_id=f"CA{number}")
        wire.sent()
        stats = wire.pc.stats()
        assert (stats["calls"], stats["requests"], stats["held"], stats["unsent"]) == (0, 0, 0, 0)
        assert mara._live_calls == {}
        assert len(wire.engine.timers) == 0

    def test_a_call_ends_once(self) -> None:
        """Ending a call that is over changes nothing."""
        wire = Wire()
        call = wire.call()
        wire.engine.end_call(call, "one")
        wire.engine.end_call(call, "two")
        assert call.reason == "one"


class TestErrors:
    def test_call_error(self) -> None:
        """call.error of a live call is an error of it, and not its end."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("error", "call.error", "call.ended", on=call.agent)
        wire.server("call.error", agent_id="mara", call_id="CA1", error="odd", code="PLAN")
        assert [name for name, *_ in told] == ["call.error", "error"]
        error = told[1][1]
        assert (error.code, error.call_id, error.agent_id) == ("PLAN", "CA1", "mara")
        assert call.status == "active"

    def test_call_error_without_a_call(self) -> None:
        """call.error without a call and without words is an error of the agent."""
        wire = Wire()
        wire.agent()
        told = wire.listen("error", "call.ended")
        wire.server("call.error", agent_id="mara")
        assert [name for name, *_ in told] == ["error"]
        assert told[0][1].code == "CALL_ERROR"


class TestDetaching:
    def test_detached(self) -> None:
        """A lost link detaches the call; it is not over."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.ended")
        wire.lost()
        assert call.status == "detached"
        assert not call._over
        assert told == []

    def test_goes_on(self) -> None:
        """The first event for it makes it live again, and its end is the server's."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.ended")
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert call.status == "detached"
        wire.server("user.speaking", agent_id="mara", call_id="CA1", text="still here")
        assert call.status == "active"
        wire.after(35)
        assert call.status == "active"
        assert told == []

    def test_ends_after_30_s(self) -> None:
        """Without an event for 30 s it ends with connection_lost, on call, agent and client."""
        wire = Wire()
        call = wire.call()
        lists = [wire.listen("call.ended", on=owner) for owner in (call, call.agent, wire.pc)]
        wire.lost()
        wire.at(29.9)
        assert call.status == "detached"
        wire.at(30)
        for told in lists:
            assert told == [("call.ended", call, "connection_lost")]
        assert wire.engine.registry.calls == {}

    def test_lost_twice(self) -> None:
        """A second loss within the 30 s does not lengthen them."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.at(0.5)
        wire.opened()
        wire.server("connected")
        wire.at(20)
        wire.lost()
        wire.at(30)
        assert call.status == "ended"

    def test_repeated_start_after_the_loss(self) -> None:
        """A call.started repeated after the reconnect makes the same object live again."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        told = wire.listen("call.started")
        assert wire.call(call.agent) is call
        assert call.status == "active"
        assert told == []

    def test_connected_again_but_not_registered(self) -> None:
        """Until its agent is registered, what may be sent later waits."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        call.hangup()
        assert "call.hangup" not in wire.sent_events()
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA1"}]

    def test_the_call_comes_before_the_ack(self) -> None:
        """An event for the call before the ack of its agent releases what waited, once."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        call.hangup(reason="bye")
        wire.reconnect()
        wire.sent()
        wire.server("user.speaking", call_id="CA1", text="x")
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA1", "reason": "bye"}]
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent() == []

    def test_the_first_event_is_its_end(self) -> None:
        """A detached call whose first event is its end is over, and what waited for it is not sent."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        call.hangup(reason="bye")
        wire.reconnect()
        wire.sent()
        wire.server("call.ended", call_id="CA1", reason="hangup")
        wire.server("agent.resumed", agent_id="mara")
        assert (call.status, call.reason) == ("ended", "hangup")
        assert wire.sent() == []

    def test_detached_and_registered(self) -> None:
        """With its agent registered again, what may be sent later is sent at once."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        wire.sent()
        call.hangup()
        assert wire.sent() == [{"event": "call.hangup", "call_id": "CA1"}]

    def test_live_verbs_wait_for_the_call(self) -> None:
        """Speech on a detached call raises, even when the link is back."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        with pytest.raises(NotConnected, match="CA1 of agent 'mara' is detached"):
            call._speak("hi", "", None)


class TestVerbs:
    @pytest.mark.parametrize(
        ("verb", "args", "options", "frame"),
        [
            ("hangup", (), {}, {"event": "call.hangup"}),
            ("hangup", (), {"reason": "done"}, {"event": "call.hangup", "reason": "done"}),
            ("hold", (), {}, {"event": "call.hold"}),
            ("unhold", (), {}, {"event": "call.unhold"}),
            ("mute", (), {}, {"event": "call.mute"}),
            ("unmute", (), {}, {"event": "call.unmute"}),
            ("send_dtmf", ("12#*",), {}, {"event": "call.dtmf", "digits": "12#*"}),
            (
                "forward",
                ("1 555 867 5309",),
                {},
                {"event": "call.forward", "to": "+15558675309", "message": "", "announce": False},
            ),
            (
                "forward",
                ("sip:a@b",),
                {"message": "One moment", "announce": True},
                {
                    "event": "call.forward",
                    "to": "sip:a@b",
                    "message": "One moment",
                    "announce": True,
                },
            ),
            ("cancel", (), {}, {"event": "bot.cancel"}),
            ("cancel", ("msg_1",), {}, {"event": "bot.cancel", "message_id": "msg_1"}),
            ("clear", (), {}, {"event": "bot.clear"}),
            ("load_skill", ("booking",), {}, {"event": "skill.load", "skill": "booking"}),
            ("unload_skill", ("booking",), {}, {"event": "skill.unload", "skill": "booking"}),
        ],
    )
    def test_frames(
        self, verb: str, args: tuple[Any, ...], options: dict[str, Any], frame: dict[str, Any]
    ) -> None:
        """Each verb is one frame with the call's id."""
        wire = Wire()
        getattr(wire.call(), verb)(*args, **options)
        assert wire.sent() == [{**frame, "call_id": "CA1"}]
        assert wire.front.wakes

    def test_configure(self) -> None:
        """configure() sends session.configure with encoded keys."""
        wire = Wire()
        wire.call().configure({"sessionLimits": {"maxDurationSeconds": 60}}, stt="a:b")
        assert wire.sent() == [
            {
                "event": "session.configure",
                "session_id": "CA1",
                "stt": {"provider": "a", "model": "b"},
                "session_limits": {"max_duration_seconds": 60},
            }
        ]

    @pytest.mark.parametrize(
        ("verb", "args"),
        [
            ("send_dtmf", ("",)),
            ("send_dtmf", ("1x",)),
            ("send_dtmf", (5,)),
            ("forward", ("nobody",)),
            ("load_skill", (None,)),
            ("configure", ({"vioce": "x"},)),
            ("_speak", (5, "", None)),
            ("tool_result", ("m1", ["x"])),
            ("tool_result", ("m1", {"tool_call_id": "1", "result": 5})),
            ("tool_result", ("m1", [{"tool_call_id": "1", "results": 5}])),
        ],
    )
    def test_bad_arguments(self, verb: str, args: tuple[Any, ...]) -> None:
        """A bad argument is refused before anything is sent."""
        wire = Wire()
        call = wire.call()
        with pytest.raises(ConfigurationError):
            getattr(call, verb)(*args)
        assert wire.sent() == []

    @pytest.mark.parametrize(
        ("verb", "args"),
        [
            ("_speak", ("x", "", None)),
            ("reply_stream", ()),
            ("cancel", ()),
            ("clear", ()),
            ("hold", ()),
            ("send_dtmf", ("1",)),
            ("forward", ("+15558675309",)),
            ("configure", ({"language": "es"},)),
            ("load_skill", ("x",)),
            ("tool_result", ("m1", [])),
            ("_ask_history", ()),
            ("_ask_change", ("history.clear",)),
        ],
    )
    def test_on_an_ended_call(self, verb: str, args: tuple[Any, ...]) -> None:
        """A verb on a call that is over raises CallEnded, says why, and sends nothing."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1", reason="hangup")
        with pytest.raises(CallEnded, match=r"CA1 of agent 'mara' is over \(hangup\)"):
            getattr(call, verb)(*args)
        assert wire.sent() == []

    def test_hangup_on_an_ended_call(self) -> None:
        """hangup() on a call that is over does nothing."""
        wire = Wire()
        call = wire.call()
        wire.server("call.ended", agent_id="mara", call_id="CA1")
        call.hangup()
        assert wire.sent() == []

    @pytest.mark.parametrize(
        ("verb", "args"), [("hold", ()), ("clear", ()), ("send_dtmf", ("1",)), ("cancel", ())]
    )
    def test_live_verbs_while_down(self, verb: str, args: tuple[Any, ...]) -> None:
        """What makes no sense later raises NotConnected while the link is down."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        with pytest.raises(NotConnected) as caught:
            getattr(call, verb)(*args)
        assert (caught.value.call_id, caught.value.agent_id) == ("CA1", "mara")

    def test_durable_verbs_while_down(self) -> None:
        """hangup, forward and tool_result are sent later, once and in order."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        call.tool_result("m1", [{"tool_call_id": "1", "result": 0}])
        call.forward("+15558675309")
        call.hangup()
        assert wire.sent() == []
        wire.reconnect()
        wire.sent()
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent_events() == ["llm.tool_result", "call.forward", "call.hangup"]
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent() == []

    def test_held_frames_of_an_ended_call(self) -> None:
        """What waits for a call that ends is not sent."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        call.hangup()
        wire.at(0.4)
        wire.engine.end_call(call, "gone")
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert "call.hangup" not in wire.sent_events()

    def test_what_is_no_json(self) -> None:
        """A value that JSON cannot hold is refused, and nothing is queued."""
        wire = Wire()
        call = wire.call()
        with pytest.raises(ConfigurationError, match=r"llm\.tool_result: cannot be written"):
            call.tool_result("m1", [{"tool_call_id": "1", "result": object()}])
        assert wire.sent() == []

    def test_order(self) -> None:
        """Frames keep the order of the verbs."""
        wire = Wire()
        call = wire.call()
        call.hold()
        call._speak("a", "", None)
        call.unhold()
        assert wire.sent_events() == ["call.hold", "bot.reply", "call.unhold"]


class TestEvents:
    @pytest.mark.parametrize(
        "event",
        [
            "speech.started",
            "speech.ended",
            "user.speaking",
            "user.message",
            "eager.turn",
            "turn.pause",
            "turn.end",
            "turn.resumed",
            "turn.continued",
            "bot.speaking",
            "bot.word",
            "bot.finished",
            "bot.interrupted",
            "barge_in",
            "message.confirmed",
            "message.aborted",
            "reply.rejected",
            "audio.metrics",
            "call.updated",
            "call.held",
            "call.unheld",
            "call.muted",
            "call.unmuted",
            "call.forwarded",
            "call.dtmf_sent",
            "call.dtmf_received",
            "call.recording",
            "llm.tool_call",
            "skill.loaded",
            "skill.unloaded",
            "session.idle_warning",
            "session.timeout",
            "credits.exhausted",
        ],
    )
    def test_climbing(self, event: str) -> None:
        """A call's event goes to the handlers of the call, the agent and the client, in that order."""
        wire = Wire()
        call = wire.call()
        order: list[tuple[str, Any]] = []
        for owner in (wire.pc, call.agent, call):
            owner._add_handler(event, lambda e, c, whose=owner: order.append((whose, c)))
        wire.server({**EVENTS[event]["example"], "agent_id": "mara", "call_id": "CA1"})
        assert order == [(owner, call) for owner in (call, call.agent, wire.pc)]

    def test_unmuted(self) -> None:
        """call.unmuted brings what was said meanwhile."""
        wire = Wire()
        call = wire.call()
        told = wire.listen("call.unmuted", on=call)
        wire.server("call.unmuted", agent_id="mara", call_id="CA1", muted_transcript="one moment")
        assert told[0][1].muted_transcript == "one moment"

    def test_dtmf(self) -> None:
        """call.dtmf_received has the key and all keys so far."""
        wire = Wire()
        told = wire.listen("call.dtmf_received", on=wire.call())
        wire.server("call.dtmf_received", agent_id="mara", call_id="CA1", digit="4", digits="204")
        assert (told[0][1].digit, told[0][1].digits) == ("4", "204")

    def test_skills(self) -> None:
        """skill.loaded and skill.unloaded keep active_skills, and say to call and agent who did it."""
        wire = Wire()
        call = wire.call()
        both = ("skill.loaded", "skill.unloaded")
        on_call, on_agent = wire.listen(*both, on=call), wire.listen(*both, on=call.agent)
        for event, skill in [
            ("skill.loaded", "a"),
            ("skill.loaded", "b"),
            ("skill.loaded", "a"),
            ("skill.unloaded", "b"),
            ("skill.unloaded", "c"),
        ]:
            wire.server(event, agent_id="mara", call_id="CA1", skill=skill, by="model")
        assert call.active_skills == ["a"]
        assert on_call == on_agent
        assert [(name, event.skill, event.by) for name, event, _ in on_call[2:4]] == [
            ("skill.loaded", "a", "model"),
            ("skill.unloaded", "b", "model"),
        ]
        wire.server("skill.loaded", agent_id="mara", skill="x")
        assert call.active_skills == ["a"]

    @pytest.mark.parametrize("event", ["session.configured", "session.timeout"])
    def test_named_by_session(self, event: str) -> None:
        """Events that name the call by session_id reach it."""
        wire = Wire()
        call = wire.call()
        told = wire.listen(event, on=call)
        wire.server(event, session_id="CA1", reason="idle_timeout")
        assert told[0][2] is call
        wire.server(event, session_id="CA7", reason="idle_timeout")
        assert len(told) == 1

    def test_idle_warning(self) -> None:
        """session.idle_warning gives call and agent the seconds that are left, and the limit."""
        wire = Wire()
        call = wire.call()
        lists = [wire.listen("session.idle_warning", on=owner) for owner in (call, call.agent)]
        wire.server(
            "session.idle_warning",
            agent_id="mara",
            call_id="CA1",
            remaining_seconds=15,
            idle_timeout_seconds=60,
        )
        for told in lists:
            event = told[0][1]
            assert (event.remaining_seconds, event.idle_timeout_seconds) == (15, 60)
            assert told[0][2] is call

    def test_timeout_comes_before_the_end(self) -> None:
        """session.timeout, with its reason, fires before call.ended."""
        wire = Wire()
        wire.call()
        told = wire.listen("session.timeout", "call.ended")
        wire.server("session.timeout", call_id="CA1", session_id="CA1", reason="idle_timeout")
        wire.server("call.ended", call_id="CA1", reason="idle_timeout")
        assert [name for name, *_ in told] == ["session.timeout", "call.ended"]
        assert told[0][1].reason == told[1][2] == "idle_timeout"

    def test_frames_for_a_call_nobody_knows(self) -> None:
        """An event of an unknown call without an agent is dropped."""
        wire = Wire().up()
        told = wire.listen("*")
        wire.server("bot.word", call_id="CA7", word="x")
        assert told == []
        assert wire.pc.stats()["dropped"] == 1

    def test_events_of_nobody(self) -> None:
        """An event that names neither call nor agent reaches the client."""
        wire = Wire().up()
        told = wire.listen("registered")
        wire.server("registered", app_id="app")
        assert told[0][1].app_id == "app"
        assert told[0][2] is None

    def test_unseen_call_of_a_known_agent(self) -> None:
        """The first event of a call that began before this process makes it and fires its start,
        once; each event then reaches its handlers, with the call."""
        wire = Wire()
        mara = wire.agent()
        names = (
            "bot.word",
            "bot.speaking",
            "bot.finished",
            "message.confirmed",
            "user.message",
            "eager.turn",
            "turn.end",
            "turn.continued",
            "reply.rejected",
        )
        told = wire.listen("call.started", *names, on=mara)
        for name in names:
            wire.server(name, agent_id="mara", call_id="CA7", message_id="m1", text="Hi")
        call = mara._live_calls["CA7"]
        assert [name for name, *_ in told] == ["call.started", *names]
        assert all(arguments[-1] is call for _, *arguments in told)


class TestRinging:
    def ring(self, wire: Wire) -> None:
        wire.server("call.ringing", agent_id="mara", call_id="CA1", from_="+1555", to="+1318")

    def test_a_handle(self) -> None:
        """call.ringing gives a handle that says who rings."""
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

    def test_nobody_listens(self) -> None:
        """Without a handler the call is accepted at once."""
        wire = Wire()
        wire.agent()
        wire.listen("*")
        self.ring(wire)
        assert wire.sent_events() == ["call.accept"]

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

    def test_ringing_for_a_stranger(self) -> None:
        """A ringing call of an agent that is not here is dropped."""
        wire = Wire().up()
        wire.server("call.ringing", agent_id="nobody", call_id="CA1")
        assert wire.sent() == []
        assert wire.pc.stats()["dropped"] == 1

    def test_rejected(self) -> None:
        """call.rejected reaches the agent."""
        wire = Wire()
        mara = wire.agent()
        told = wire.listen("call.rejected")
        wire.server("call.rejected", agent_id="mara", call_id="CA1", reason="busy")
        assert told[0][1].reason == "busy"
        assert told[0][2] is mara


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
        """It may be a coroutine function."""

        async def greeting(call: object) -> str:
            return "Hello"

        wire = Wire()
        wire.agent(greeting=greeting)
        wire.call()
        assert wire.sent()[0]["text"] == "Hello"

    @pytest.mark.parametrize("key", ["add_to_history", "addToHistory"])
    def test_outside_the_history(self, key: str) -> None:
        """It may return a dict that keeps it out of the history."""
        wire = Wire()
        wire.agent(greeting=lambda call: {"text": "Hello", key: False})
        wire.call()
        assert "add_to_history" not in wire.sent()[0]

    @pytest.mark.parametrize("nothing", [None, "", {}, {"text": ""}])
    def test_nothing_to_say(self, nothing: Any) -> None:
        """It may return nothing."""
        wire = Wire()
        wire.agent(greeting=lambda call: nothing)
        wire.call()
        assert wire.sent() == []

    def test_failing(self) -> None:
        """One that raises, or returns no text, is reported, and the call goes on."""

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
        """A text is the server's to speak: it is in the claim, and nothing is said here."""
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


def test_transcript() -> None:
    """transcript has what user and assistant said, and nothing empty."""
    wire = Wire()
    call = wire.call()
    call._conversation.messages = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "1"},
        {"role": "assistant", "content": "Hello"},
    ]
    assert call.transcript == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
    ]


def test_unknown_event_of_a_call() -> None:
    """An unknown event of a call reaches * under its own name, with the call."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("*", on=call)
    wire.server("brand.new", call_id="CA1", nested={"aB": 1})
    item = told[0][1]
    assert (item.name, item.call, item.agent) == ("brand.new", call, call.agent)
    assert item.event.raw == {"event": "brand.new", "call_id": "CA1", "nested": {"aB": 1}}
