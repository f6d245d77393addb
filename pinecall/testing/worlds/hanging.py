"""The error for a program that does not go on."""

from __future__ import annotations

from typing import Any

__all__ = ["ProgramHangs"]


class ProgramHangs(Exception):
    """The program under test works, or waits, for something that does not come."""

    def __init__(self, world: Any, why: str) -> None:
        waits = [line for driver in world.drivers for line in driver.at_work()]
        text = f"the program under test hangs: {why}"
        if waits:
            text += "; at work: " + ", ".join(waits)
        text += (
            ". The clock stands still while a handler or a tool works. What waits for something later "
            "in the call is an 'async def' handler, or waits with the client's own methods; what must "
            "take longer says so: @pytest.mark.pinecall(patience=60)"
        )
        super().__init__(text)
