"""Arguments of another type are refused where they are given, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pinecall import ConfigurationError
from pinecall.events import Turn

from ..harness import Wire

CALL_VERBS: list[tuple[Callable[[Any], object], str]] = [
    (lambda call: call._speak(None, "", None), "say or reply: text is a str, not NoneType"),
    (lambda call: call._speak("Hi", 3, None), "in_reply_to is a str, not int"),
    (lambda call: call._speak("Hi", "", 3), "message_id is a str, not int"),
    (lambda call: call.reply_stream("turn"), "the turn or message to answer, not str"),
    (lambda call: call.reply_stream(message_id=3), "message_id is a str, not int"),
    (lambda call: call.reply_stream().write(3), "write: token is a str, not int"),
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


@pytest.mark.parametrize(("verb", "message"), CALL_VERBS, ids=[m for _, m in CALL_VERBS])
def test_verbs_of_a_call(verb: Callable[[Any], object], message: str) -> None:
    """The error names the argument, the call and the agent."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    with pytest.raises(ConfigurationError, match=message) as caught:
        verb(call)
    assert (caught.value.agent_id, caught.value.call_id) == ("mara", "CA1")
    assert wire.sent() == []


def test_a_turn_is_a_turn() -> None:
    """What ``turn.end`` gives is what ``reply_stream`` takes."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    call.reply_stream(Turn(message_id="m7")).write("Hi")
    assert wire.sent()[0]["in_reply_to"] == "m7"


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


@pytest.mark.parametrize("timeout", [None, "1", math.inf])
def test_drain(timeout: Any) -> None:
    """A drain needs a number of seconds; otherwise nothing is closed."""
    wire = Wire()
    wire.agent(phone_number="+13186330963")
    with pytest.raises(ConfigurationError, match=r"drain\(\): timeout must be a number"):
        wire.pc._place_drain(timeout)
    assert wire.sent() == []


@pytest.mark.parametrize("call_id", ["", None, 3])
def test_configure_session(call_id: Any) -> None:
    """The call is named by its id."""
    wire = Wire()
    agent = wire.agent()
    with pytest.raises(ConfigurationError, match="call_id is the id of a call"):
        agent.configure_session(call_id, voice="x")


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        (lambda call: call.forward("12"), "forward, call CA1: '12' is not a phone number"),
        (lambda call: call.agent._place_dial("12", None), "dial, agent mara: '12' is not a phone"),
        (lambda call: call.agent._place_dial(5, None), "dial, agent mara: a phone number must be"),
        (
            lambda call: call.agent._place_dial("+15550001111", "12"),
            "dial, from_, agent mara: '12' is not a phone number",
        ),
        (lambda call: call.agent.route_callers(["12"]), "route_callers, agent mara: '12' is not"),
        (lambda call: call.agent.route_callers(5), "agent mara: a list of phone numbers, not int"),
    ],
)
def test_numbers(verb: Callable[[Any], object], message: str) -> None:
    """A number that is none is refused with the verb it was given to, and the call or agent."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    with pytest.raises(ConfigurationError, match=message):
        verb(call)
    with pytest.raises(ConfigurationError, match="line: '12' is not a phone number"):
        wire.pc.line("12")
    assert wire.sent() == []


def line_call(wire: Wire) -> Any:
    line = wire.up().pc.line("+12186633772")
    wire.server("line.created", number=line.number)
    wire.server("call.started", agent_id=line.id, call_id="CA1", owner="line")
    wire.sent()
    return wire.engine.registry.calls["CA1"]


@pytest.mark.parametrize("timeout", [math.inf, math.nan, 0, None, True])
def test_listen(timeout: Any) -> None:
    """The timeout of ``listen`` is a finite number of seconds."""
    call = line_call(Wire())
    with pytest.raises(ConfigurationError, match="timeout is seconds, more than 0"):
        call._place_listen(timeout=timeout)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"context": "x"}, "context must be a dict"),
        ({"context": {"a": object()}}, "JSON cannot carry"),
        ({"prompt_vars": "x"}, "prompt vars are a dict"),
        ({"greeting": 3}, "greeting must be a str"),
        ({"language": 3}, "language must be a str"),
        ({"voice": 3}, "voice must be a str"),
        ({"stt": 3}, "stt must be a str"),
    ],
)
def test_route_to(wrong: dict[str, Any], message: str) -> None:
    """A hand-over with a wrong option is not begun, and another may follow."""
    wire = Wire()
    call = line_call(wire)
    with pytest.raises(ConfigurationError, match=message):
        call._place_route("sales", **wrong)
    assert wire.sent() == []
    call._place_route("sales", context={"a": [1]}, prompt_vars={"n": 3})
    assert wire.sent() == [
        {
            "event": "call.route",
            "call_id": "CA1",
            "agent": "sales",
            "prompt_vars": {"n": "3"},
            "context": {"a": [1]},
            "history": True,
        }
    ]
