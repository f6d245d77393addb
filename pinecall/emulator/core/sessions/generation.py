"""One answer of the server's model: barrier, question, tool rounds."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...responders.types import Failure, ToolCall, ToolCalls, Turn
from ..kernel.outbox import Frame
from ..kernel.timeline import Timer
from . import skills
from .session import Session

__all__ = ["Generation"]


class Generation:
    """Makes the answer to one user message; after ``stop`` everything late is ignored."""

    def __init__(self, session: Session, text: str) -> None:
        self.session = session
        self._world = session.world
        self.text = text
        self.ask_id: int | None = None
        self.turn = 0
        self.message_id = ""
        self.spoken = ""
        self.round: Frame | None = None
        self.results: dict[str, Frame] = {}
        self._pending: list[ToolCall] = []
        self._passing: list[Frame] = []
        self._rounds = 0
        self._timer: Timer | None = None
        self._waiting_since: float | None = None
        self._stopped = False

    @property
    def busy(self) -> bool:
        """Whether an answer is still being made."""
        return not self._stopped

    def stop(self) -> None:
        """Drop the answer: the caller went on, or the session ended."""
        self._stopped = True
        self.round = None
        self._cancel_timer()
        if self.ask_id is not None:
            self._world.asks.forget(self.ask_id)
            self.ask_id = None

    # barrier

    def begin(self) -> None:
        """Wait for the agent's preparing handlers where the barrier applies, then ask the model."""
        session = self.session
        session.turn += 1
        self.turn = session.turn
        budget, _ = self._budget()
        if budget is None:
            self._ask()
            return
        self._waiting_since = self._world.now
        session.emit("llm.before", turn=self.turn)
        if not self._stopped and self._waiting_since is not None:
            self._timer = self._world.later(budget, self._out_of_patience)

    def ready(self, turn: Any) -> None:
        """Take ``llm.ready``: go on, if it is for this turn."""
        if self._waiting_since is None or self._stopped or turn not in (None, self.turn):
            return
        self._waiting_since = None
        self._cancel_timer()
        self._ask()

    def _budget(self) -> tuple[float | None, bool]:
        preparing, settings = self.session.config("preparing"), self._world.settings
        if isinstance(preparing, dict):
            preparing = None if preparing.get("enabled") is False else preparing
            if preparing is None:
                return None, False
            ms = preparing.get("timeout_ms")
            seconds = settings.barrier_opted if ms is None else ms / 1000
            return min(seconds, settings.barrier_longest), True
        if preparing is True:
            return settings.barrier_opted, True
        if preparing is False or self.session.channel in ("chat", "whatsapp"):
            return None, False
        return settings.barrier_legacy, False

    def _out_of_patience(self) -> None:
        if self._waiting_since is None or self._stopped:
            return
        waited = round((self._world.now - self._waiting_since) * 1000)
        self._waiting_since = None
        budget, opted = self._budget()
        if opted and budget is not None:
            self.session.emit(
                "llm.preparing_timeout",
                turn=self.turn,
                waited_ms=waited,
                budget_ms=round(budget * 1000),
            )
        self._ask()

    # asking

    def _ask(self) -> None:
        session = self.session
        offered = session.tools() + skills.tools(session)
        prompt = session.system_prompt()
        system: list[Frame] = [{"role": "system", "content": prompt}] if prompt else []
        agent = session.agent
        self._pending = []
        self.message_id = ""
        self.spoken = ""
        turn = Turn(
            agent_id=agent.id if agent else session.owner.id,
            call_id=session.id,
            channel=session.channel,
            language=session.language,
            text=self.text,
            prompt=prompt,
            messages=tuple(system + session.messages),
            tools=tuple(offered),
            metadata=session.metadata,
            model=_model_name(session.config("llm")),
        )
        self._world.asks.ask(self, turn)

    def piece(self, piece: str | ToolCalls | Failure | None) -> None:
        """Take a piece from the responder: text, tools to call, a failure, or None at the end."""
        if self._stopped:
            return
        if isinstance(piece, str):
            if piece:
                self._speak(piece, None)
        elif isinstance(piece, ToolCalls):
            self._pending.extend(piece.calls)
        elif isinstance(piece, Failure):
            self._end_answer()
            self.session.generation_failed(piece.error)
            self._finish()
        else:
            self.ask_id = None
            self._end_answer()
            if self._pending:
                self._call_tools(self._pending)
            else:
                self._finish()

    def whole(self, text: str) -> None:
        """Take an answer that is complete from the start, so that its first frame can carry the text."""
        if self._stopped:
            return
        for token in re.findall(r"\s*\S+\s*$|\s*\S+", text):
            self._speak(token, text)

    def _speak(self, token: str, whole: str | None) -> None:
        if not self.message_id:
            self.message_id = self._world.new_ids.message()
            self.session.answer_begins(self.message_id, whole)
        self.spoken += token
        self.session.answer_token(self.message_id, token)

    def _end_answer(self) -> None:
        if self.message_id:
            self.session.answer_ends(self.message_id)

    def _finish(self) -> None:
        passing = {id(message) for message in self._passing}
        if passing:
            kept = [m for m in self.session.messages if id(m) not in passing]
            self.session.messages[:] = kept
        self.stop()
        self.session.generation_idle()

    # tools

    def _call_tools(self, calls: list[ToolCall]) -> None:
        self._rounds += 1
        if self._rounds > self._world.settings.tool_rounds:
            self.session.generation_failed(
                f"more than {self._world.settings.tool_rounds} tool rounds"
            )
            self._finish()
            return
        ids = self._world.new_ids
        wire: list[Frame] = [
            {"id": "call_" + ids.hex(8), "name": c.name, "arguments": c.arguments} for c in calls
        ]
        self.results = {}
        for call in wire:
            if call["name"] in skills.TOOLS:
                self.results[call["id"]] = {
                    "tool_call_id": call["id"],
                    "result": skills.called(self.session, call),
                }
        self.round = {"msg_id": "m_" + ids.hex(8), "tool_calls": wire}
        outside = [c for c in wire if c["id"] not in self.results]
        self.session.tools_shown(outside)
        if not outside:
            self._round_done()
            return
        self._timer = self._world.later(self._world.settings.tool_timeout, self._tools_silent)
        self.send_round()

    def send_round(self) -> None:
        """Ask the owner to run the tools it has not answered yet; also after it came back."""
        if self.round is None:
            return
        missing = [c for c in self.round["tool_calls"] if c["id"] not in self.results]
        self.session.emit("llm.tool_call", msg_id=self.round["msg_id"], tool_calls=missing)

    def tool_results(self, msg_id: Any, results: Any) -> bool:
        """Take ``llm.tool_result``; False when it does not belong to the open round."""
        if self.round is None or self._stopped or msg_id != self.round["msg_id"]:
            return False
        asked = {c["id"] for c in self.round["tool_calls"]}
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict) and result.get("tool_call_id") in asked - set(self.results):
                self.results[result["tool_call_id"]] = result
        if len(self.results) == len(asked):
            self._round_done()
        return True

    def _tools_silent(self) -> None:
        if self.round is None or self._stopped:
            return
        for call in self.round["tool_calls"]:
            answer = {
                "tool_call_id": call["id"],
                "result": {"error": "The tool did not answer in time"},
            }
            self.results.setdefault(call["id"], answer)
        self._round_done()

    def _round_done(self) -> None:
        assert self.round is not None
        self._cancel_timer()
        calls, results = self.round["tool_calls"], self.results
        self.round = None
        ordered = [results[c["id"]] for c in calls]
        shown = [r for c, r in zip(calls, ordered) if c["name"] not in skills.TOOLS]  # noqa: B905
        self.session.tool_results_shown(shown)
        tool_calls = [
            {"id": c["id"], "type": "function",
             "function": {"name": c["name"], "arguments": c["arguments"]}}
            for c in calls
        ]  # fmt: skip
        assistant: Frame = {"role": "assistant", "content": None, "tool_calls": tool_calls}
        made = [assistant]
        for result in ordered:
            content = msgspec.json.encode(result.get("result")).decode()
            made.append(
                {"role": "tool", "tool_call_id": result["tool_call_id"], "content": content}
            )
        self.session.messages.extend(made)
        if all(r.get("ephemeral") is True for r in ordered):
            self._passing.extend(made)
        if ordered and all(r.get("no_followup") is True for r in ordered):
            self._finish()
        else:
            self._ask()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _model_name(llm: Any) -> str:
    if isinstance(llm, dict):
        return str(llm.get("model") or "gpt-4.1-mini")
    text = str(llm or "gpt-4.1-mini")
    provider, mark, model = text.partition("/") if "/" in text else text.partition(":")
    return model if mark else provider
