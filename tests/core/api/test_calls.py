"""The verbs of calls whose outcome is known later, with a front that gives the outcome itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.api.agents import HasCalls
from pinecall.core.api.calls import HistoryVerbs, SpeechVerbs
from pinecall.core.api.lines import LineVerbs
from pinecall.core.calls.call import CallBase
from pinecall.core.calls.speech import SayResult, Speech
from pinecall.core.kernel.outcome import Outcome
from pinecall.core.lines.line_call import LineCallBase, RouteResult
from pinecall.core.lines.listener import Heard

from ..harness import Wire

NUMBER = "+12186633772"
FACTS = {"from": "+15551230000", "to": NUMBER, "direction": "inbound", "transport": "phone"}

Count = Outcome[int]
Said = Outcome[SayResult]


class Call(HistoryVerbs[Outcome[list[dict[str, Any]]], Count], SpeechVerbs[Said], CallBase):
    def _answer(self, outcome: Outcome[Any]) -> Any:
        return outcome

    def _play(self, speech: Speech) -> Said:
        return speech.outcome


class LineCall(LineVerbs[Said, Outcome[Heard], Outcome[RouteResult]], Call, LineCallBase):
    pass


class Agent(HasCalls[Call], AgentBase):
    pass


def made(call_id: str, agent_id: str, prepare: Callable[[Wire], object]) -> tuple[Wire, Any]:
    wire = Wire().up()
    front: Any = wire.front
    front.make_agent, front.make_call, front.make_line_call = Agent, Call, LineCall
    prepare(wire)
    wire.server("call.started", call_id=call_id, agent_id=agent_id, **FACTS)
    wire.sent()
    return wire, wire.engine.registry.calls[call_id]


def a_call() -> tuple[Wire, Call]:
    wire, call = made("CA1", "mara", lambda wire: wire.agent())
    assert isinstance(call, Call)
    return wire, call


def a_line_call() -> tuple[Wire, LineCall]:
    wire, call = made("CL1", f"line:{NUMBER}", lambda wire: wire.pc.line(NUMBER))
    assert isinstance(call, LineCall)
    return wire, call


MESSAGE = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("ask", "frame"),
    [
        (lambda call: call.add_history([MESSAGE]), {"event": "history.add", "messages": [MESSAGE]}),
        (lambda call: call.set_history([]), {"event": "history.set", "messages": []}),
        (lambda call: call.clear_history(), {"event": "history.clear"}),
        (
            lambda call: call.add_context("VIP"),
            {"event": "history.add_context", "text": "VIP"},
        ),
        (
            lambda call: call.set_prompt("Hi"),
            {"event": "history.set_instructions", "prompt": "Hi"},
        ),
        (
            lambda call: call.set_prompt_vars({"a": 1}),
            {"event": "history.set_vars", "vars": {"a": "1"}},
        ),
    ],
)
def test_changes(ask: Callable[[Call], Count], frame: dict[str, Any]) -> None:
    """Each change of the history is its frame, with checked values, and its answer the count."""
    wire, call = a_call()
    outcome = ask(call)
    sent = wire.sent()[0]
    request_id = sent.pop("request_id")
    assert sent == {"call_id": "CA1", **frame}
    wire.server("history.updated", call_id="CA1", request_id=request_id, count=4)
    assert outcome.result() == 4


def test_history() -> None:
    """get_history gives the messages."""
    wire, call = a_call()
    outcome = call.get_history()
    request_id = wire.sent()[0]["request_id"]
    wire.server("history.data", call_id="CA1", request_id=request_id, messages=[MESSAGE])
    assert outcome.result() == [MESSAGE]


def test_say() -> None:
    """say() answers nothing, and is through when it has been heard."""
    wire, call = a_call()
    said = call.say("hello", add_to_history=True)
    frame = wire.sent()[0]
    assert (frame["text"], frame["in_reply_to"], frame["add_to_history"]) == ("hello", "", True)
    wire.server("bot.finished", call_id="CA1", message_id=frame["message_id"])
    assert said.result() == SayResult(interrupted=False)


def test_reply() -> None:
    """reply() answers the caller's last message, or the one that is named."""
    wire, call = a_call()
    call.last_message_id = "um_1"
    call.reply("yes")
    call.reply("no", in_reply_to="um_0", message_id="mine")
    first, second = wire.sent()
    assert (first["text"], first["in_reply_to"]) == ("yes", "um_1")
    assert (second["in_reply_to"], second["message_id"]) == ("um_0", "mine")


def test_calls() -> None:
    """An agent's calls are there by id, and cannot be changed from outside."""
    _, call = a_call()
    agent = call.agent
    assert isinstance(agent, Agent)
    assert dict(agent.calls) == {"CA1": call}
    with pytest.raises(TypeError):
        agent.calls["CA2"] = call  # type: ignore[index]


def test_a_line_speaks() -> None:
    """A line's call sets the voice first, where one is given."""
    wire, call = a_line_call()
    call.say("hello")
    call.say("hola", voice="elenlabs/ana", language="es")
    assert wire.sent_events() == ["bot.reply", "session.configure", "bot.reply"]


def test_a_line_listens() -> None:
    """listen() and ask() give what was heard: keys as many as were asked for."""
    wire, call = a_line_call()
    heard = call.listen(digits=1, timeout=5.0)
    wire.server("call.dtmf_received", call_id="CL1", digit="7", digits="7")
    assert (heard.result().by, heard.result().digits) == ("keypad", "7")
    asked = call.ask("A key?", digits=1, timeout=5.0)
    wire.server("call.dtmf_received", call_id="CL1", digit="8", digits="78")
    assert asked.result().digits == "8"


def test_a_line_routes() -> None:
    """route_to() sends the hand-over with what goes along, and gives whether it was done."""
    wire, call = a_line_call()
    result = call.route_to("mara", language="es", history=False)
    frame = wire.sent()[0]
    assert (frame["event"], frame["language"]) == ("call.route", "es")
    wire.server("call.routed", call_id="CL1", agent_id=f"line:{NUMBER}", to_agent="mara")
    assert result.result() == RouteResult(ok=True)
