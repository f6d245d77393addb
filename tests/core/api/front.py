"""A front that gives the outcome itself, and live calls of its classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pinecall.core.agents.agent import AgentBase
from pinecall.core.api.agents import HasCalls
from pinecall.core.api.calls import HistoryVerbs, SpeechVerbs
from pinecall.core.api.lines import LineVerbs
from pinecall.core.calls.call import CallBase
from pinecall.core.calls.speech import SayResult, Speech
from pinecall.core.kernel.outcome import Outcome
from pinecall.core.lines.line import LineBase
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


class Line(HasCalls[LineCall], LineBase):
    pass


def made(call_id: str, agent_id: str, prepare: Callable[[Wire], object]) -> tuple[Wire, Any]:
    wire = Wire().up()
    front: Any = wire.front
    front.make_agent, front.make_call = Agent, Call
    front.make_line, front.make_line_call = Line, LineCall
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
