"""Pending faults: which command or event goes wrong, how, and how often."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from ...errors import EmulatorError
from .outbox import Frame

__all__ = ["HOWS", "Fault", "Faults"]

HOWS = ("refuse", "ignore", "repeat", "delay", "reorder", "drop")


@define(eq=False)
class Fault:
    """One fault, which happens ``times`` times."""

    event: str
    how: str
    times: int
    code: Any = None
    error: str | None = None
    agent_id: str | None = None
    delay: float | None = None
    fields: dict[str, Any] = field(factory=dict)
    held: list[Any] = field(factory=list)

    def concerns(self, frame: Frame) -> bool:
        """Whether the fault applies to this frame."""
        if self.times < 1 or frame.get("event") != self.event:
            return False
        return self.agent_id is None or frame.get("agent_id") == self.agent_id


class Faults:
    """The pending faults, in the order they were added."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault.

        Raises:
            EmulatorError: an unknown kind, or ``times`` below 1.
        """
        if fault.how not in HOWS:
            raise EmulatorError(f"fail(how={fault.how!r}): how is one of {', '.join(HOWS)}")
        if fault.times < 1:
            raise EmulatorError(f"fail({fault.event!r}, times={fault.times}): times is 1 or more")
        self.pending.append(fault)

    def clear(self) -> None:
        """Cancel all pending faults."""
        self.pending.clear()

    def take(self, frame: Frame) -> Fault | None:
        """Use up and return the first fault that applies to this frame."""
        for fault in self.pending:
            if fault.concerns(frame):
                fault.times -= 1
                if fault.times < 1:
                    self.pending.remove(fault)
                return fault
        return None
