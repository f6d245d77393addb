"""What type checkers refuse on the blocking front: each line marked ``# E``, and no other."""

from __future__ import annotations

from pinecall.events import BotWord, LineCreated, MemoryOps, Turn, UserMessage
from pinecall.typing import EventName
from pinecall_sync import Agent, Call, LineCall, Pinecall

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
agent.on("user.message", None)  # E
agent.on("whatsapp.session_started", call_only)  # E
pc.on("line.created", of_line)  # E
agent.on("turn.end", lambda turn: None)  # E
agent.on("turn.end", lambda turn, call: turn.nothing)  # E
agent.once("user.message", wrong_event)  # E


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


# Nobody awaits a coroutine here.
async def coroutine(event: UserMessage, call: Call) -> None: ...
async def connected() -> None: ...
async def failed(err: Exception) -> int:
    return 0


pc.on("user.message", coroutine)  # E
agent.once("user.message", coroutine)  # E
pc.on("connected", connected)  # E
pc.on("error", failed)  # E
agent.on("user.message", lambda event, call: coroutine(event, call))  # E


@agent.on("user.message")  # E
async def decorated(event: UserMessage, call: Call) -> None: ...


@pc.on("connected")  # E
async def decorated_too() -> str:
    return ""


pc.chat("mara")  # E
pc.chat("mara", "Hi").reply  # E
pc.chat("mara", "Hi", session="chat-1")  # E
