"""Snapshots of what the server holds."""

from __future__ import annotations

import copy
from typing import Any

from attrs import frozen

from .core import Server
from .core.kernel.records import Agent, Line
from .core.sessions.chat import ChatSession
from .core.sessions.session import Session
from .core.sessions.whatsapp import WhatsAppSession
from .core.voice.call import VoiceCall

__all__ = ["CallView", "ChannelView", "ConnectionView", "HeldAgent", "HeldLine", "agents", "calls",
           "connections", "lines"]  # fmt: skip


@frozen
class ChannelView:
    """One channel; secrets of WhatsApp channels are left out."""

    type: str
    ref: str | None
    config: dict[str, Any]
    ringing: bool


@frozen
class HeldAgent:
    """An agent as the server holds it; ``registered`` is false while its owner is away."""

    id: str
    org_id: str
    config: dict[str, Any]
    channels: tuple[ChannelView, ...]
    registered: bool
    paused: bool
    connection: int | None


@frozen
class HeldLine:
    """A line as the server holds it."""

    number: str
    config: dict[str, Any]
    registered: bool
    connection: int | None


@frozen
class CallView:
    """A live call, chat or WhatsApp session; ``status``: dialing, ringing, live, paused or detached."""

    id: str
    owner: str
    transport: str
    status: str
    from_: str
    to: str
    direction: str
    metadata: dict[str, Any]
    language: str | None
    prompt: str
    vars: dict[str, Any]
    skills: tuple[str, ...]
    messages: tuple[dict[str, Any], ...]


@frozen
class ConnectionView:
    """An open connection and the agents it holds."""

    id: int
    authenticated: bool
    org_id: str
    agents: tuple[str, ...]


def agents(server: Server) -> dict[str, HeldAgent]:
    """Snapshot the agents by the id the client wrote; ``org:slug`` when two organisations use one id."""
    found: dict[str, HeldAgent] = {}
    for agent in server.registry.agents:
        name = agent.id if agent.id not in found else f"{agent.org}:{agent.name}"
        found[name] = _agent(agent)
    return found


def lines(server: Server) -> dict[str, HeldLine]:
    """Snapshot the lines by number."""
    return {number: _line(line) for number, line in server.registry.lines.items()}


def calls(server: Server) -> dict[str, CallView]:
    """Snapshot the live sessions by id."""
    return {session.id: _call(session) for session in server.sessions.all()}


def connections(server: Server) -> list[ConnectionView]:
    """Snapshot the open connections, oldest first."""
    return [
        ConnectionView(
            link.id, link.ready, link.org,
            tuple(a.id for a in server.registry.agents if a.link is link),
        )
        for link in server.world.open.values()
    ]  # fmt: skip


def _agent(agent: Agent) -> HeldAgent:
    channels = tuple(
        ChannelView(c.type, c.ref, copy.deepcopy(c.config), c.ringing) for c in agent.channels
    )
    link = agent.link
    return HeldAgent(
        agent.id, agent.org, copy.deepcopy(agent.config), channels, link is not None, agent.paused,
        link.id if link else None,
    )  # fmt: skip


def _line(line: Line) -> HeldLine:
    link = line.link
    return HeldLine(
        line.number, copy.deepcopy(line.config), link is not None, link.id if link else None
    )


def _call(session: Session) -> CallView:
    from_, to, direction, status = session.contact, session.owner.id, "inbound", "live"
    if isinstance(session, VoiceCall):
        from_, to, direction = session.from_, session.to, session.direction
        waiting = "ringing" if direction == "inbound" else "dialing"
        status = "live" if session.answered else waiting
    elif isinstance(session, ChatSession):
        from_ = "chat"
    elif isinstance(session, WhatsAppSession):
        status = "paused" if session.is_paused() else "live"
    if session.owner.link is None:
        status = "detached"
    return CallView(
        session.id, session.owner.id, session.channel, status, from_, to, direction,
        dict(session.metadata), session.language, session.system_prompt(), dict(session.vars),
        tuple(session.skills), tuple(copy.deepcopy(session.messages)),
    )  # fmt: skip
