"""Tools that say when they run, and rounds of tool calls for them on a wire."""

from __future__ import annotations

from typing import Any

from pinecall.core.calls.call import CallBase
from pinecall.tools import tool

from ..harness import Wire

__all__ = [
    *("IDS", "ran"),
    *("broken", "final", "hidden", "lookup", "odd", "silent", "slow"),
    *("results", "round_of", "with_tools"),
]

IDS = {"agent_id": "mara", "call_id": "CA1"}
#: What ran, in order; each file of tests empties it before each test.
ran: list[Any] = []


@tool
def lookup(order: str, call: CallBase) -> dict[str, str]:
    """Look it up."""
    ran.append((order, call.id))
    return {"order": order}


@tool
async def slow(order: str = "none") -> str:
    """Look it up, slowly."""
    ran.append(order)
    return f"slow {order}"


@tool
def broken() -> None:
    """It breaks."""
    raise KeyError("gone")


@tool
def silent() -> None:
    """It raises nothing and says nothing."""


@tool(ephemeral=True)
def hidden() -> int:
    """Out of the history."""
    return 0


@tool(no_followup=True, timeout=5)
def final() -> str:
    """Nothing to be said."""
    return ""


@tool
def odd() -> Any:
    """Something that JSON does not know."""
    return object


def round_of(*calls: tuple[str, Any], **fields: Any) -> dict[str, Any]:
    tool_calls = [
        {"id": f"t{number}", "name": name, "arguments": arguments}
        for number, (name, arguments) in enumerate(calls)
    ]
    return {
        "event": "llm.tool_call",
        **IDS,
        "msg_id": "m1",
        "tool_calls": tool_calls,
        **fields,
    }


def with_tools(*tools: Any, **options: Any) -> tuple[Wire, CallBase]:
    wire = Wire()
    mara = wire.agent(tools=list(tools), **options)
    return wire, wire.call(mara)


def results(wire: Wire) -> list[dict[str, Any]]:
    frames = wire.sent()
    assert [frame["event"] for frame in frames] == ["llm.tool_result"]
    result: list[dict[str, Any]] = frames[0]["results"]
    return result
