"""The error for a program that does not go on."""

from __future__ import annotations

from typing import Any

__all__ = ["HINT", "ProgramHangs"]

HINT = (
    ". The clock stands still while a handler or a tool works. What waits for something later in the "
    "call is an 'async def' handler, or waits with the client's own methods; what must take longer "
    "says so: @pytest.mark.pinecall(patience=60)"
)


class ProgramHangs(Exception):
    """The program under test works, or waits, for something that does not come."""

    __module__ = "pinecall.testing"

    def __init__(self, world: Any, why: str) -> None:
        waits = [line for driver in world.drivers for line in driver.at_work()]
        at_work = "; at work: " + ", ".join(waits) if waits else ""
        super().__init__(f"the program under test hangs: {why}{at_work}{HINT}")
