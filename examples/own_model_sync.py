"""The model runs in this program: each turn is answered by a stream of tokens.

An agent without ``llm`` gets its callers' turns. What the model says is spoken while it is being
made, and dropped at once when the caller goes on talking. Needs PINECALL_API_KEY, and PINECALL_URL
where it is not the platform itself. For asyncio: own_model.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from pinecall.events import Turn
from pinecall_sync import Call, Pinecall

pc = Pinecall()
parrot = pc.agent(
    "parrot",
    voice="elevenlabs/sarah",
    language="en",
    greeting="Hello, I repeat everything.",
    phone_number="+13186330963",
)
parrot.add_channel("webrtc")


def model(messages: list[dict[str, Any]]) -> Iterator[str]:
    """A stand-in: a real one is asked with the same messages, and gives tokens in the same way."""
    answer = f"You said {messages[-1]['content']}, and that was turn {len(messages) // 2 + 1}."
    for word in answer.split():
        time.sleep(0.01)
        yield f"{word} "


@parrot.on("turn.end")
def answer(turn: Turn, call: Call) -> None:
    with call.reply_stream(turn) as stream:
        for token in model(call.transcript):
            if stream.aborted:
                print("the caller went on", flush=True)
                break
            stream.write(token)


@parrot.on("call.ended")
def ended(call: Call, reason: str) -> None:
    print(f"{len(call.transcript)} messages, then {reason}", flush=True)


if __name__ == "__main__":
    pc.run_forever()
