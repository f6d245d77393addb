"""The tools of a call, from ``llm.tool_call`` and ``llm.tool_result``."""

from __future__ import annotations

from typing import Any

from attrs import define, frozen

from ..text.jsontext import read

__all__ = ["ToolRun", "Tools", "TraceTool"]


@frozen
class TraceTool:
    """One tool call.

    name, arguments: as the model gave them; arguments that are not a JSON object stay a text
    result: what the model got; None until then, and for an error
    error: the text of a result ``{"error": …}``, which is what the model gets of a tool that failed
    started: when ``llm.tool_call`` arrived, in seconds since the call began
    ended: when the result was sent. The results of one round leave together, so the tools of a
        round end together; None while it runs, and if the call ended first
    turn: index of its turn in ``trace.turns``; None before the first one

    A tool call that the platform repeats is one, and so is its result.
    """

    name: str
    arguments: Any
    result: Any
    error: str | None
    started: float
    ended: float | None
    turn: int | None


@define(eq=False)
class ToolRun:
    """A tool call on its way."""

    name: str
    arguments: Any
    started: float
    ended: float | None = None
    result: Any = None
    error: str | None = None

    def shown(self, turn: int | None) -> TraceTool:
        return TraceTool(
            self.name, self.arguments, self.result, self.error, self.started, self.ended, turn
        )


class Tools:
    """All tool calls of a call, in their order."""

    def __init__(self) -> None:
        self.runs: list[ToolRun] = []
        self._known: dict[str, ToolRun] = {}

    def asked(self, frame: dict[str, Any], at: float) -> list[ToolRun]:
        """Add the tool calls of an ``llm.tool_call``; return those that are new."""
        calls = frame.get("tool_calls")
        round_id = str(frame.get("msg_id") or frame.get("message_id") or "")
        new = []
        for place, call in enumerate(calls if isinstance(calls, list) else []):
            if not isinstance(call, dict):
                continue
            key = str(call.get("id") or f"{round_id}/{place}")
            if key in self._known:
                continue
            inner = call.get("function")
            said = inner if isinstance(inner, dict) and "name" not in call else call
            run = ToolRun(str(said.get("name") or ""), _arguments(said.get("arguments")), at)
            self._known[key] = run
            self.runs.append(run)
            new.append(run)
        return new

    def answered(self, frame: dict[str, Any], at: float) -> None:
        """Take the results of an ``llm.tool_result``; the first one of a tool call counts."""
        results = frame.get("results")
        for result in results if isinstance(results, list) else []:
            run = self._known.get(str(result.get("tool_call_id"))) if type(result) is dict else None
            if run is None or run.ended is not None:
                continue
            run.ended = at
            value = result.get("result")
            if isinstance(value, dict) and set(value) == {"error"}:
                run.error = str(value["error"])
            else:
                run.result = value


def _arguments(given: Any) -> Any:
    if given is None or given == "":
        return {}
    if not isinstance(given, str):
        return given
    try:
        value = read(given)
    except Exception:  # of msgspec's and of json's kinds: whatever it is, it is shown
        return given
    return value if isinstance(value, dict) else given
