"""Mara answers the phone and the chat of a shop. The same program with threads: mara_sync.py.

Needs PINECALL_API_KEY, and PINECALL_URL where it is not the platform itself; `nox -s demo` runs it
against the emulator.
"""

from __future__ import annotations

import asyncio

from pinecall import Call, Pinecall, tool
from pinecall.events import (
    BotFinished,
    BotInterrupted,
    BotSpeaking,
    BotWord,
    LlmToolCall,
    UserMessage,
)

from console import BLUE, GREY, YELLOW, Console

ORDERS = {"ORD-12345": {"status": "shipped", "arrives": "Friday"}}

pc = Pinecall()
screen = Console()


@tool
async def lookup_order(order_id: str) -> dict[str, str]:
    """Look up an order: where it is and when it arrives.

    Args:
        order_id: the order's number, like ORD-12345
    """
    return ORDERS.get(order_id.upper(), {"status": "unknown"})


mara = pc.deploy(
    "mara",
    prompt="You are Mara, at the reception of a small shop. Be brief and friendly.",
    voice="elevenlabs/sarah",
    language="en",
    greeting="Hello, this is Mara. How can I help?",
    tools=[lookup_order],
    channels=["webrtc", "chat", "+13186330963"],
)


@mara.on("call.started")
async def rang(call: Call) -> None:
    screen.line(call.id, "call", f"{call.from_} rings {call.to} ({call.transport})")


@mara.on("chat.started")
async def wrote(call: Call) -> None:
    screen.line(call.id, "chat", f"a visitor opens a chat with {call.to}")


@mara.on("user.message")
async def heard(event: UserMessage, call: Call) -> None:
    screen.line(call.id, "caller", event.text, BLUE)


@mara.on("llm.tool_call")
async def tool_called(event: LlmToolCall, call: Call) -> None:
    for asked in event.tool_calls:
        screen.line(call.id, "tool", f"{asked['name']}({asked['arguments']})", YELLOW)


@mara.on("bot.speaking")
async def writes(event: BotSpeaking, call: Call) -> None:
    # A chat has no voice: its text arrives here, a voice's words in bot.word.
    if call.transport == "chat" and event.text:
        screen.word(call.id, "mara", event.text, glue="")


@mara.on("bot.word")
async def speaks(event: BotWord, call: Call) -> None:
    screen.word(call.id, "mara", event.word)


@mara.on("bot.finished")
async def has_spoken(event: BotFinished, call: Call) -> None:
    screen.end_of_speech(call.id)


@mara.on("bot.interrupted")
async def was_cut_off(event: BotInterrupted, call: Call) -> None:
    screen.end_of_speech(call.id, "(interrupted)")


@mara.on("call.ended")
async def ended(call: Call, reason: str) -> None:
    shown = f"{reason} after {call.duration:.1f} s, {len(call.transcript)} messages"
    screen.line(call.id, "ended", shown, GREY)


if __name__ == "__main__":
    asyncio.run(pc.run_forever())
