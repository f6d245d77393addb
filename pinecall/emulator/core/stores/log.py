"""The call log: durable entries per call, and per agent the starts and ends of its calls."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from attrs import define, field

from ..kernel.outbox import Frame
from ..kernel.records import Owner

__all__ = ["CallLog", "Feed", "Log", "Logged"]

_EPHEMERAL = {"user.speaking", "bot.word", "audio.metrics"}
_KEPT = 1000


class Logged(Protocol):
    """The part of a session that the log reads."""

    id: str
    channel: str
    owner: Owner
    metadata: dict[str, Any]
    turn: int
    seq: int
    started_at: float
    ended_at: float | None
    reason: str | None


@define(eq=False)
class Log:
    """One log: its entries in order; ephemeral ones go only to current listeners."""

    org: str
    agent: str
    call: str | None
    entries: list[Frame] = field(factory=list)
    listeners: list[Any] = field(factory=list)
    seq: int = 0
    first: int = 1
    sealed: bool = False

    def add(self, kind: str, at: float, data: Frame) -> Frame:
        """Add an entry."""
        self.seq += 1
        entry = {
            "seq": self.seq, "ts": at, "call": self.call, "agent": self.agent, "type": kind,
            "ephemeral": kind in _EPHEMERAL or (kind == "user.message" and not data["final"]),
            "data": data,
        }  # fmt: skip
        if not entry["ephemeral"]:
            self.entries.append(entry)
        for listener in list(self.listeners):
            listener(entry)
        return entry

    def compact(self, before: int) -> None:
        """Forget the entries up to a seq; readers that are behind it get ``log.gap``."""
        self.entries = [entry for entry in self.entries if entry["seq"] > before]
        self.first = before + 1

    def control(self, kind: str, at: float, repeated: int, data: Frame) -> Frame:
        """Make a control entry, which repeats the last delivered seq and is not stored."""
        return {
            "seq": repeated, "ts": at, "call": self.call, "agent": self.agent, "type": kind,
            "ephemeral": True, "data": data,
        }  # fmt: skip

    def backlog(self, after: int, at: float) -> list[Frame]:
        """List what a reader at that cursor gets before live entries, with ``log.caught_up`` last."""
        made: list[Frame] = []
        if after > self.seq or (after + 1 < self.first):
            resume = self.first - 1
            made.append(self.control("log.gap", at, after, {"from": after, "resume_from": resume}))
            after = resume
        made += self.after(after)
        last = made[-1]["seq"] if made else after
        made.append(self.control("log.caught_up", at, last, {"seq": last}))
        return made

    def after(self, seq: int) -> list[Frame]:
        """List the durable entries with a higher seq."""
        return [entry for entry in self.entries if entry["seq"] > seq]


@define(eq=False)
class Feed:
    """The frames of an agent's sessions as sent to its owner, the newest thousand."""

    frames: deque[Frame] = field(factory=lambda: deque(maxlen=_KEPT))
    listeners: list[Any] = field(factory=list)

    def add(self, frame: Frame) -> None:
        """Add a frame."""
        self.frames.append(frame)
        for listener in list(self.listeners):
            listener(frame)


class CallLog:
    """All logs, of calls by id and of agents by organisation and slug; old calls are forgotten."""

    def __init__(self) -> None:
        self.calls: dict[str, Log] = {}
        self.agents: dict[tuple[str, str], Log] = {}
        self.feeds: dict[tuple[str, str], Feed] = {}
        self._tools: dict[str, tuple[str, float]] = {}

    def of_call(self, session: Logged) -> Log:
        """Find or begin a session's log."""
        name = session.owner.name
        log = self.calls.get(session.id)
        if log is None:
            log = self.calls[session.id] = Log(session.owner.org, name, session.id)
            if len(self.calls) > _KEPT:
                oldest = next(iter(self.calls))
                if self.calls[oldest].sealed:
                    del self.calls[oldest]
        log.agent = name
        return log

    def of_agent(self, org: str, name: str) -> Log:
        """Find or begin an agent's log."""
        return self.agents.setdefault((org, name), Log(org, name, None))

    def feed(self, org: str, name: str) -> Feed:
        """Find or begin the feed of an agent's frames."""
        return self.feeds.setdefault((org, name), Feed())

    def record(self, session: Logged, frame: Frame, now: float) -> None:
        """Add the entries that an event of the session stands for."""
        self.feed(session.owner.org, session.owner.name).add(frame)
        for kind, data in _entries(session, frame):
            log = self.of_call(session)
            log.add(kind, now, data)
            if kind in ("call.started", "call.ended"):
                whose = self.of_agent(log.org, log.agent)
                whose.add(kind, now, {"call": session.id, **data})
        if frame["event"] == "llm.tool_call":
            self._tools |= {c["id"]: (c["name"], now) for c in frame["tool_calls"]}
        if frame["event"] in ("call.ended", "llm.chat.ended", "whatsapp.session_ended"):
            log = self.of_call(session)
            stat = {"p50": 0.6, "p90": 0.6, "p95": 0.6, "max": 0.6, "n": session.turn}
            metrics = dict.fromkeys(("e2e", "asr", "llm_ttft", "tts_ttfb"), stat)
            log.add("call.summary", now, {"metrics": metrics, "reason": session.reason})
            log.sealed = True

    def tool_results(self, session: Logged, results: list[Frame], now: float) -> None:
        """Add the results of tools."""
        for result in results:
            name, since = self._tools.pop(result["tool_call_id"], ("", now))
            value = result.get("result")
            data = {
                "id": result["tool_call_id"], "name": name, "result": value,
                "ms": round((now - since) * 1000),
            }  # fmt: skip
            if isinstance(value, dict) and "error" in value:
                data["error"] = value["error"]
            self.of_call(session).add("tool.result", now, data)

    def sources(self, session: Logged, hits: list[Frame], now: float) -> None:
        """Add the passages that were looked up."""
        sources = [
            {"title": h["doc_title"], "heading": h["heading"], "score": h["score"]} for h in hits
        ]
        self.of_call(session).add("docs.sources", now, {"sources": sources})


def _entries(session: Logged, frame: Frame) -> list[tuple[str, Frame]]:
    event = frame["event"]
    ends: Frame = {k: frame[k] for k in ("direction", "from", "to") if k in frame}
    if event in ("call.ringing", "call.started"):
        extra = (
            {}
            if event == "call.ringing"
            else {"channel": session.channel, "metadata": session.metadata}
        )
        return [(event, {**ends, **extra})]
    if event == "llm.chat.started":
        ends = {"direction": "inbound", "from": "chat", "to": session.owner.id}
        return [("call.started", {**ends, "channel": "chat", "metadata": session.metadata})]
    if event == "whatsapp.session_started":
        ends = {"direction": "inbound", "from": frame["contact_phone"], "to": session.owner.id}
        return [("call.started", {**ends, "channel": "whatsapp", "metadata": {}})]
    if event in ("call.ended", "llm.chat.ended", "whatsapp.session_ended"):
        lasted = (session.ended_at or session.started_at) - session.started_at
        return [("call.ended", {"reason": session.reason, "duration": round(lasted, 3)})]
    if event == "user.speaking":
        partial = {"id": f"u{frame['turn_id']}", "text": frame["text"], "final": False}
        return [("user.speaking", {"active": True}), ("user.message", partial)]
    if event == "user.message" and frame["lag_ms"] == 0:
        said = {"id": frame["message_id"], "text": frame["text"], "final": True}
        return [("turn.start", {"turn": frame["turn_id"], "role": "user"}), ("user.message", said)]
    if event in ("chat.message", "whatsapp.message"):
        return [("user.message", {"id": f"u{session.seq}", "text": frame["text"], "final": True})]
    if event in ("chat.response", "whatsapp.response"):
        ident = f"b{session.seq}"
        return [
            ("bot.speaking", {"id": ident, "text": frame["text"]}),
            ("bot.finished", {"id": ident}),
        ]
    if event == "speech.ended":
        return [("user.speaking", {"active": False})]
    if event == "turn.end":
        latency = {
            "vad": 0.1,
            "asr": 0.1,
            "eou": 0.164,
            "llm_ttft": 0.3,
            "tts_ttfb": 0.2,
            "e2e": 0.6,
        }
        return [("turn.end", {"turn": frame["turn_id"], "latency": latency})]
    if event in ("bot.speaking", "message.confirmed"):
        return [("bot.speaking", {"id": frame["message_id"], "text": frame["text"]})]
    if event == "bot.word":
        return [("bot.word", {"id": frame["message_id"], "w": frame["word"]})]
    if event == "bot.finished":
        return [("bot.finished", {"id": frame["message_id"]})]
    if event == "bot.interrupted":
        return [("bot.interrupted", {"id": frame["message_id"], "at_word": frame["words_spoken"]})]
    if event == "llm.tool_call":
        return [
            ("tool.call", {"id": c["id"], "name": c["name"], "args": c["arguments"]})
            for c in frame["tool_calls"]
        ]
    if event in ("skill.loaded", "skill.unloaded"):
        return [(event, {"skill": frame["skill"], "by": frame["by"]})]
    if event == "audio.metrics":
        return [(event, {"mos": 4.2, "jitter": 0.0, "loss": 0.0})]
    return []
