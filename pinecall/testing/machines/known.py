"""What is known of a call, and what was found wrong in it."""

from __future__ import annotations

from typing import Any

from attrs import define, field

__all__ = ["Fault", "Known"]


@define
class Fault:
    """Something that an agent must not do: in which call, the rule, and what happened."""

    call_id: str
    rule: str
    why: str


@define(eq=False)
class Known:
    """One call, as far as the rules need it."""

    #: Since when the caller waits for an answer; None while nothing is asked.
    asked_at: float | None = None
    turns: int = 0
    speaking: bool = False
    silent_at: float = 0.0
    #: Whether the caller speaks over what the agent was saying.
    cut: bool = False
    #: In the blocking front: how many events the program has handled, and how many before the cut.
    handled: int = 0
    handled_at_cut: int = 0
    pressed: str = ""
    told: str = ""
    ended_at: float | None = None
    ended_up: bool = True
    #: Tool calls without a result, and since when; then the results.
    waiting: dict[str, tuple[str, float]] = field(factory=dict)
    results: dict[str, Any] = field(factory=dict)
    names: dict[str, str] = field(factory=dict)
