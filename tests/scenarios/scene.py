"""A server, a client and what happened: everything a scenario needs, for either front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pinecall.events import Item
from pinecall_sync.emulator import CallerEnd, Emulator

from ..fronts.driving import Front
from ..fronts.log import DEADLINE, Log

NUMBER = "+13186330963"
CALLER = "+34607827824"


class Scene:
    """One test's world. Its client is connected by the first ``agent`` or ``line``.

    ``sent`` and ``got`` wait for frames of the client and events at its handlers, and note their
    names on the wire in ``used``: see :mod:`.wire`.
    """

    def __init__(self, front: Front, emu: Emulator) -> None:
        self.front = front
        self.emu = emu
        self.do = front.do
        self.items = Log()
        self.notes = Log()
        self.errors = Log()
        self.pc = front.client(emu.url, emu.api_key)
        self.pc.on("*", self.items)
        self.pc.on("error", self.errors)
        self.used: set[str] = set()

    # -- who is there ---------------------------------------------------------------------------

    def connected(self) -> Any:
        if self.pc.state == "idle":
            self.do(self.pc.connect)
        return self.pc

    def agent(self, agent_id: str = "mara", number: str | None = NUMBER, **options: Any) -> Any:
        """A registered agent, without a model unless ``llm`` is given."""
        self.connected()
        if number is not None:
            options["phone_number"] = number
        agent = self.do(self.pc.agent, agent_id, **options)
        self.do(agent.wait_ready)
        return agent

    def model(self, agent_id: str = "mara", number: str | None = NUMBER, **options: Any) -> Any:
        """A registered agent that the server's model answers for."""
        return self.agent(agent_id, number, llm="openai/gpt-4.1-mini", **options)

    def line(self, number: str = NUMBER, **options: Any) -> Any:
        self.connected()
        line = self.do(self.pc.line, number, **options)
        self.do(line.wait_ready)
        return line

    def ring(self, to: str = NUMBER, **known: Any) -> tuple[CallerEnd, Any]:
        """A caller and the agent's call, which has begun."""
        caller = self.emu.phone_call(to=to, from_=CALLER, **known)
        return caller, self.call(caller.id)

    def call(self, call_id: str) -> Any:
        """The client's call of that id, once its handlers know it."""
        return self.items.wait_for(lambda item: item.call and item.call.id == call_id).call

    def handler(self, generator: Callable[..., Any]) -> Callable[..., Any]:
        return self.front.handler(generator)

    def cut(self) -> None:
        """Lose the link, for as long as until ``mend``."""
        self.emu.fail("open", status=503, times=10_000)
        self.emu.drop()
        self.items.wait_for(lambda item: item.name == "disconnected")

    def mend(self) -> None:
        self.emu.clear_faults()

    # -- what happens ---------------------------------------------------------------------------

    def sent(self, event: str, *, count: int = 1, **fields: Any) -> dict[str, Any]:
        """The ``count``-th such frame of the client."""
        frame = self.emu.wait_frame(event, DEADLINE, count, **fields)
        self.used.add(f"command {event}")
        return frame

    def frames(self, event: str) -> list[dict[str, Any]]:
        return [frame for frame in self.emu.frames if frame["event"] == event]

    def got(self, name: str, *, count: int = 1, **fields: Any) -> Any:
        """The ``count``-th such event at the handlers, by its Python name and its fields."""

        def matches(item: Item) -> bool:
            return item.name == name and all(
                getattr(item.event, key, None) == value for key, value in fields.items()
            )

        found: list[Item] = []

        def nth(item: Item) -> bool:
            if matches(item) and not any(item is known for known in found):
                found.append(item)
            return len(found) >= count

        self.items.wait_for(nth)
        item = found[count - 1]
        raw = getattr(item.event, "raw", None) or {}
        self.used.add(f"event {raw.get('event', name)}")
        return item.event

    def noticed(self, *wire_events: str) -> None:
        """The scenario has shown the effect of these events, which no handler gets as they are."""
        self.used.update(f"event {name}" for name in wire_events)

    def names(self, call: Any = None) -> list[str]:
        """The events at the handlers, in order; of one call, if given."""
        return [item.name for item in self.items if call is None or item.call is call]

    def heard(self, playback: Any) -> bool:
        """Was it interrupted?"""
        return bool(self.front.heard(playback).interrupted)
