"""What type checkers refuse on the blocking front: each line marked ``# E``, and no other."""

from __future__ import annotations

from typing import Any

from pinecall import Call as AwaitedCall
from pinecall.events import BotWord, Item, LineCreated, MemoryOps, Turn, UserMessage
from pinecall.typing import EventName
from pinecall_sync import Agent, Call, Line, LineCall, Pinecall

pc = Pinecall()
agent = pc.agent("mara")
line = pc.line("+12186633772")


def message(event: UserMessage, call: Call) -> None: ...
def wrong_event(event: BotWord, call: Call) -> None: ...
def no_call(event: UserMessage) -> None: ...
def three(event: UserMessage, call: Call, agent: Agent) -> None: ...
def swapped(call: Call, event: UserMessage) -> None: ...
def never_none(event: MemoryOps, call: Call) -> None: ...
def line_call(event: UserMessage, call: LineCall) -> None: ...
def call_only(call: Call) -> None: ...
def of_line(event: LineCreated, line: Agent) -> None: ...
def number(reason: int) -> None: ...
def of_agent(event: UserMessage, agent: Agent) -> None: ...
def untyped(call: Any) -> Any: ...
def other_front(item: Item[AwaitedCall, Any]) -> None: ...
def agents_only(item: Item[Call, Agent]) -> None: ...


# Misspelt, and the wire's name of an event that handlers know by another.
agent.on("user.mesage", message)  # E
agent.on("llm.before", message)  # E
agent.off("user.mesage")  # E
pc.events("user.mesage")  # E
name: EventName = "call.start"  # E

# Another event, too few, too many, the wrong way round.
agent.on("user.message", wrong_event)  # E
pc.on("user.message", no_call)  # E
agent.on("user.message", three)  # E
agent.on("user.message", swapped)  # E
agent.on("user.message", of_agent)  # E
agent.on("memory.ops", never_none)  # E
agent.on("user.message", line_call)  # E
pc.on("disconnected", number)  # E
agent.on("user.message", untyped)  # E
agent.on("user.message", None)  # E
agent.on("whatsapp.session_started", call_only)  # E
pc.on("line.created", of_line)  # E
agent.on("turn.end", lambda turn: None)  # E
agent.on("turn.end", lambda turn, call: turn.nothing)  # E
agent.once("user.message", wrong_event)  # E
pc.on("*", other_front)  # E
agent.on("*", agents_only)  # E
line.on("*", lambda item: item.agent and item.agent.dial("+12186633772"))  # E


@agent.on("user.mesage")  # E
def misspelt(event: UserMessage, call: Call) -> None: ...


@agent.on("turn.end")  # E
def another_event(event: UserMessage, call: Call) -> None: ...


@agent.on("call.ended")  # E
def one_missing(call: Call) -> None: ...


@agent.on("turn.end")
def right(turn: Turn, call: Call) -> int:
    call.on("turn.end", wrong_event)  # E
    return turn.id


text: str = right(Turn(), agent.calls["a"])  # E


pc.chat("mara")  # E
pc.chat("mara", "Hi").reply  # E
pc.chat("mara", "Hi", session="chat-1")  # E


def items() -> None:
    for item in pc.events():
        item.call.say("Hi")  # E
        if item.call is not None:
            item.call.sya("Hi")  # E
        if isinstance(item.agent, Line):
            item.agent.dial("+12186633772")  # E
