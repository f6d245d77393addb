"""One answer of the server's model: barrier, asking, tool rounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from ..turn import Failure, ToolCall, ToolCalls, Turn
from . import skills
from .outbox import Frame
from .timeline import Timer

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Generation"]

_META = ("loadSkill", "unloadSkill")


class Generation:
    """From a user's message to the end of the answer; ``stop`` makes everything late harmless."""

    def __init__(self, session: Session, text: str) -> None:
        self.session = session
        self.server = session.server
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
        """Drop it: the caller went on, or the session ended."""
        self._stopped = True
        self.round = None
        self._cancel_timer()
        if self.ask_id is not None:
            self.server.forget_ask(self.ask_id)
            self.ask_id = None

    # barrier

    def begin(self) -> None:
        """Hold the turn for the agent's preparing handlers where the barrier applies, then ask."""
        session = self.session
        session.turn += 1
        self.turn = session.turn
        budget, _ = self._budget()
        if budget is None:
            self._ask()
            return
        self._waiting_since = self.server.now
        session.emit("llm.before", turn=self.turn)
        if not self._stopped and self._waiting_since is not None:
            self._timer = self.server.timeline.after(budget, self._out_of_patience)

    def ready(self, turn: Any) -> None:
        """``llm.ready``: go on, when it is for this turn."""
        if self._waiting_since is None or self._stopped or turn not in (None, self.turn):
            return
        self._waiting_since = None
        self._cancel_timer()
        self._ask()

    def _budget(self) -> tuple[float | None, bool]:
        preparing, settings = self.session.config("preparing"), self.server.settings
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
        waited = round((self.server.now - self._waiting_since) * 1000)
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
        offered = session.tools()
        declared = session.config("skills") or []
        loadable = [s["name"] for s in declared if s.get("activation", "model") == "model"]
        if loadable:
            offered = offered + _meta_tools(loadable)
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
        self.server.ask(self, turn)

    def piece(self, piece: str | ToolCalls | Failure | None) -> None:
        """What the responder gave: text, tools to call, a failure, or None at its end."""
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
        """An answer known at once, so that the bot's first frame can carry its text."""
        if self._stopped:
            return
        for token in re.findall(r"\s*\S+\s*$|\s*\S+", text):
            self._speak(token, text)

    def _speak(self, token: str, whole: str | None) -> None:
        if not self.message_id:
            self.message_id = self.server.new_ids.message()
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
        if self._rounds > self.server.settings.tool_rounds:
            self.session.generation_failed(
                f"more than {self.server.settings.tool_rounds} tool rounds"
            )
            self._finish()
            return
        ids = self.server.new_ids
        wire: list[Frame] = [
            {"id": "call_" + ids.hex(8), "name": c.name, "arguments": c.arguments} for c in calls
        ]
        self.results = {}
        for call in wire:
            if call["name"] in _META:
                self.results[call["id"]] = {"tool_call_id": call["id"], "result": self._meta(call)}
        self.round = {"msg_id": "m_" + ids.hex(8), "tool_calls": wire}
        outside = [c for c in wire if c["id"] not in self.results]
        self.session.tools_shown(outside)
        if not outside:
            self._round_done()
            return
        self._timer = self.server.timeline.after(
            self.server.settings.tool_timeout, self._tools_silent
        )
        self.send_round()

    def send_round(self) -> None:
        """Ask the owner to run the round; also again after it came back."""
        if self.round is None:
            return
        missing = [c for c in self.round["tool_calls"] if c["id"] not in self.results]
        self.session.emit("llm.tool_call", msg_id=self.round["msg_id"], tool_calls=missing)

    def tool_results(self, msg_id: Any, results: Any) -> bool:
        """``llm.tool_result``: whether it belonged to the round that is waited for."""
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
        shown = [r for c, r in zip(calls, ordered) if c["name"] not in _META]  # noqa: B905
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

    def _meta(self, call: Frame) -> Any:
        try:
            name = msgspec.json.decode(call["arguments"]).get("name")
        except (msgspec.DecodeError, AttributeError):
            name = None
        known = next((s for s in self.session.config("skills") or [] if s["name"] == name), None)
        if name is None or known is None or known.get("activation", "model") != "model":
            return {"error": f"no skill {name!r} to load"}
        skills.change(self.session, name, call["name"] == "loadSkill", "model")
        return {"ok": True, "skill": name}

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


def _meta_tools(names: list[str]) -> list[Frame]:
    parameters = {
        "type": "object",
        "properties": {"name": {"type": "string", "enum": names}},
        "required": ["name"],
    }
    return [
        {
            "type": "function",
            "function": {"name": name, "description": text, "parameters": parameters},
        }
        for name, text in (("loadSkill", "Load a skill"), ("unloadSkill", "Unload a skill"))
    ]
