"""What users of the asyncio front write, all of it correct."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pinecall import (
    Agent,
    Call,
    CallTrace,
    ChatReply,
    Latency,
    Line,
    LineCall,
    Pinecall,
    PinecallError,
    Playback,
    RingingCall,
    TraceTurn,
    latency,
)
from pinecall.agent import WhatsAppSession
from pinecall.events import (
    AgentCreated,
    CallError,
    CallRecording,
    Event,
    Item,
    LineCreated,
    LlmToolCall,
    MemoryOps,
    PhoneAdded,
    Turn,
    UserMessage,
)
from pinecall.typing import EventName, Frame, Message

pc = Pinecall()
agent = pc.agent("mara")
line = pc.line("+12186633772")
seen: list[str] = []


def need_str(value: str) -> None: ...
def need_int(value: int) -> None: ...
def need_call(value: Call) -> None: ...


# Lambdas get the types of their parameters, and may return anything.
pc.on("connected", lambda: seen.append("connected"))
pc.on("disconnected", lambda reason: need_str(reason))
pc.on("reconnecting", lambda attempt: need_int(attempt))
pc.on("error", lambda err: need_str(err.code))
agent.on("user.message", lambda event, call: call.say(event.text))
agent.on("user.message", lambda event, call: (event, object()))
agent.on("call.ended", lambda call, reason: need_str(reason))
agent.on("turn.end", lambda turn, call: call.reply(turn.text))
agent.on("channel.added", lambda event, agent: need_str(agent.id))
agent.on("memory.ops", lambda event, call: call.hangup() if call else None)
line.on("line.created", lambda event, line: need_str(line.number))
agent.on("*", lambda item: item.call and item.call.say(item.name))
pc.on("whatsapp.session_started", lambda session: need_str(session.contact_phone))


# Functions and coroutine functions, as plain calls.
def ringing(ringing: RingingCall) -> None:
    ringing.accept()


async def message(event: UserMessage, call: Call) -> Playback:
    return call.reply(event.text)


async def tool_call(event: LlmToolCall, call: Call) -> dict[str, Any]:
    return {}


def failed(err: PinecallError) -> None: ...
def failed_more(err: Exception) -> None: ...
def any_event(event: Event, call: Call) -> None: ...
def maybe(event: MemoryOps, call: Call | None) -> None: ...
def recording(event: CallRecording, call: Call | None) -> None: ...
def call_error(event: CallError, call: Call | None) -> None: ...
def created(event: AgentCreated, agent: Agent) -> None: ...
def contact(session: WhatsAppSession) -> None: ...
def legacy(event: PhoneAdded, agent: Agent | None) -> None: ...
def line_created(event: LineCreated, line: Line) -> None: ...
def answered(call: LineCall) -> None: ...
def anything(item: Item) -> None: ...
def item_of_front(item: Item[Call, Agent | Line]) -> None: ...
def item_of_line(item: Item[LineCall, Line]) -> None: ...
def varying(*args: Any) -> None: ...


for registry in (pc, agent):
    registry.on("call.ringing", ringing)
    registry.on("user.message", message)
    registry.once("user.message", message)
    registry.on("user.message", any_event)
    registry.on("user.message", varying)
    registry.on("llm.tool_call", tool_call)
    registry.on("memory.ops", maybe)
    registry.on("call.recording", recording)
    registry.on("call.error", call_error)
    registry.on("agent.created", created)
    registry.on("phone_added", legacy)
    registry.on("whatsapp.session_started", contact)
    registry.on("error", failed)
    registry.on("error", failed_more)
    registry.on("*", anything)
    registry.on("*", item_of_front)

pc.on("line.created", line_created)
line.on("line.created", line_created)
pc.on("call", answered)
line.on("call", answered)
line.on("*", item_of_line)
pc.off("user.message", message)
agent.off("user.message")


# Decorators leave the function what it was.
@agent.on("turn.end")
async def turn_end(turn: Turn, call: Call) -> int:
    need_call(call)
    return turn.id


@agent.on("*")
def every(item: Item[Call, Agent | Line]) -> object:
    return item.event


@pc.once("chat.started")
@pc.on("call.started")
def started(call: Call) -> str:
    call.on("bot.finished", lambda event, call: need_call(call))

    @call.on("bot.word")
    def word(event: Event, call: Call) -> None: ...

    return call.id


coroutine_function: Callable[[Turn, Call], Awaitable[int]] = turn_end
plain_function: Callable[[Call], str] = started

name: EventName = "session.idle_warning"
frame: Frame = {"event": "ping"}
messages: list[Message] = [{"role": "user", "content": "hello"}]
pc.events("user.message", name)


async def ask() -> str:
    reply: ChatReply = await pc.chat("mara", "Hi", metadata={"console": True}, timeout=5)
    again = await pc.chat("mara", "Go on", session_id=reply.session_id)
    need_str(again.text)
    return again.model or ""


async def items() -> None:
    async for item in pc.events("user.message"):
        need_str(item.name)
        if item.call is not None:
            need_call(item.call)
            item.call.say(item.event.text)
        if isinstance(item.agent, Agent):
            await item.agent.dial("+12186633772")
    async for item in agent.calls["a"].events():
        item_of_front(item)
    async for of_line in line.events():
        if of_line.call is not None:
            of_line.call.listen(digits=1, timeout=5)
        if of_line.agent is not None:
            of_line.agent.extensions({})


def without_names(frame: dict[str, Any]) -> dict[str, Any] | None:
    return None if frame["event"] == "user.speaking" else frame


def look_back(call: Call) -> None:
    traces: Mapping[str, CallTrace] = pc.traces(keep=10, path="calls.jsonl", redact=without_names)
    trace: CallTrace | None = call.trace
    loaded: list[CallTrace] = CallTrace.load("calls.jsonl")
    if trace is not None:
        turns: tuple[TraceTurn, ...] = trace.turns
        waits: list[float | None] = [turn.wait for turn in turns]
        print(waits, trace.entries[0].frame["event"], trace.tools[0].error)
    found: Latency = latency([*traces.values(), *loaded])
    p90: float | None = found.wait.p90
    print(p90)
