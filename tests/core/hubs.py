"""A hub with agents and calls made by hand, and the items that a session would publish."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any

from pinecall import events as ev
from pinecall.core.streams.hub import Hub
from pinecall.core.wire import codec
from pinecall.core.wire.sse_reader import SseReader
from pinecall.events import Item


class Call:
    """A call as the streams see it; like a real one, it can be held weakly."""

    def __init__(self, **facts: Any) -> None:
        vars(self).update(facts)


class World:
    """``agent()`` and ``call()`` add to the roster; ``frame()`` publishes what the server sent."""

    def __init__(self, **options: Any) -> None:
        self.agents: dict[str, Any] = {}
        self.calls: dict[str, Any] = {}
        self.hub = Hub(self, threading.RLock(), lambda: 0.5, **options)

    def agent(self, agent_id: str = "mara") -> Any:
        return self.agents.setdefault(agent_id, SimpleNamespace(id=agent_id))

    def call(self, call_id: str = "CA1", agent_id: str = "mara", **facts: Any) -> Any:
        known = {
            "from_": "+34607827824",
            "to": "+13186330963",
            "direction": "inbound",
            "transport": "phone",
            "duration": 0.0,
            "reason": "",
            "status": "active",
            "_announced": True,
            "_over": False,
            "transcript": [],
            "_conversation": SimpleNamespace(ids=dict),
            "_greeting": None,
            "_bot_message_id": None,
            "current_bot_text": "",
            "_title": f"call {call_id}",
        }
        call = Call(id=call_id, agent=self.agent(agent_id), **{**known, **facts})
        self.calls[call_id] = call
        return call

    def publish(self, name: str, event: Any, agent: Any = None, call: Any = None) -> None:
        with self.hub.guard:
            self.hub.publish(Item(name, event, agent or (call.agent if call else None), call))

    def frame(self, call: Any, event: str, **fields: Any) -> None:
        raw = {"event": event, "agent_id": f"org:{call.agent.id}", "call_id": call.id, **fields}
        self.publish(event, codec.decode(json.dumps(raw)), call=call)

    def word(self, call: Any, number: int, message: str = "m1") -> None:
        self.frame(call, "bot.word", message_id=message, word=f"w{number}", word_index=number)

    def message(self, call: Any, number: int) -> None:
        self.frame(call, "user.message", message_id=f"u{number}", text=f"said {number}", turn_id=1)

    def start(self, call: Any) -> None:
        self.publish("call.started", ev.CallStarted(call_id=call.id), call=call)

    def end(self, call: Any, reason: str = "hangup") -> None:
        self.calls.pop(call.id, None)
        call.reason, call._over = reason, True
        self.publish("call.ended", ev.CallEnded(call_id=call.id), call=call)


class Reader:
    """A subscriber and what it has been given so far."""

    def __init__(self, world: World, **options: Any) -> None:
        self.wakes = 0
        self.bytes = b""
        self.parser = SseReader()
        self.subscriber = world.hub.subscribe(self._wake, **options)

    def _wake(self) -> None:
        self.wakes += 1

    def read(self) -> list[tuple[str, dict[str, Any], str]]:
        """New events as (name, data, id)."""
        found = []
        while piece := self.subscriber.take():
            self.bytes += piece
            found += [(e.event, json.loads(e.data), e.id) for e in self.parser.feed(piece)]
        return found

    def names(self) -> list[str]:
        return [name for name, _, _ in self.read()]
