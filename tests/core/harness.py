"""A front without sockets, threads and clocks: an engine, driven by hand and by integers."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from pinecall.core.agents.agent import AgentBase
from pinecall.core.api.client import ClientBase
from pinecall.core.calls.call import CallBase
from pinecall.core.calls.verbs import answering
from pinecall.core.calls.whatsapp import WhatsAppSessionBase
from pinecall.core.engine import Engine
from pinecall.core.kernel.handlers import Delivery
from pinecall.core.kernel.job import Job
from pinecall.core.kernel.outcome import Outcome
from pinecall.core.lines.line import LineBase
from pinecall.core.lines.line_call import LineCallBase
from pinecall.core.link.link import Failure, LinkSettings
from pinecall.errors import ConfigurationError
from pinecall.options import ReconnectPolicy

__all__ = ["COMMANDS", "EVENTS", "KEY", "Client", "Front", "Wire", "check_command"]

DATA = Path(__file__).parent.parent / "data"
EVENTS: dict[str, Any] = json.loads((DATA / "events.json").read_text(encoding="utf-8"))
COMMANDS: dict[str, Any] = json.loads((DATA / "commands.json").read_text(encoding="utf-8"))

KEY = "pk_live_0123456789"
URL = "wss://voice.example/client"

_CONFIG = [
    "voice",
    "language",
    "flash",
    "stt",
    "interruption",
    "llm",
    "prompt",
    "vars",
    "greeting",
    "greetingInChat",
    "memory",
    "timezone",
    "preparing",
    "raw_prompt",
    "tools",
    "skills",
    "session_limits",
    "config",
    "knowledge_base",
    "mode",
    "media",
]


def check_command(frame: dict[str, Any]) -> None:
    """The frame is one that the platform's catalogue knows, with its keys and no others."""
    event = frame["event"]
    fields = COMMANDS[event]["fields"]
    allowed = set(fields) | {"event"} | set(_CONFIG if "<config>" in fields else ())
    required = {name for name, field in fields.items() if field["required"]}
    assert set(frame) <= allowed, f"{event}: keys the server does not know: {set(frame) - allowed}"
    assert required <= set(frame), f"{event}: without {required - set(frame)}"
    given = [value for key, value in frame.items() if (event, key) != ("set_context", "value")]
    assert None not in given, f"{event}: a null"


NO_JITTER = ReconnectPolicy(jitter=0.0)


class Front:
    """The core's own classes, and a count of the wakes."""

    def __init__(self, coroutines: bool = True) -> None:
        self.coroutines = coroutines
        self.guard = threading.RLock()
        self.wakes = 0
        self.clock: Callable[[], float] = lambda: 0.0

    def now(self) -> float:
        return self.clock()

    def check(self) -> None:
        """Nobody forks here."""

    def wake(self) -> None:
        self.wakes += 1

    def make_agent(self, engine: Engine, agent_id: str) -> AgentBase:
        return AgentBase(engine, agent_id)

    def make_line(self, engine: Engine, number: str) -> LineBase:
        return LineBase(engine, number)

    def make_call(self, engine: Engine, agent: Any, call_id: str, **facts: Any) -> CallBase:
        return CallBase(engine, agent, call_id, **facts)

    def make_whatsapp_session(
        self, call: CallBase, contact_name: str | None
    ) -> WhatsAppSessionBase:
        return WhatsAppSessionBase(call, contact_name)

    def epoch(self) -> float:
        return 1_800_000_000.0

    def make_line_call(self, engine: Engine, line: Any, call_id: str, **facts: Any) -> LineCallBase:
        return LineCallBase(engine, line, call_id, **facts)


class Client(ClientBase[AgentBase, LineBase]):
    def __init__(self, engine: Engine) -> None:
        self._runtime = engine


class Wire:
    """Both ends of a connection: what the user does (``pc``) and what the server says.

    ``now`` is the virtual time in seconds. Deliveries are run after each step, jobs too unless
    ``hold_jobs`` collects them in ``jobs``.
    """

    def __init__(
        self,
        *,
        coroutines: bool = True,
        reconnect: ReconnectPolicy | None = NO_JITTER,
        ping_interval: float | None = 30.0,
        connect_timeout: float = 10.0,
        key: str = KEY,
    ) -> None:
        self.now = 0.0
        self.key = key
        self.url = URL
        self.chance: float | None = None
        self._random = Random(7).random
        self.front = Front(coroutines)
        self.front.clock = lambda: self.now
        settings = LinkSettings(
            url=lambda: self._given(self.url, "MISSING_URL"),
            api_key=lambda: self._given(self.key, "MISSING_KEY"),
            reconnect=reconnect,
            ping_interval=ping_interval,
            connect_timeout=connect_timeout,
        )
        self.engine = Engine(settings, self.front, random=self._draw)
        self.pc = Client(self.engine)
        self.jobs: list[Job] = []
        self.hold_jobs = False

    @staticmethod
    def _given(value: str, code: str) -> str:
        if not value:
            raise ConfigurationError("it is not set", code)
        return value

    def _draw(self) -> float:
        return self._random() if self.chance is None else self.chance

    # -- facts ----------------------------------------------------------------------------------

    @property
    def link(self) -> Any:
        return self.engine.link

    def settle(self) -> None:
        """What a front does after each fact, but for the sending."""
        self.deliver()
        self.engine.deadline(self.now)

    def connect(self) -> Outcome[None]:
        outcome = self.engine.connect()
        self.settle()
        return outcome

    def opened(self, generation: int | None = None) -> None:
        self.engine.opened(self._generation(generation), self.now)
        self.settle()

    def failed(self, failure: Failure, generation: int | None = None) -> None:
        self.engine.failed(self._generation(generation), failure, self.now)
        self.settle()

    def lost(
        self, code: int | None = None, reason: str = "", generation: int | None = None
    ) -> None:
        self.engine.lost(self._generation(generation), code, reason, self.now)
        self.settle()

    def _generation(self, given: int | None) -> int:
        return self.link.generation if given is None else given

    def server(self, event: str | dict[str, Any], /, **fields: Any) -> None:
        """A frame; ``from_`` is the wire's ``from``."""
        frame = event if isinstance(event, dict) else {"event": event, **fields}
        frame = {"from" if key == "from_" else key: value for key, value in frame.items()}
        self.text(json.dumps(frame))

    def text(self, text: str) -> None:
        self.engine.receive(text, self.now)
        self.settle()

    def sent(self, *, raw: bool = False) -> list[dict[str, Any]]:
        """The frames since the last time; checked against the catalogue unless ``raw``."""
        frames = [json.loads(text) for text in self.engine.outgoing()]
        if not raw:
            for frame in frames:
                check_command(frame)
        return frames

    def sent_events(self) -> list[str]:
        return [frame["event"] for frame in self.sent()]

    def at(self, seconds: float) -> None:
        """Let the time come: every timer fires at its own moment."""
        while (due := self.engine.deadline(self.now)) is not None and due <= seconds:
            # A clock goes on while a program runs; by rounding a timer may be due at once again.
            self.now = due if due > self.now else self.now + 1e-9
            self.engine.tick(self.now)
            self.deliver()
        self.now = max(self.now, float(seconds))

    def after(self, seconds: float) -> None:
        self.at(self.now + seconds)

    def blocked(self, seconds: float) -> None:
        """The process did nothing for that long, then noticed the time."""
        self.now += seconds
        self.engine.tick(self.now)
        self.settle()

    # -- user code ------------------------------------------------------------------------------

    def deliver(self) -> None:
        while items := self.engine.deliveries():
            for item in items:
                if isinstance(item, Delivery):
                    self.run_delivery(item)
                elif self.hold_jobs:
                    self.jobs.append(item)
                else:
                    self.run_job(item)

    def run_delivery(self, delivery: Delivery) -> None:
        token = None
        if delivery.answers is not None and delivery.call is not None:
            token = answering.set((delivery.call.id, delivery.answers))
        for handler in delivery.handlers:
            assert handler.function is not None
            try:
                args = (delivery.item,) if handler.takes_item else delivery.args
                result = _driven(handler.function(*args))
            except BaseException as exc:
                self.engine.handler_failed(exc, handler, delivery)
            else:
                self.engine.handler_gave(result, handler, delivery)
        if token is not None:
            answering.reset(token)
        if delivery.done is not None:
            self.engine.delivered(delivery.done)

    def run_job(self, job: Job) -> None:
        if job.over:
            return
        try:
            result = _driven(job.function())
        except BaseException as exc:
            self.engine.job_failed(job, exc)
        else:
            self.engine.job_finished(job, result)

    def run_jobs(self) -> None:
        """Those that were held, in their order."""
        jobs, self.jobs = self.jobs, []
        for job in jobs:
            self.run_job(job)
        self.settle()

    def listen(self, *names: str, on: Any = None) -> list[tuple[Any, ...]]:
        """What the handlers of these events get, as ``(name, *args)``, in order."""
        heard: list[tuple[Any, ...]] = []
        owner = self.pc if on is None else on
        for name in names:

            def record(*args: Any, name: str = name) -> None:
                heard.append((name, *args))

            owner._add_handler(name, record)
        return heard

    # -- usual situations -----------------------------------------------------------------------

    def up(self) -> Wire:
        """Connected; nothing left to send."""
        self.connect()
        self.opened()
        self.server("connected", org_id="org_1")
        self.sent()
        return self

    def agent(self, agent_id: str = "mara", **options: Any) -> AgentBase:
        """An agent that the server has acknowledged; nothing left to send."""
        if not self.link.ready:
            self.up()
        agent = self.pc.agent(agent_id, **options)
        self.server("agent.created", agent_id=agent_id)
        self.sent()
        return agent

    def call(self, agent: AgentBase | None = None, call_id: str = "CA1", **fields: Any) -> CallBase:
        """A live call of ``agent``, by default of a new agent mara."""
        owner = agent or self.engine.registry.agents.get("mara") or self.agent()
        facts = {
            "from": "+15551230000",
            "to": "+13186330963",
            "direction": "inbound",
            "transport": "phone",
        }
        ids = {"agent_id": owner.id, "call_id": call_id}
        self.server({"event": "call.started", **ids, **facts, **fields})
        return self.engine.registry.calls[call_id]

    def reconnect(self) -> None:
        """The lost link comes back; its frames since then are left to be read."""
        self.engine.outgoing()
        while self.link.phase.value == "backoff":
            due = self.engine.deadline(self.now)
            assert due is not None
            self.at(due)
        self.opened()
        self.server("connected", org_id="org_1")


def _driven(value: Any) -> Any:
    """The result of a coroutine that never has to wait, or the value itself."""
    if not inspect.iscoroutine(value):
        return value
    try:
        value.send(None)
    except StopIteration as stop:
        return stop.value
    value.close()
    raise AssertionError("the coroutine waits for something")
