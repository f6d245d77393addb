"""The parts of one server, wired together."""

from __future__ import annotations

from collections.abc import Mapping

from .connections import Connections
from .kernel.settings import Settings
from .openers.chats import Chats
from .openers.inbound import Inbound
from .openers.lines import LineCalls
from .openers.outbound import Outbound
from .openers.whatsapps import WhatsApps
from .registry import Registry
from .sessions.live import Sessions
from .tokens import Tokens
from .world import World

__all__ = ["Platform"]


class Platform:
    """The parts that commands, REST endpoints and tests act on."""

    def __init__(self, keys: Mapping[str, str], settings: Settings, *, external: bool) -> None:
        self.keys = dict(keys)
        self.world = world = World(settings, external=external)
        self.connections = Connections(world, self.keys)
        self.sessions = sessions = Sessions()
        self.registry = registry = Registry(world, self.connections, sessions)
        self.line_calls = LineCalls(world, sessions, registry)
        self.inbound = Inbound(world, sessions, registry, self.line_calls)
        self.outbound = Outbound(world, sessions, registry)
        self.chats = Chats(world, sessions, registry)
        self.whatsapps = WhatsApps(world, sessions, registry)
        self.tokens = Tokens(world)
        self.connections.lost += [registry.lost, self.chats.requester_gone]
