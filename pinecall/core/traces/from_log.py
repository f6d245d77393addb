"""The platform's call log as the frames of a trace: the same call, as the platform wrote it down.

The log holds what was said and which tools were called, and of the program's commands only the
results of tools. What it does not say (ids of rounds, who asked for a reply) is left out or made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from ...errors import ConfigurationError
from .entry import TraceEntry, without_secrets
from .facts import Facts, number

__all__ = ["read_log"]

Frame = dict[str, Any]

_ENDS = {"chat": "llm.chat.ended", "whatsapp": "whatsapp.session_ended"}
_STARTS = {"chat": "llm.chat.started", "whatsapp": "whatsapp.session_started"}
_MESSAGES = {"chat": "chat.message", "whatsapp": "whatsapp.message"}
#: Types whose data is the frame's as it is.
_SAME = frozenset({"skill.loaded", "skill.unloaded", "audio.metrics"})


def read_log(entries: Iterable[Any]) -> tuple[Facts, list[TraceEntry]]:
    """Return the facts and frames of a call from its log.

    entries: :class:`~pinecall.LogEntry` objects, as ``pc.observe(call=…)`` gives them, or the
        platform's own dicts, in any order

    Raises ConfigurationError without an entry of a call, and for entries of several calls.
    """
    known: dict[tuple[Any, int], Frame] = {}
    for entry in entries:
        said = _said(entry)
        if said is not None and not said["type"].startswith("log."):
            known[said["call"], said["seq"]] = said
    ordered = sorted(known.values(), key=lambda said: said["seq"])
    calls = {said["call"]: None for said in ordered if said["call"]}
    if len(calls) != 1:
        held = ", ".join(calls) or "none"
        raise ConfigurationError(
            f"CallTrace.from_log(entries): takes the log of one call; these are of {held}"
        )
    reader = _Reader(next(iter(calls)), ordered[0]["agent"])
    began = ordered[0]["ts"]
    for said in ordered:
        reader.take(said["type"], said["data"], max(0.0, said["ts"] - began), said["ts"])
    reader.flush()
    facts = Facts(
        call_id=reader.call_id, agent_id=reader.agent_id, transport=reader.channel, began=began, source="log"
    )  # fmt: skip
    return facts, reader.entries


def _said(entry: Any) -> Frame | None:
    """Return an entry as a dict; None for what is none."""
    names = ("seq", "ts", "call", "agent", "type", "data")
    held = entry if isinstance(entry, Mapping) else {n: getattr(entry, n, None) for n in names}
    said: Frame = {name: held.get(name) for name in names}
    usable = (
        isinstance(said["seq"], int)
        and number(said["ts"]) is not None
        and isinstance(said["type"], str)
        and isinstance(said["agent"], str)
        and isinstance(said["data"], Mapping)
    )
    if not usable:
        return None
    said["data"] = dict(said["data"])
    return said


@define(eq=False)
class _Reader:
    """Makes frames of the entries; a round of tools becomes one frame each way."""

    call_id: str
    agent_id: str
    channel: str = "unknown"
    entries: list[TraceEntry] = field(factory=list)
    _said_last: Frame = field(factory=dict)
    _calls: list[Frame] = field(factory=list)
    _results: list[Frame] = field(factory=list)
    _round: str = ""
    _rounds: int = 0
    _when: tuple[float, float] = (0.0, 0.0)

    def take(self, kind: str, data: Frame, at: float, ts: float) -> None:
        """Take the next entry."""
        if kind != "tool.call":
            self._ask()
        if kind != "tool.result":
            self._answer()
        self._when = (at, ts)
        handle = getattr(self, "_" + kind.replace(".", "_"), None)
        if handle is not None:
            handle(data)
        elif kind in _SAME:
            self._put("in", kind, data)

    def flush(self) -> None:
        """Write what is still open."""
        self._ask()
        self._answer()

    def _put(self, way: Any, event: str, data: Frame) -> None:
        at, ts = self._when
        frame: Frame = {"event": event}
        if way == "in":
            frame["agent_id"] = self.agent_id
        key = "session_id" if event.startswith("whatsapp.") else "call_id"
        frame |= {key: self.call_id, **data}
        if way == "in":
            frame["ts"] = ts
        self.entries.append(TraceEntry(at, way, event, without_secrets(frame)))

    # -- the call -------------------------------------------------------------------------------

    def _call_ringing(self, data: Frame) -> None:
        self._put("in", "call.ringing", data)

    def _call_started(self, data: Frame) -> None:
        self.channel = str(data.get("channel") or "unknown")
        event = _STARTS.get(self.channel, "call.started")
        named = {key: value for key, value in data.items() if key != "channel"}
        if event == "call.started":
            self._put("in", event, {"session_id": self.call_id, **named, "transport": self.channel})
        elif event == "whatsapp.session_started":
            self._put("in", event, {"contact_phone": data.get("from", "")})
        else:
            self._put("in", event, {"metadata": data.get("metadata") or {}})

    def _call_ended(self, data: Frame) -> None:
        event = _ENDS.get(self.channel, "call.ended")
        named = {"reason": data.get("reason")} if event != "llm.chat.ended" else {}
        self._put("in", event, {**named, "duration_seconds": data.get("duration")})

    # -- what is said ---------------------------------------------------------------------------

    def _user_message(self, data: Frame) -> None:
        if data.get("final") is False:
            return
        said = {"message_id": data.get("id", ""), "text": data.get("text", "")}
        self._said_last = said
        self._put("in", _MESSAGES.get(self.channel, "user.message"), said)

    def _turn_end(self, data: Frame) -> None:
        self._put("in", "turn.end", {**self._said_last, "turn_id": data.get("turn")})

    def _bot_speaking(self, data: Frame) -> None:
        named = {"message_id": data.get("id", ""), "text": data.get("text", "")}
        if self.channel == "chat":
            self._put("in", "chat.response", named)
        elif self.channel == "whatsapp":
            self._put("in", "whatsapp.response", {"text": named["text"]})
        else:
            self._put("in", "bot.speaking", named)

    def _bot_word(self, data: Frame) -> None:
        self._put("in", "bot.word", {"message_id": data.get("id", ""), "word": data.get("w", "")})

    def _bot_finished(self, data: Frame) -> None:
        if self.channel not in _ENDS:
            self._put("in", "bot.finished", {"message_id": data.get("id", "")})

    def _bot_interrupted(self, data: Frame) -> None:
        named = {"message_id": data.get("id", ""), "words_spoken": data.get("at_word")}
        self._put("in", "bot.interrupted", named)

    # -- tools ----------------------------------------------------------------------------------

    def _tool_call(self, data: Frame) -> None:
        call = {
            "id": data.get("id", ""),
            "name": data.get("name", ""),
            "arguments": data.get("args"),
        }
        self._calls.append(call)

    def _tool_result(self, data: Frame) -> None:
        self._results.append({"tool_call_id": data.get("id", ""), "result": data.get("result")})

    def _ask(self) -> None:
        calls, self._calls = self._calls, []
        if calls:
            self._rounds += 1
            self._round = f"log-{self._rounds}"
            self._put("in", "llm.tool_call", {"msg_id": self._round, "tool_calls": calls})

    def _answer(self) -> None:
        results, self._results = self._results, []
        if results:
            self._put("out", "llm.tool_result", {"msg_id": self._round, "results": results})
