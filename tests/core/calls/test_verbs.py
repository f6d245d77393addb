"""The verbs of a call: their frames, their arguments, and what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.calls.speech import SayResult
from pinecall.core.calls.verbs import answering, history_messages, prompt_vars
from pinecall.errors import (
    CallEnded,
    ConfigurationError,
    NotConnected,
)
from pinecall.events import Turn
from pinecall.tools import tool

from ..harness import Wire

CALL_VERBS: list[tuple[Callable[[Any], object], str]] = [
    (lambda call: call._speak(None, "", None), "say or reply: text is a str, not NoneType"),
    (lambda call: call._speak("Hi", 3, None), "in_reply_to is a str, not int"),
    (lambda call: call._speak("Hi", "", 3), "message_id is a str, not int"),
    (lambda call: call.reply_stream("turn"), "the turn or message to answer, not str"),
    (lambda call: call.reply_stream(message_id=3), "message_id is a str, not int"),
    (lambda call: call.cancel(3), "cancel: message_id is a str"),
    (lambda call: call.hangup(reason=3), "hangup: reason is a str"),
    (lambda call: call.forward("+15550001111", message=3), "forward: message is a str"),
    (lambda call: call.send_dtmf(12), "send_dtmf: digits is a str"),
    (lambda call: call.load_skill(None), "load_skill: skill is a str"),
    (lambda call: call.unload_skill(None), "unload_skill: skill is a str"),
    (lambda call: call._ask_change("history.add_context", text=None), "add_context: text is a str"),
    (
        lambda call: call._ask_change("history.set_instructions", prompt=3),
        "set_prompt: prompt is a str",
    ),
]


IDS = {"agent_id": "mara", "call_id": "CA1"}


@tool
def lookup() -> str:
    """Look it up."""
    return "found"


MESSAGE = {"role": "user", "content": "Hi"}
TOOL_CALL = {"id": "t1", "name": "lookup", "arguments": "{}"}


@pytest.mark.parametrize(("verb", "message"), CALL_VERBS, ids=[m for _, m in CALL_VERBS])
def test_verbs_of_a_call(verb: Callable[[Any], object], message: str) -> None:
    """An argument of another type is refused with its name, the call and the agent."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    with pytest.raises(ConfigurationError, match=message) as caught:
        verb(call)
    assert (caught.value.agent_id, caught.value.call_id) == ("mara", "CA1")
    assert wire.sent() == []


def test_a_turn_is_a_turn() -> None:
    """reply_stream() takes the turn that turn.end gives."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    call.reply_stream(Turn(message_id="m7")).write("Hi")
    assert wire.sent()[0]["in_reply_to"] == "m7"


def test_a_bad_number() -> None:
    """forward() refuses a bad number, and names itself and the call."""
    wire = Wire()
    call = wire.call()
    with pytest.raises(ConfigurationError, match="forward, call CA1: '12' is not a phone number"):
        call.forward("12")
    assert wire.sent() == []


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
        """Verbs whose frames make no sense later raise NotConnected while the link is down."""
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
        """Frames that wait for a call that ends are not sent."""
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
        """A result that JSON cannot hold is refused, and nothing is queued."""
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


class TestAnsweredMessage:
    def test_the_last_message(self) -> None:
        """A reply outside a handler answers the caller's last message, or nothing."""
        wire = Wire()
        call = wire.call()
        assert call._answered_message() == ""
        wire.server("user.message", **IDS, message_id="m1", text="Hi")
        assert call._answered_message() == "m1"

    @pytest.mark.parametrize(
        ("event", "fields"),
        [("user.message", {"text": "Hi"}), ("eager.turn", {}), ("turn.end", {})],
    )
    def test_the_message_being_handled(self, event: str, fields: dict[str, Any]) -> None:
        """A reply inside a handler answers the message of that handler, though others came since."""
        wire = Wire()
        call = wire.call()
        answered: list[str] = []

        def handler(_: object, call: Any) -> None:
            call.last_message_id = "newer"
            answered.append(call._answered_message())

        wire.pc._add_handler(event, handler)
        wire.server(event, **IDS, message_id="m1", **fields)
        assert answered == ["m1"]
        assert call._answered_message() == "newer"

    def test_of_another_call(self) -> None:
        """A reply on another call than the handler's answers that call's last message."""
        wire = Wire()
        one, two = wire.call(call_id="CA1"), wire.call(call_id="CA2")
        wire.server("user.message", agent_id="mara", call_id="CA2", message_id="m2", text="x")
        answered: list[str] = []
        one._add_handler("user.message", lambda e, c: answered.append(two._answered_message()))
        wire.server("user.message", agent_id="mara", call_id="CA1", message_id="m1", text="x")
        assert answered == ["m2"]
        assert answering.get() is None

    def test_chat(self) -> None:
        """A reply inside a handler answers a chat message with an id as well."""
        wire = Wire()
        wire.agent()
        wire.server("llm.chat.started", agent_id="mara", call_id="chat-1")
        answered: list[str] = []
        wire.pc._add_handler("user.message", lambda e, c: answered.append(c._answered_message()))
        wire.server("chat.message", agent_id="mara", call_id="chat-1", text="x", message_id="m1")
        assert answered == ["m1"]

    def test_stream_for_a_turn(self) -> None:
        """A stream for a turn answers the turn's message."""
        wire = Wire()
        call = wire.call()
        call.last_message_id = "newer"
        call.reply_stream(Turn(message_id="m1")).write("x")
        call.reply_stream(message_id="mine").write("y")
        with pytest.raises(ConfigurationError, match="the turn or message to answer, not int"):
            call.reply_stream(5)
        starts = [f for f in wire.sent() if f["action"] == "start"]
        assert [f["in_reply_to"] for f in starts] == ["m1", "newer"]
        assert starts[1]["message_id"] == "mine"


class TestSpeaking:
    def test_heard(self) -> None:
        """Speech is settled by its message id, and interrupted by the end of the call."""
        wire = Wire()
        call = wire.call()
        wire.server("bot.finished", **IDS, message_id="nothing was said yet")
        one, two = call._speak("a", "", None), call._speak("b", "", None, True)
        assert [frame.get("add_to_history") for frame in wire.sent()] == [None, True]
        wire.server("bot.finished", **IDS, message_id=one.message_id)
        assert one.outcome.result() == SayResult(interrupted=False)
        assert not two.outcome.done
        wire.server("call.ended", **IDS)
        assert two.outcome.result() == SayResult(interrupted=True)

    def test_streams_are_aborted(self) -> None:
        """An interrupted reply aborts its own stream; a caller who goes on talking aborts them all."""
        wire = Wire()
        call = wire.call()
        one, two, three = (call.reply_stream() for _ in range(3))
        wire.server("bot.interrupted", **IDS, message_id=one.message_id)
        assert [stream.aborted for stream in (one, two, three)] == [True, False, False]
        wire.server("turn.continued", **IDS)
        assert [stream.aborted for stream in (one, two, three)] == [True, True, True]

    def test_the_link_is_lost(self) -> None:
        """A lost link aborts what is being written, and interrupts what is being said."""
        wire = Wire()
        call = wire.call()
        stream, speech = call.reply_stream(), call._speak("a", "", None)
        wire.lost()
        assert stream.aborted
        assert speech.outcome.result() == SayResult(interrupted=True)


class TestToolResults:
    def ask(self, wire: Wire) -> None:
        wire.server("llm.tool_call", **IDS, msg_id="m1", tool_calls=[TOOL_CALL])

    def test_by_hand(self) -> None:
        """A round that is answered by hand is answered with the same when the server asks again."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("llm.tool_call", on=call)
        self.ask(wire)
        call.tool_result("m1", [{"tool_call_id": "t1", "result": "mine"}])
        self.ask(wire)
        assert [frame["results"] for frame in wire.sent()] == [
            [{"tool_call_id": "t1", "result": "mine"}]
        ] * 2
        assert len(heard) == 1

    def test_beside_tools_that_run(self) -> None:
        """A result by hand for a round whose tool runs here is sent; the tool's own follows."""
        wire = Wire()
        wire.hold_jobs = True
        call = wire.call(wire.agent(tools=[lookup]))
        self.ask(wire)
        call.tool_result("m1", [{"tool_call_id": "t1", "result": "mine"}])
        wire.run_jobs()
        assert [frame["results"][0]["result"] for frame in wire.sent()] == ["mine", "found"]

    def test_after_the_call(self) -> None:
        """The end of a call forgets its rounds: a tool that finishes later answers nothing."""
        wire = Wire()
        wire.hold_jobs = True
        wire.call(wire.agent(tools=[lookup]))
        self.ask(wire)
        wire.server("call.ended", **IDS)
        wire.run_jobs()
        assert wire.sent() == []


class TestHistory:
    def test_asked_for(self) -> None:
        """ask_history() gives the server's messages; while the link is down it raises."""
        wire = Wire()
        call = wire.call()
        outcome = call._ask_history()
        (frame,) = wire.sent()
        assert frame["event"] == "history.get"
        wire.server(
            "history.data", call_id="CA1", request_id=frame["request_id"], messages=[MESSAGE]
        )
        assert outcome.result() == [MESSAGE]
        wire.lost()
        with pytest.raises(NotConnected):
            call._ask_history()

    @pytest.mark.parametrize(("count", "given"), [(4, 4), (None, 0)])
    def test_changed(self, count: int | None, given: int) -> None:
        """ask_change() gives the number of messages, 0 where the server does not say."""
        wire = Wire()
        outcome = wire.call()._ask_change("history.add_context", text="VIP")
        (frame,) = wire.sent()
        assert (frame["event"], frame["text"]) == ("history.add_context", "VIP")
        wire.server("history.updated", call_id="CA1", request_id=frame["request_id"], count=count)
        assert outcome.result() == given

    def test_changed_while_down(self) -> None:
        """ask_change() while the link is down is sent with the next registration."""
        wire = Wire()
        call = wire.call()
        wire.lost()
        outcome = call._ask_change("history.set_vars", vars={"a": "b"})
        assert not outcome.done
        wire.reconnect()
        wire.server("agent.resumed", agent_id="mara")
        assert wire.sent()[-1]["vars"] == {"a": "b"}

    def test_messages(self) -> None:
        """Messages are a list of dicts, any iterable of them, or one dict; they are copied."""
        for given in ([MESSAGE], (MESSAGE,), MESSAGE, iter([MESSAGE])):
            assert history_messages(given) == [MESSAGE]
        (copied,) = history_messages([MESSAGE])
        copied["content"] = "changed"
        assert MESSAGE["content"] == "Hi"
        assert history_messages([]) == []

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ("Hi", "messages are a list like .* not str"),
            (5, "messages are a list like .* not int"),
            (["Hi"], 'a message is a dict with "role" and "content", not \'Hi\''),
            ([{"content": "Hi"}], "a message is a dict"),
        ],
    )
    def test_bad_messages(self, bad: Any, message: str) -> None:
        """Messages of another form are refused."""
        with pytest.raises(ConfigurationError, match=message):
            history_messages(bad)

    def test_prompt_vars(self) -> None:
        """Values of prompt variables are written as text, None as an empty one."""
        given: dict[Any, Any] = {"name": "Ana", "n": 3, 4: None}
        assert prompt_vars(given) == {"name": "Ana", "n": "3", "4": ""}
        with pytest.raises(ConfigurationError, match=r"prompt vars are a dict .* not list"):
            prompt_vars([("name", "Ana")])  # type: ignore[arg-type]
