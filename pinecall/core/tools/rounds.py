"""Tool calls: the ledger that makes each one run once, and the frame that answers a round.

The server may repeat ``llm.tool_call``, and does after a reconnect. A tool call is known by its
call and its ``tool_call_id`` for as long as the call lives: received → running → done → sent. It
runs once; if its id comes again, in the same round or in another, its stored result is the answer.
A tool call without an id cannot be told from another, and runs each time its round is new.

``llm.tool_call`` is one round, known by its ``msg_id`` and the ids in it. A repeat of a running round
is answered when it is done, a repeat of a finished one at once; that holds for the tools declared
here (:class:`ToolRound`) and for those answered by a handler (:class:`HandRound`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from ...errors import ConfigurationError, PinecallError, RequestTimeout
from ..kernel.job import Job
from ..kernel.usercode import error_text
from ..model.call_state import CallState
from ..wire.codec import encode_value
from ..wire.limits import LEDGER_ROUNDS, LEDGER_SIZE
from .arguments import ToolArgumentError

if TYPE_CHECKING:
    from .tool import Tool

__all__ = [
    "HandRound",
    "Ledger",
    "Round",
    "ToolResult",
    "ToolRound",
    "checked_results",
    "ids_of",
    "result_frame",
]


R = TypeVar("R", bound="Round")

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
    """Return the checked arguments of ``tool_result``. Raises ConfigurationError."""
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


class Run:
    """One tool call, in the ledger of its call."""

    __slots__ = ("id", "job", "result", "rounds")

    def __init__(self, tool_call_id: str) -> None:
        self.id = tool_call_id
        self.result: ToolResult | None = None
        self.job: Job | None = None
        #: The rounds that wait for the result.
        self.rounds: list[Round] = []

    def settle(self, result: ToolResult) -> None:
        self.result, self.job = result, None
        rounds, self.rounds = self.rounds, []
        for round_ in rounds:
            round_.send()


class Ledger:
    """The tool calls of one call, and its rounds. The oldest answered ones are forgotten first."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.rounds: dict[tuple[str, tuple[str, ...]], Round] = {}
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self.rounds)

    def known(self, msg_id: str, ids: tuple[str, ...]) -> Round | None:
        """Return the round that this frame repeats."""
        # Without any id each frame is a separate round.
        return self.rounds.get((msg_id, ids)) if msg_id or all(ids) else None

    def of(self, msg_id: str) -> list[Round]:
        return [round_ for (known, _ids), round_ in self.rounds.items() if known == msg_id]

    def _run(self, tool_call_id: str) -> Run:
        """Return the run with this id, or a new one."""
        if not tool_call_id:
            return Run("")
        found = self.runs.get(tool_call_id)
        if found is None:
            found = self.runs[tool_call_id] = Run(tool_call_id)
        return found

    def begin(
        self, kind: type[R], call: CallState, msg_id: str, tool_calls: list[dict[str, Any]]
    ) -> R:
        """Return a new round of ``call``, and add it to the conversation."""
        ids = ids_of(tool_calls)
        # The tool calls that have not been started; the others are running or done.
        fresh = [
            index
            for index, known in enumerate(ids)
            if (not known or known not in self.runs) and (not known or known not in ids[:index])
        ]
        asked = call._conversation.asked([tool_calls[at] for at in fresh]) if fresh else None
        runs = [self._run(known) for known in ids]
        round_ = kind(call, msg_id, ids, runs, fresh=fresh, asked=asked)
        round_.wait()
        self._add(round_)
        return round_

    def _add(self, round_: Round) -> None:
        self.rounds[round_.key] = round_
        self._size += round_.size
        while len(self.rounds) > LEDGER_ROUNDS or self._size > LEDGER_SIZE:
            oldest = next(iter(self.rounds.values()))
            if not oldest.done:
                return  # a running one is never forgotten: it would run again
            del self.rounds[oldest.key]
            self._size -= oldest.size
            kept = {run.id for round_ in self.rounds.values() for run in round_.runs}
            for run in oldest.runs:
                if run.id not in kept:
                    self.runs.pop(run.id, None)

    def clear(self) -> None:
        for round_ in self.rounds.values():
            round_.cancel()
        self.rounds.clear()
        self.runs.clear()
        self._size = 0


class Round:
    """One ``llm.tool_call`` frame, and its place in the conversation."""

    def __init__(
        self,
        call: CallState,
        msg_id: str,
        ids: tuple[str, ...],
        runs: list[Run],
        *,
        fresh: list[int],
        asked: dict[str, Any] | None,
    ) -> None:
        """Keep ``fresh``, the indexes of the new runs, and ``asked``, the message of the
        conversation with their tool calls, if there are any. See :meth:`Ledger.begin`.
        """
        self.call = call
        self.msg_id = msg_id
        self.key = (msg_id, ids)
        self.size = len(msg_id) + sum(map(len, ids))
        self.runs = runs
        self.fresh = fresh
        self._asked = asked

    @property
    def done(self) -> bool:
        return all(run.result is not None for run in self.runs)

    def send(self) -> None:
        """Send the results that exist: the first time, or because the server asks again."""
        raise NotImplementedError

    def wait(self) -> None:
        """Subscribe to the results of the runs that have none yet."""

    def cancel(self) -> None:
        """Cancel the round: the call is over."""

    def _remember(self, results: Iterable[ToolResult], *, traceless: bool) -> None:
        """Add results to the conversation; an entirely ephemeral round leaves nothing in it."""
        self.call._conversation.answered(
            [
                (result.tool_call_id, encode_value(result.result))
                for result in results
                if not result.ephemeral
            ],
            forget=self._asked if traceless else None,
        )


class HandRound(Round):
    """A round that a handler answers with ``tool_result``, at once or in pieces."""

    def answered(self, results: list[ToolResult]) -> None:
        fresh = []
        for result in results:
            for run in self.runs:
                if run.id == result.tool_call_id:
                    if run.result is None and result not in fresh:
                        fresh.append(result)
                    run.settle(result)
        given = [run.result for run in self.runs if run.result is not None]
        ephemeral = self.done and all(result.ephemeral for result in given)
        self._remember(fresh, traceless=ephemeral)

    def send(self) -> None:
        results = [run.result for run in self.runs if run.result is not None]
        if results:
            self.call._send_durable(result_frame(self.call.id, self.msg_id, results))


class ToolRound(Round):
    """A round whose tools are declared here, at least some of them."""

    #: Whether it was answered at least once.
    _sent = False

    def wait(self) -> None:
        for run in {id(run): run for run in self.runs}.values():
            if run.result is None:
                run.rounds.append(self)

    def run(self, index: int, tool: Tool[..., Any], arguments: Any) -> Job:
        """Return the job for one tool call; its result or error is the round's result ``index``."""
        call, run = self.call, self.runs[index]
        job = run.job = Job(
            f"tool {tool.name}",
            lambda: tool.answer(arguments, call),
            lambda value: self._finished(index, tool, value),
            lambda error: self._failed(index, error_text(error), error),
            agent=call.agent,
            call=call,
            coroutine=tool.is_async,
            threaded=not tool.is_async,
        )
        message = f"the tool {tool.name} gave no answer within {tool.timeout:g} s"
        error = RequestTimeout(message, TOOL_TIMEOUT)

        def too_late(_late: float) -> None:
            job.cancel()
            self._failed(index, message, error)

        call._runtime.timers.set(self._timer(index), tool.timeout, too_late)
        return job

    def refuse(self, index: int, name: str) -> None:
        """Set an error result for a tool that is not declared here."""
        call, run = self.call, self.runs[index]
        message = f"Unknown tool: {name}"
        where = f"call {call.id} of agent {call.agent.id!r}"
        text = f"{where}: the model called {name!r}: {message}; declare it with tools="
        error = PinecallError(text, "UNKNOWN_TOOL", agent_id=call.agent.id, call_id=call.id)
        call._runtime.report(error, agent=call.agent, call=call)
        run.settle(ToolResult(run.id, {"error": message}))

    def send(self) -> None:
        results = [run.result for run in self.runs if run.result is not None]
        if self.call._over or len(results) < len(self.runs):
            return
        first, self._sent = not self._sent, True
        self.call._send_durable(result_frame(self.call.id, self.msg_id, results))
        if first and self.fresh:
            fresh = [results[index] for index in self.fresh]
            self._remember(fresh, traceless=all(result.ephemeral for result in fresh))

    def cancel(self) -> None:
        """Stop the running tools; send nothing."""
        for index, run in enumerate(self.runs):
            if run.job is not None:
                self.call._runtime.timers.clear(self._timer(index))
                run.job.cancel()

    def _finished(self, index: int, tool: Tool[..., Any], value: Any) -> None:
        run = self.runs[index]
        self._settle(index, ToolResult(run.id, value, tool.ephemeral, tool.no_followup))

    def _failed(self, index: int, message: str, error: BaseException) -> None:
        """Set an error result: the model reads ``message``; ``error`` handlers get the error."""
        run = self.runs[index]
        if run.job is not None and not self.call._over:
            session, call, label = self.call._runtime, self.call, run.job.label
            if isinstance(error, PinecallError) and error.code in _NOT_THE_TOOLS:
                # Not the tool's fault, so do not log a traceback of the user's code.
                error.message = f"{label}, call {call.id} of agent {call.agent.id!r}: {message}"
                error.agent_id, error.call_id = call.agent.id, call.id
                session.report(error, agent=call.agent, call=call)
            else:
                session.report_failure(error, label, call.agent, call)
            self._settle(index, ToolResult(run.id, {"error": message}))

    def _settle(self, index: int, result: ToolResult) -> None:
        run = self.runs[index]
        if run.job is None or self.call._over:
            return
        run.job.stop = None
        self.call._runtime.timers.clear(self._timer(index))
        run.settle(result)

    def _timer(self, index: int) -> tuple[Any, ...]:
        return ("tool", self.call.id, *self.key, index)


def ids_of(tool_calls: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the ``id`` of each tool call; empty if it has none."""
    return tuple(str(tool_call.get("id") or "") for tool_call in tool_calls)
