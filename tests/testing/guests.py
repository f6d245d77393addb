"""A demo agent for both fronts, right or with one mistake that people make."""

from __future__ import annotations

from typing import Any

import pinecall
import pinecall_sync

__all__ = ["MISTAKES", "build", "build_sync"]

MISTAKES = (
    "a tool that is not safe to repeat",
    "a reply after the end",
    "a lost digit",
    "shared state",
    "no barge-in",
)  # fmt: skip
MENU = ("Today we have a soup of beans.", "Then there is fish from the harbour.", "And a pear.")
OPTIONS: dict[str, Any] = {
    "prompt": "You answer the phone of the Trattoria Bella.",
    "greeting": "Trattoria Bella, good evening.",
    "channels": ["+13186330963", "chat", "webrtc"],
}


class _Book:
    """What the program remembers, by call; with the mistakes, wrongly."""

    def __init__(self, mistake: str | None) -> None:
        self.mistake = mistake
        self.tables: dict[tuple[str, int], str] = {}
        self.booked = 0
        self.keys: dict[str, str] = {}
        self.words: dict[str, str] = {}

    def book(self, call: Any, people: int) -> str:
        known = self.tables.get((call.id, people))
        if known is None or self.mistake == "a tool that is not safe to repeat":
            self.booked += 1
            known = self.tables[call.id, people] = f"table {self.booked}"
        return known

    def note(self, call: Any, text: str) -> str:
        """Keep the last words of a guest, and return them."""
        key = "the guest" if self.mistake == "shared state" else call.id
        before = self.words.get(key, "nothing")
        self.words[key] = text
        return before

    def typed(self, call: Any, event: Any) -> str:
        """Add a digit, and return them all."""
        if self.mistake != "a lost digit":
            digits: str = event.digits
            return digits
        before = self.keys.get(call.id, "")
        # Meant for a key that bounces.
        self.keys[call.id] = before if before.endswith(event.digit) else before + event.digit
        return self.keys[call.id]


def build(client: Any, mistake: str | None = None) -> Any:
    """Deploy it on the asyncio front."""
    book = _Book(mistake)

    @pinecall.tool
    async def book_table(people: int, call: pinecall.Call) -> str:
        """Book a table.

        Args:
            people: how many come
        """
        return book.book(call, people)

    bella = client.deploy("bella", tools=[book_table], **OPTIONS)

    @bella.on("user.message")
    async def noted(event: Any, call: pinecall.Call) -> None:
        call.add_context(f"Before, the guest said {book.note(call, event.text)}.")

    @bella.on("call.dtmf_received")
    async def pressed(event: Any, call: pinecall.Call) -> None:
        digits = book.typed(call, event)
        if event.digit == "#":
            call.say(f"You have pressed {' '.join(digits)}.")
        elif event.digit == "*":
            for sentence in MENU:
                played = await call.say(sentence)
                if played.interrupted and mistake != "no barge-in":
                    break

    @bella.on("call.ended")
    async def ended(call: pinecall.Call, reason: str) -> None:
        if mistake == "a reply after the end":
            call.say("Thank you for your call.")

    return bella


def build_sync(client: Any, mistake: str | None = None) -> Any:
    """Deploy it on the blocking front."""
    book = _Book(mistake)

    @pinecall_sync.tool
    def book_table(people: int, call: pinecall_sync.Call) -> str:
        """Book a table.

        Args:
            people: how many come
        """
        return book.book(call, people)

    bella = client.deploy("bella", tools=[book_table], **OPTIONS)

    @bella.on("user.message")
    def noted(event: Any, call: pinecall_sync.Call) -> None:
        call.add_context(f"Before, the guest said {book.note(call, event.text)}.")

    @bella.on("call.dtmf_received")
    def pressed(event: Any, call: pinecall_sync.Call) -> None:
        digits = book.typed(call, event)
        if event.digit == "#":
            call.say(f"You have pressed {' '.join(digits)}.")
        elif event.digit == "*":
            for sentence in MENU:
                played = call.say(sentence).wait()
                if played.interrupted and mistake != "no barge-in":
                    break

    @bella.on("call.ended")
    def ended(call: pinecall_sync.Call, reason: str) -> None:
        if mistake == "a reply after the end":
            call.say("Thank you for your call.")

    return bella
