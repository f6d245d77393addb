"""A server core with a clock and plain-dict clients, without sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pinecall.emulator.core import Close, Server, Settings
from pinecall.emulator.core.sessions.chat import ChatSession
from pinecall.emulator.core.voice.call import VoiceCall
from pinecall.emulator.core.voice.caller import Saying

DATA = Path(__file__).parent.parent / "data"
EVENTS: dict[str, Any] = json.loads((DATA / "events.json").read_text(encoding="utf-8"))

NUMBER = "+13186330963"
CALLER = "+34607827824"
LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "Look up an order.",
        "parameters": {
            "type": "object",
            "properties": {
                "order_id": {"type": "string", "description": "the number, like ORD-12345"}
            },
            "required": ["order_id"],
        },
    },
}


_STAMPS = {
    "event": "str", "agent_id": "str", "session_id": "str", "seq": "int", "ts": "float",
    "phone_number": "str",
}  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "object": (dict,),
    "array": (list,), "null": (type(None),), "any": (object,),
}  # fmt: skip


def check_event(frame: dict[str, Any]) -> None:
    """Check that a frame is in the platform's catalogue, with known fields of their types and all required
    ones."""
    event = frame["event"]
    fields, required = EVENTS[event]["fields"], EVENTS[event]["required"]
    for name, value in frame.items():
        kind = fields[name] if name in fields else _STAMPS[name]
        allowed = [t for part in kind.split("|") for t in _TYPES[part]]
        fits = isinstance(value, tuple(allowed)) and (type(value) is not bool or bool in allowed)
        assert fits or object in allowed, f"{event}: {name} is {value!r}, not {kind}"
    missing = set(required) - set(frame)
    assert not missing, f"{event}: without {missing}"


class Client:
    """A client made of dict frames; answers ``llm.before`` at once unless ``slow``."""

    def __init__(self, world: World, key: str | None = "key") -> None:
        self.world = world
        self.id = world.server.opened(world.now)
        self.inbox: list[dict[str, Any]] = []
        self.closed: Close | None = None
        self.slow = False
        world.clients[self.id] = self
        if key is not None:
            self.send("connect", api_key=key)

    def send(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """Send a frame; returns everything that arrived after it."""
        return self.text(json.dumps({"event": event, **fields}))

    def text(self, text: str | bytes) -> list[dict[str, Any]]:
        """Send any text."""
        before = len(self.inbox)
        self.world.server.receive(self.id, text, self.world.now)
        self.world.pump()
        return self.inbox[before:]

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The frames of these names so far."""
        return [f for f in self.inbox if f["event"] in names]

    def names(self, since: int = 0) -> list[str]:
        """The names of everything that arrived."""
        return [f["event"] for f in self.inbox[since:]]

    def last(self, name: str) -> dict[str, Any]:
        """The newest frame of that name."""
        return self.events(name)[-1]

    def gone(self) -> None:
        """Break the socket."""
        self.world.server.closed(self.id, self.world.now)
        self.world.pump()

    def agent(self, agent_id: str = "mara", *channels: dict[str, Any], **config: Any) -> None:
        """Register an agent with a model, and its channels (a phone number unless given)."""
        config.setdefault("llm", "openai/gpt-4.1-mini")
        config.setdefault("preparing", False)
        self.send(
            "agent.create", agent_id=agent_id, **{k: v for k, v in config.items() if v is not None}
        )
        for channel in channels or ({"type": "phone", "ref": NUMBER},):
            self.send("channel.add", agent_id=agent_id, **channel)


class World:
    """A server, a clock and clients; ``pass_time`` runs every timer at its own time."""

    def __init__(self, keys: dict[str, str] | None = None, **settings: Any) -> None:
        self.now = 1_787_352_000.0
        self.server = Server(keys or {"key": "org_1"}, Settings(**settings))
        self.clients: dict[int, Client] = {}

    def client(self, key: str | None = "key") -> Client:
        """Open a connection."""
        return Client(self, key)

    def pump(self) -> None:
        """Deliver everything, and what follows from it."""
        while True:
            self.server.tick(self.now)
            outgoing = self.server.outgoing()
            if not outgoing:
                return
            for link, item in outgoing:
                client = self.clients[link]
                if isinstance(item, Close):
                    client.closed = item
                    continue
                frame = json.loads(item)
                check_event(frame)
                client.inbox.append(frame)
                if frame["event"] == "llm.before" and not client.slow:
                    ready = {
                        "event": "llm.ready",
                        "call_id": frame["call_id"],
                        "turn": frame["turn"],
                    }
                    self.server.receive(link, json.dumps(ready), self.now)

    def pass_time(self, seconds: float) -> None:
        """Let that many seconds pass."""
        end = self.now + seconds
        while (due := self.server.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.pump()
        self.now = end
        self.pump()

    def phone(self, **known: Any) -> VoiceCall:
        """Ring the number."""
        call = self.server.inbound.phone(
            known.pop("to", NUMBER), known.pop("from_", CALLER), **known
        )
        self.pump()
        return call

    def webrtc(self, agent: str = "mara", **known: Any) -> VoiceCall:
        """Call from a browser."""
        call = self.server.inbound.webrtc(agent, **known)
        self.pump()
        return call

    def chat(self, agent: str = "mara", **known: Any) -> ChatSession:
        """Open a chat as a visitor."""
        chat = self.server.chats.open(self.server.registry.online(agent), **known)
        chat.start()
        self.pump()
        return chat

    def say(self, call: VoiceCall, text: str, **how: Any) -> None:
        """Say something as the caller."""
        call.caller.say(Saying(text, **how))
        self.pump()
