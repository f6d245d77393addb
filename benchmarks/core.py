"""What the core costs for each event, without any I/O, and whether that grows."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any

from pinecall.core.agents.agent import AgentBase
from pinecall.core.api.client import ClientBase
from pinecall.core.calls.call import CallBase
from pinecall.core.calls.whatsapp import WhatsAppSessionBase
from pinecall.core.engine import Engine
from pinecall.core.lines.line import LineBase
from pinecall.core.lines.line_call import LineCallBase
from pinecall.core.link.link import LinkSettings
from pinecall.core.model.conversation import Conversation

from . import mix
from .report import Result, at_least, at_most, measured
from .running import Plan, alternate, settled

__all__ = ["World", "core", "listening", "loads", "scaling"]

#: Events that a front reads at once when it is busy: it takes the deliveries after each read.
READ = 64


class _Front:
    coroutines = True
    client: Any = None

    def __init__(self) -> None:
        self.guard: AbstractContextManager[Any] = threading.RLock()

    def epoch(self) -> float:
        return time.time()

    def now(self) -> float:
        return 0.0

    def check(self) -> None:
        """It is never in a forked child."""

    def wake(self) -> None:
        """There is nobody to wake."""

    def make_agent(self, engine: Engine, agent_id: str) -> AgentBase:
        return AgentBase(engine, agent_id)

    def make_line(self, engine: Engine, number: str) -> LineBase:
        return LineBase(engine, number)

    def make_call(self, engine: Engine, agent: Any, call_id: str, **facts: Any) -> CallBase:
        return CallBase(engine, agent, call_id, **facts)

    def make_line_call(self, engine: Engine, line: Any, call_id: str, **facts: Any) -> LineCallBase:
        return LineCallBase(engine, line, call_id, **facts)

    def make_whatsapp_session(
        self, call: CallBase, contact_phone: str, contact_name: str | None
    ) -> WhatsAppSessionBase:
        return WhatsAppSessionBase(call, contact_phone, contact_name)


class _Client(ClientBase[AgentBase, LineBase]):
    def __init__(self, engine: Engine) -> None:
        self._runtime = engine


class World:
    """A connected engine without a socket: ``agents`` agents with a live call each."""

    def __init__(self, agents: int, calls: int | None = None) -> None:
        settings = LinkSettings(url=lambda: "ws://127.0.0.1/client", api_key=lambda: "pk_benchmark")
        self.engine = Engine(settings, _Front(), random=Random(7).random)
        self.pc = _Client(self.engine)
        self.engine.connect()
        self.engine.opened(self.engine.link.generation, 0.0)
        self.hear('{"event":"connected","org_id":"org_1"}')
        for number in range(agents):
            self.add_agent(number)
        for number in range(agents if calls is None else calls):
            self.hear(mix.call_started(number))

    def add_agent(self, number: int) -> None:
        self.pc.agent(mix.agent_id(number), prompt="You are Mara.", llm="openai/gpt-4.1-mini")
        self.hear(mix.text_of({"event": "agent.created", "agent_id": mix.agent_id(number)}))

    def hear(self, text: str) -> None:
        self.engine.receive(text, 0.0)
        self.engine.outgoing()
        self.engine.deliveries()

    def listen(self) -> None:
        def handler(event: object, call: object) -> None:
            """Never called: delivering is where the core ends."""

        for name in mix.NAMES:
            self.pc._add_handler(name, handler)

    def run(self, texts: Sequence[str]) -> float:
        """Microseconds of CPU for each event, from the text to the delivery."""
        for call in self.engine.registry.calls.values():
            # A message that is known is not handed on again.
            call._conversation = Conversation(self.engine, call.agent.id, call.id)
        receive, deliveries = self.engine.receive, self.engine.deliveries
        with settled():
            began = time.process_time()
            for start in range(0, len(texts), READ):
                for text in texts[start : start + READ]:
                    receive(text, 1.0)
                deliveries()
            took = time.process_time() - began
        return took / len(texts) * 1e6


def listening(agents: int) -> World:
    world = World(agents)
    world.listen()
    return world


def loads(texts: Sequence[str]) -> float:
    with settled():
        began = time.process_time()
        for text in texts:
            json.loads(text)
        took = time.process_time() - began
    return took / len(texts) * 1e6


class _Dicts:
    """The least that keeps calls apart: ``json.loads``, and a dict for each agent and call."""

    def __init__(self, count: int) -> None:
        self._agents = {mix.agent_id(n): {"events": 0} for n in range(count)}
        self._calls: dict[str, dict[str, Any]] = {mix.call_id(n): {} for n in range(count)}

    def run(self, texts: Sequence[str]) -> float:
        """Microseconds of CPU for each event."""
        with settled():
            began = time.process_time()
            for text in texts:
                frame = json.loads(text)
                self._calls[frame["call_id"]]["last"] = frame
                self._agents[frame["agent_id"]]["events"] += 1
            took = time.process_time() - began
        return took / len(texts) * 1e6


def core(plan: Plan) -> list[Result]:
    texts = list(mix.events(plan.of(50_000, 2_000)))
    world = listening(10)
    ours, bare = alternate(plan.rounds, lambda: world.run(texts), lambda: loads(texts))
    return [
        measured(
            "core",
            "CPU per event, text to delivery",
            "us",
            ours,
            bare,
            against="json.loads of the same text",
            target=at_most(1.5),
        )
    ]


def scaling(plan: Plan) -> list[Result]:
    """Events a second of CPU with many agents and calls, beside the same with ten.

    In the one line ten calls talk and the others are silent; in the other all of them talk in
    turn, so that each event is of a call that the processor's caches no longer hold.
    """
    many, count = plan.of(10_000, 200), plan.of(50_000, 2_000)
    few_talk, all_talk = list(mix.events(count, 10)), list(mix.events(count, many))
    small, large = listening(10), listening(many)
    large.run(all_talk)
    few_dicts, many_dicts = _Dicts(10), _Dicts(many)
    ten, ten_of_many, all_of_many, ten_dicts, all_dicts = alternate(
        plan.rounds,
        lambda: 1e6 / small.run(few_talk),
        lambda: 1e6 / large.run(few_talk),
        lambda: 1e6 / large.run(all_talk),
        lambda: 1e6 / few_dicts.run(few_talk),
        lambda: 1e6 / many_dicts.run(all_talk),
    )
    lines = (
        (f"{many} agents and calls, ten calls talk", ten_of_many),
        (f"{many} agents and calls, all talk in turn", all_of_many),
    )
    return [
        measured(
            "scaling",
            what,
            "events/s",
            found,
            ten,
            against="10 agents and calls",
            target=at_least(0.95),
        )
        for what, found in lines
    ] + [
        measured(
            "scaling",
            "no SDK, but a dict for each of them, all talk in turn",
            "events/s",
            all_dicts,
            ten_dicts,
            against="10 agents and calls",
        )
    ]
