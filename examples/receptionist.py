"""A restaurant's receptionist: the platform's model talks, its tools book tables and call a person.

Needs PINECALL_API_KEY, and PINECALL_URL where it is not the platform itself. With threads:
receptionist_sync.py. Its tests: test_receptionist.py.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from pinecall import Agent, Call, Pinecall, PinecallError, Skill, tool
from pinecall.history import SqliteHistory

OWNER = "+34607827824"


def deploy(pc: Pinecall, history: SqliteHistory) -> Agent:
    tables = {"Friday": 4, "Saturday": 0}

    @tool
    async def free_tables(day: Literal["Friday", "Saturday"]) -> int:
        """How many tables are free.

        Args:
            day: the day of the visit
        """
        return tables[day]

    @tool
    async def book_table(
        day: Literal["Friday", "Saturday"], people: int, call: Call, name: str | None = None
    ) -> dict[str, str]:
        """Book a table.

        Args:
            day: the day of the visit
            people: how many come
            name: who books, if told
        """
        if not tables[day]:
            raise LookupError(f"there is no table left on {day}")
        tables[day] -= 1
        print(f"booked: {day}, {people} people, {name or call.from_}", flush=True)
        return {"table": f"number {tables[day] + 1}"}

    @tool(no_followup=True)
    async def ask_the_owner(call: Call) -> None:
        """Hand the caller on to a person."""
        call.forward(OWNER, message="I am putting you through.")

    bella = pc.deploy(
        "bella",
        prompt="You answer the phone of the Trattoria Bella. Today is {{day}}. Be brief.",
        voice="elevenlabs/sarah",
        greeting={"en": "Trattoria Bella, good evening.", "es": "Trattoria Bella, buenas noches."},
        language="en",
        tools=[free_tables, book_table],
        skills=[Skill("complaints", "When a guest is not happy", tools=[ask_the_owner])],
        session_limits={"idle_timeout_seconds": 30},
        history=history,
        channels=["webrtc", "chat", "+13186330963"],
    )

    @bella.on("call.started")
    async def rang(call: Call) -> None:
        print(f"{call.from_} calls", flush=True)

    @bella.on("call.ended")
    async def ended(call: Call, reason: str) -> None:
        print(f"{call.from_} has gone ({reason})", flush=True)

    @bella.on("error")
    async def failed(error: PinecallError) -> None:
        print(f"error: {error}", flush=True)

    return bella


if __name__ == "__main__":
    pc = Pinecall()
    deploy(pc, SqliteHistory("receptionist.db"))
    asyncio.run(pc.run_forever())
