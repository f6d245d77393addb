"""One call with a history store, whose jobs run when a test says so."""

from __future__ import annotations

import json
import threading
from typing import Any

from pinecall.core.agents.agent import AgentBase
from pinecall.core.calls.call import CallBase
from pinecall.core.engine import Engine
from pinecall.core.history.historian import Historian
from pinecall.core.history.record import ConversationRecord
from pinecall.core.kernel.job import Job
from pinecall.core.link.link import LinkSettings
from pinecall.errors import PinecallError

__all__ = ["CALLER", "NOBODY", "Lookup", "Store", "World", "past"]

CALLER = "+34607827824"

#: Channel, number or address of the other end, and metadata of calls that are no contact's own.
NOBODY: list[tuple[str, str, dict[str, Any]]] = [
    ("webrtc", "webrtc", {}),
    ("webrtc", CALLER, {}),
    ("chat", "chat", {}),
    ("chat", "chat", {"userId": "undefined"}),
    ("chat", "chat", {"userId": " "}),
    ("chat", "chat", {"userId": True}),
    ("chat", "chat", {"userId": {"id": 1}}),
    ("chat", "chat", {"userId": "NULL"}),
    ("unknown", CALLER, {}),
    ("phone", "", {}),
    ("phone", "anonymous", {}),
    ("phone", "+266696687", {}),
    ("phone", "sip:anonymous@anonymous.invalid", {}),
    ("phone", "sip:pbx.example", {}),
    ("phone", "sip:anonymous@pbx.example", {}),
    ("phone", "sips:ana@anonymous.invalid", {}),
    ("whatsapp", "", {}),
    ("whatsapp", "whatsapp", {}),
    ("whatsapp", "+1234", {}),
]


class Front:
    """A front that runs nothing by itself."""

    coroutines = True

    def __init__(self) -> None:
        self.guard = threading.RLock()

    def wake(self) -> None:
        """Nobody sleeps here."""

    def make_agent(self, engine: Engine, agent_id: str) -> AgentBase:
        return AgentBase(engine, agent_id)

    def make_call(self, engine: Engine, agent: AgentBase, call_id: str, **facts: Any) -> CallBase:
        return CallBase(engine, agent, call_id, **facts)

    def epoch(self) -> float:
        return 1000.0


class Store:
    """A store that remembers the records it gets, and returns what a test sets."""

    def __init__(self, found: Any = ()) -> None:
        self.found = found
        self.saved: list[ConversationRecord] = []
        self.asked: list[tuple[Any, ...]] = []
        self.error: Exception | None = None

    def save(self, record: ConversationRecord) -> None:
        if self.error is not None:
            raise self.error
        self.saved.append(record)

    def find_by_contact(self, contact: str, limit: int) -> Any:
        self.asked.append((contact, limit))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class World:
    """One connected session with one agent and one call; time is an integer or so."""

    def __init__(self, store: Any, **facts: Any) -> None:
        self.now = 1.0
        self.errors: list[PinecallError] = []
        self.engine = Engine(
            LinkSettings(url=lambda: "ws://x", api_key=lambda: "pk_test_key"),
            Front(),  # type: ignore[arg-type]
            random=lambda: 0.5,
        )
        self.engine.handlers.add("error", self.errors.append)
        self.agent = AgentBase(self.engine, "mara")
        self.engine.registry.add_agent(self.agent)
        self.engine.connect()
        self.engine.opened(self.engine.link.generation, self.now)
        self.receive({"event": "connected", "org_id": "org"})
        self.receive({"event": "agent.created", "agent_id": "mara"})
        self.engine.outgoing()
        self.call = CallBase(
            self.engine,
            self.agent,
            "CA1",
            **{"from_": CALLER, "to": "+13186330963", "transport": "phone", **facts},
        )
        self.engine.start_call(self.call)
        self.store = store
        self.historian = Historian(self.engine, self.call, store, clock=lambda: 1000.0)

    def receive(self, frame: dict[str, Any]) -> None:
        self.engine.receive(json.dumps(frame), self.now)

    def jobs(self) -> list[Job]:
        """What is to be run now; handlers of ``error`` are called on the way."""
        jobs = []
        for delivery in self.engine.deliveries():
            if isinstance(delivery, Job):
                jobs.append(delivery)
            else:
                for handler in delivery.handlers:
                    assert handler.function is not None
                    handler.function(*delivery.args)
        return jobs

    def run(self) -> int:
        """Run jobs until there are none; how many there were."""
        count = 0
        while jobs := self.jobs():
            for job in jobs:
                count += 1
                try:
                    result = job.function()
                except Exception as exc:
                    job.failed(exc)
                else:
                    job.finished(result)
        return count

    def say(self, role: str, content: str) -> None:
        self.call._conversation.remember(role, content)
        self.historian.changed()

    def wait(self, seconds: float) -> None:
        self.engine.deadline(self.now)
        self.now += seconds
        self.engine.tick(self.now)

    def end(self, reason: str = "hangup") -> None:
        self.call._finish(reason)
        self.historian.ended()

    def frames(self, event: str = "history.set") -> list[dict[str, Any]]:
        frames = [json.loads(text) for text in self.engine.outgoing()]
        return [frame for frame in frames if frame["event"] == event]


def past(number: int, *contents: str, **facts: Any) -> ConversationRecord:
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(contents)]
    given = {"agent_id": "mara", "channel": "phone", "contact": CALLER, "messages": messages}
    return ConversationRecord(
        call_id=f"old-{number}", started_at=float(number), **{**given, **facts}
    )


class Lookup:
    """A store whose methods cannot even be looked up any more, once it is ``broken``."""

    def __init__(self, exc: BaseException, *, broken: bool = False) -> None:
        self.exc, self.broken = exc, broken

    def __getattr__(self, name: str) -> Any:
        if name not in ("save", "find_by_contact"):
            raise AttributeError(name)
        if self.broken:
            raise self.exc
        return lambda *args: None
