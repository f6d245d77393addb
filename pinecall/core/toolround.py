"""Tool calls: the ledger that makes each run once, and the frame that answers a round.

The server may repeat ``llm.tool_call``, and does after a reconnect. A round is known by call and
message id for as long as the call lives: received → running → done → sent. A repeat of a running
round is ignored, a repeat of a finished one gets the stored results again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..errors import ConfigurationError, PinecallError, RequestTimeout
from .arguments import ToolArgumentError
from .jobs import Job
from .wire import encode_value

if TYPE_CHECKING:
    from ..tools import Tool
    from .call import CallBase

__all__ = ["ToolResult", "ToolRound", "result_frame"]


TOOL_TIMEOUT = "TOOL_TIMEOUT"
_NOT_THE_TOOLS = (TOOL_TIMEOUT, ToolArgumentError.default_code)


@frozen
class ToolResult:
    """One tool's answer. ``result`` is any JSON; falsy values arrive as they are.

    ephemeral: leave the round out of the model's history
    no_followup: do not let the model speak after this round
    """

    tool_call_id: str
    result: Any = None
    ephemeral: bool = False
    no_followup: bool = False

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"tool_call_id": self.tool_call_id, "result": self.result}
        if self.ephemeral:
            wire["ephemeral"] = True
        if self.no_followup:
            wire["no_followup"] = True
        return wire


def result_frame(
    call_id: str, msg_id: str, results: Iterable[ToolResult | Mapping[str, Any]]
) -> dict[str, Any]:
    if isinstance(results, (Mapping, ToolResult)):
        raise ConfigurationError("tool_result takes a list: one result for each call of the round")
    wire = []
    for result in results:
        if isinstance(result, ToolResult):
            wire.append(result.to_wire())
        elif isinstance(result, Mapping) and "tool_call_id" in result:
            known = {"tool_call_id", "result", "ephemeral", "no_followup"}
            if unknown := set(result) - known:
                raise ConfigurationError(
                    f"a tool result has no {sorted(unknown)}: its keys are {sorted(known)}"
                )
            wire.append(ToolResult(**result).to_wire())
        else:
            raise ConfigurationError(
                "a tool result is a ToolResult or a dict with tool_call_id and result, "
                f"not {result!r:.80}"
            )
    return {"event": "llm.tool_result", "call_id": call_id, "msg_id": msg_id, "results": wire}


class ToolRound:
    """The tool calls of one ``llm.tool_call`` frame."""

    def __init__(self, call: CallBase, msg_id: str, size: int) -> None:
        self.call = call
        self.msg_id = msg_id
        self.results: list[ToolResult | None] = [None] * size
        self.jobs: dict[int, Job] = {}

    @property
    def done(self) -> bool:
        return all(result is not None for result in self.results)

    def run(self, index: int, tool_call_id: str, tool: Tool[..., Any], arguments: Any) -> Job:
        """The job for one tool call; its result or error is the round's result ``index``."""
        call = self.call
        job = self.jobs[index] = Job(
            f"tool {tool.name}",
            lambda: tool.answer(arguments, call),
            lambda value: self._finished(index, tool_call_id, tool, value),
            lambda error: self._failed(
                index, tool_call_id, str(error) or type(error).__name__, error
            ),
            agent=call.agent,
            call=call,
            coroutine=tool.is_async,
            threaded=not tool.is_async,
        )
        if tool.timeout is not None:
            message = f"the tool {tool.name} gave no answer within {tool.timeout:g} s"
            error = RequestTimeout(message, TOOL_TIMEOUT)

            def too_late(_late: float) -> None:
                job.cancel()
                self._failed(index, tool_call_id, message, error)

            call.session.timers.set(self._timer(index), tool.timeout, too_late)
        return job

    def refuse(self, index: int, tool_call_id: str, name: str) -> None:
        """An error result for a tool that nobody here declares."""
        call = self.call
        message = f"Unknown tool: {name}"
        self.results[index] = ToolResult(tool_call_id, {"error": message})
        where = f"call {call.id} of agent {call.agent.id!r}"
        text = f"{where}: the model called {name!r}: {message}; declare it with tools="
        error = PinecallError(text, "UNKNOWN_TOOL", agent_id=call.agent.id, call_id=call.id)
        call.session.report(error, agent=call.agent, call=call)

    def send(self) -> None:
        """Answer the round if it is complete; again, if the server asks again."""
        if self.done and not self.call.over:
            results = [result for result in self.results if result is not None]
            self.call.send_durable(result_frame(self.call.id, self.msg_id, results))
            self._remember(results)

    def cancel(self) -> None:
        """The call is over: stop what runs, send nothing."""
        for index, job in self.jobs.items():
            if self.results[index] is None:
                self.call.session.timers.clear(self._timer(index))
                job.cancel()

    def _finished(self, index: int, tool_call_id: str, tool: Tool[..., Any], value: Any) -> None:
        self._settle(index, ToolResult(tool_call_id, value, tool.ephemeral, tool.no_followup))

    def _failed(self, index: int, tool_call_id: str, message: str, error: BaseException) -> None:
        """The model reads ``message``; the user's ``error`` handlers get the error."""
        if self.results[index] is None and not self.call.over:
            session, call, label = self.call.session, self.call, self.jobs[index].label
            if isinstance(error, PinecallError) and error.code in _NOT_THE_TOOLS:
                # The model's mistake, or nobody's: no line of the user's code is to be shown.
                error.message = f"{label}, call {call.id} of agent {call.agent.id!r}: {message}"
                error.agent_id, error.call_id = call.agent.id, call.id
                session.report(error, agent=call.agent, call=call)
            else:
                session.report_failure(error, label, call.agent, call)
            self._settle(index, ToolResult(tool_call_id, {"error": message}))

    def _settle(self, index: int, result: ToolResult) -> None:
        if self.results[index] is not None or self.call.over:
            return
        self.results[index] = result
        self.jobs[index].stop = None
        self.call.session.timers.clear(self._timer(index))
        self.send()

    def _timer(self, index: int) -> tuple[str, str, str, int]:
        return ("tool", self.call.id, self.msg_id, index)

    def _remember(self, results: list[ToolResult]) -> None:
        call = self.call
        key = f"tools:{self.msg_id}"
        if key in call.said or all(result.ephemeral for result in results):
            return
        call.said[key] = {}
        for result in results:
            if not result.ephemeral:
                content = encode_value(result.result)
                call.messages.append(
                    {"role": "tool", "tool_call_id": result.tool_call_id, "content": content}
                )
        call.changed()
