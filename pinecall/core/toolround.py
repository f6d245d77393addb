"""Tool calls: the ledger that makes each run once, and the frame that answers a round.

The server may repeat ``llm.tool_call``, and does after a reconnect. A round is known by call and
message id for as long as the call lives: received → running → done → sent. A repeat of a running
round is ignored, a repeat of a finished one gets the stored results again; that holds for the tools
declared here (:class:`ToolRound`) and for those that a handler answers (:class:`HandRound`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..errors import ConfigurationError, PinecallError, RequestTimeout
from .arguments import ToolArgumentError
from .jobs import Job
from .results import error_text
from .wire import encode_value

if TYPE_CHECKING:
    from ..tools import Tool
    from .call import CallBase

__all__ = ["HandRound", "Round", "ToolResult", "ToolRound", "checked_results", "result_frame"]


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


def checked_results(results: Iterable[ToolResult | Mapping[str, Any]]) -> list[ToolResult]:
    """What was given to ``tool_result``; raises ConfigurationError for anything else."""
    if isinstance(results, (Mapping, ToolResult, str)) or not isinstance(results, Iterable):
        raise ConfigurationError("tool_result takes a list: one result for each call of the round")
    checked = []
    for result in results:
        if isinstance(result, ToolResult):
            checked.append(result)
        elif isinstance(result, Mapping) and "tool_call_id" in result:
            known = {"tool_call_id", "result", "ephemeral", "no_followup"}
            if unknown := set(result) - known:
                raise ConfigurationError(
                    f"a tool result has no {sorted(unknown)}: its keys are {sorted(known)}"
                )
            checked.append(ToolResult(**result))
        else:
            raise ConfigurationError(
                "a tool result is a ToolResult or a dict with tool_call_id and result, "
                f"not {result!r:.80}"
            )
    return checked


def result_frame(call_id: str, msg_id: str, results: Iterable[ToolResult]) -> dict[str, Any]:
    if not isinstance(msg_id, str):
        raise ConfigurationError(
            f"tool_result(msg_id, …): the msg_id of the llm.tool_call, not {type(msg_id).__name__}"
        )
    wire = [result.to_wire() for result in results]
    return {"event": "llm.tool_result", "call_id": call_id, "msg_id": msg_id, "results": wire}


class Round:
    """One ``llm.tool_call`` frame, and its place in the conversation."""

    def __init__(self, call: CallBase, msg_id: str, tool_calls: list[dict[str, Any]]) -> None:
        self.call = call
        self.msg_id = msg_id
        self.size = len(tool_calls)
        self._asked = {"role": "assistant", "content": None, "tool_calls": tool_calls}
        call.rounds[msg_id] = self
        call.messages.append(self._asked)
        call.changed()

    def send(self) -> None:
        """Answer as far as there is an answer: the first time, or because the server asks again."""
        raise NotImplementedError

    def cancel(self) -> None:
        """The call is over."""

    def _remember(self, results: Iterable[ToolResult], *, traceless: bool) -> None:
        """Results enter the conversation; of a round that is ephemeral as a whole nothing stays."""
        call = self.call
        if traceless:
            call.messages = [message for message in call.messages if message is not self._asked]
        for result in results:
            if not result.ephemeral:
                content = encode_value(result.result)
                call.grew(len(content))
                call.messages.append(
                    {"role": "tool", "tool_call_id": result.tool_call_id, "content": content}
                )
        call.changed()


class HandRound(Round):
    """A round that a handler answers with ``tool_result``, at once or in pieces."""

    def __init__(self, call: CallBase, msg_id: str, tool_calls: list[dict[str, Any]]) -> None:
        super().__init__(call, msg_id, tool_calls)
        self._results: dict[str, ToolResult] = {}

    def answered(self, results: list[ToolResult]) -> None:
        fresh = [result for result in results if result.tool_call_id not in self._results]
        self._results.update((result.tool_call_id, result) for result in results)
        complete = len(self._results) >= self.size
        ephemeral = all(result.ephemeral for result in self._results.values())
        self._remember(fresh, traceless=complete and ephemeral)

    def send(self) -> None:
        if self._results:
            results = self._results.values()
            self.call.send_durable(result_frame(self.call.id, self.msg_id, results))


class ToolRound(Round):
    """A round whose tools are declared here, at least some of them."""

    def __init__(self, call: CallBase, msg_id: str, tool_calls: list[dict[str, Any]]) -> None:
        super().__init__(call, msg_id, tool_calls)
        self.results: list[ToolResult | None] = [None] * self.size
        self.jobs: dict[int, Job] = {}
        self._sent = False

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
            lambda error: self._failed(index, tool_call_id, error_text(error), error),
            agent=call.agent,
            call=call,
            coroutine=tool.is_async,
            threaded=not tool.is_async,
        )
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
        if not self.done or self.call.over:
            return
        results = [result for result in self.results if result is not None]
        self.call.send_durable(result_frame(self.call.id, self.msg_id, results))
        if not self._sent:
            self._sent = True
            self._remember(results, traceless=all(result.ephemeral for result in results))

    def cancel(self) -> None:
        """Stop what runs; nothing is sent."""
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
