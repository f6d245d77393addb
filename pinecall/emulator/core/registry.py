"""The registry: agents with their channels, lines, and which connection holds them."""

from __future__ import annotations

from ..errors import EmulatorError, Nobody
from .connections import Connections
from .kernel.checks import config_of, unusable
from .kernel.names import normal_number, slug
from .kernel.outbox import Frame
from .kernel.records import Agent, Channel, Connection, Line, Owner
from .kernel.refusals import Refused, text_of
from .sessions.live import Sessions
from .world import World

__all__ = ["Registry"]

_CHANNELS = ("phone", "webrtc", "chat", "whatsapp", "mic")


class Registry:
    """The agents and lines of every organisation."""

    def __init__(self, world: World, connections: Connections, sessions: Sessions) -> None:
        self._world = world
        self._connections = connections
        self._sessions = sessions
        self._agents: dict[tuple[str, str], Agent] = {}
        self.lines: dict[str, Line] = {}

    @property
    def agents(self) -> list[Agent]:
        """Every agent, including those that wait for their client, in order of registration."""
        return list(self._agents.values())

    def find(self, org: str, agent_id: str) -> Agent | None:
        """Find an agent by its id, its slug or ``org:slug``."""
        name = agent_id.removeprefix(f"{org}:")
        return self._agents.get((org, slug(name) or name))

    def any_org(self, agent_id: str) -> Agent | None:
        """Find an agent by id in any organisation, for people at this machine."""
        orgs = {org for org, _ in self._agents}
        return next((a for org in sorted(orgs) if (a := self.find(org, agent_id))), None)

    def online(self, agent_id: str) -> Agent:
        """Find an agent, of any organisation, that a connection holds.

        Raises:
            Nobody: unknown or offline; names those online.
        """
        agent = self.any_org(agent_id)
        if agent is None or agent.link is None:
            online = ", ".join(a.id for a in self.agents if a.link) or "none"
            raise Nobody(f"agent {agent_id!r} is not online; online: {online}", agent_id=agent_id)
        return agent

    def held(self, link: Connection, frame: Frame) -> Agent:
        """Find the agent a command names, which must be this connection's.

        Raises:
            Refused: it is not registered on this connection.
        """
        agent_id = text_of(frame, "agent_id")
        agent = self.find(link.org, agent_id)
        if agent is None or agent.link is not link:
            raise Refused(
                "AGENT_NOT_FOUND", f"Agent '{agent_id}' is not registered on this connection"
            )
        return agent

    # agents

    def create(self, link: Connection, frame: Frame) -> None:
        """Carry out ``agent.create``: create or resume the agent, or refuse it with the reason."""
        agent_id = text_of(frame, "agent_id", "REGISTRATION_ERROR")
        known = self.find(link.org, agent_id)
        if known is not None and known.link is not None and known.link is not link:
            self._conflict(link, known)
        self._capacity(link)
        config = config_of(frame)
        if why := unusable(config):
            raise Refused("REGISTRATION_ERROR", f"Agent '{agent_id}' refused: {why}")
        back = known is not None and known.link is None
        if known is None:
            known = Agent(agent_id, link.org, link)
            self._agents[(link.org, slug(agent_id) or agent_id)] = known
        known.id, known.link, known.config = agent_id, link, config
        self._world.tell(known, "agent.resumed" if back else "agent.created")
        if back:
            self._sessions.resumed(known)

    def resume(self, link: Connection, frame: Frame) -> None:
        """Carry out ``agent.resume``: take back an agent that waits for its client, unchanged."""
        agent_id = text_of(frame, "agent_id")
        known = self.find(link.org, agent_id)
        if known is None or (known.link is not None and known.link is not link):
            raise Refused("AGENT_NOT_FOUND", f"Agent '{agent_id}' is not waiting to be resumed")
        known.link = link
        self._world.tell(known, "agent.resumed")
        self._sessions.resumed(known)

    def configure(self, link: Connection, frame: Frame) -> None:
        """Carry out ``agent.configure``: change only the given keys."""
        agent = self.held(link, frame)
        config = config_of(frame)
        config.pop("allowed_origins", None)
        if why := unusable(config):
            raise Refused("REGISTRATION_ERROR", f"Agent '{agent.id}' not configured: {why}")
        agent.config.update(config)
        self._world.tell(agent, "agent.configured")

    def lost(self, link: Connection) -> None:
        """Keep what a lost connection held for the resume window, then forget it."""
        held: list[Owner] = [a for a in self._agents.values() if a.link is link]
        held += [line for line in self.lines.values() if line.link is link]
        for owner in held:
            owner.link = None
            self._world.later(
                self._world.settings.resume_window,
                lambda o=owner: self._forget(o),  # type: ignore[misc]
            )

    def _forget(self, owner: Owner) -> None:
        if owner.link is not None:
            return
        self._sessions.orphaned(owner)
        if isinstance(owner, Line):
            self.lines.pop(owner.number, None)
        else:
            self._agents.pop((owner.org, owner.name), None)

    def _capacity(self, link: Connection) -> None:
        limit = self._world.settings.capacity
        if limit is None:
            return
        using = {a.link.id for a in self._agents.values() if a.link is not None}
        if link.id not in using and len(using) >= limit:
            text = f"SERVER_AT_CAPACITY: {len(using)} of {limit} client slots are in use"
            raise Refused("SERVER_AT_CAPACITY", text, used=len(using), limit=limit)

    def _conflict(self, link: Connection, agent: Agent) -> None:
        holder = agent.link
        assert holder is not None
        connections, settings = self._connections, self._world.settings
        if not connections.alive(holder):
            self._world.tell(agent, "agent.displaced", reason="replaced_by_new_connection")
            connections.close(holder, 4001, f"Displaced: agent '{agent.id}' registered elsewhere")
            return
        answered = holder.ponged_at is not None and holder.probed_at is not None
        if answered and holder.ponged_at >= holder.probed_at:  # type: ignore[operator]
            raise Refused(
                "AGENT_CONFLICT_FATAL",
                f"Agent '{agent.id}' is held by a live connection",
                holder_alive=True,
            )
        connections.probe(holder)
        left = settings.stale_after - (self._world.now - holder.seen_at)
        raise Refused(
            "AGENT_CONFLICT",
            f"Agent '{agent.id}' is already connected.",
            retry_after_s=round(max(0.05, min(settings.conflict_retry, left)), 3),
            holder_alive=True,
        )

    # channels

    def add_channel(self, link: Connection, frame: Frame) -> None:
        """Carry out ``channel.add``; a known ref gets the new config."""
        agent = self.held(link, frame)
        kind = frame.get("type")
        if kind not in _CHANNELS:
            raise Refused("BAD_REQUEST", f"channel type {kind!r}: one of {', '.join(_CHANNELS)}")
        config = config_of(frame)
        if why := unusable(config):
            raise Refused("BAD_REQUEST", f"channel of agent '{agent.id}' refused: {why}")
        ref = self._channel_ref(agent, kind, frame)
        channel = next((c for c in agent.channels if (c.type, c.ref) == (kind, ref)), None)
        if channel is None:
            agent.channels.append(channel := Channel(kind, ref))
        channel.config, channel.ringing = config, frame.get("ringing") is True
        said = {"ref": frame["ref"]} if ref is not None else {}
        self._world.tell(agent, "channel.added", type=kind, **said)

    def configure_channel(self, link: Connection, frame: Frame) -> None:
        """Carry out ``channel.configure``: change only the given keys."""
        agent = self.held(link, frame)
        self._channel(agent, frame).config.update(config_of(frame))
        self._world.tell(agent, "channel.configured", ref=frame["ref"])

    def remove_channel(self, link: Connection, frame: Frame) -> None:
        """Carry out ``channel.remove``, by ref, or by type for channels without one."""
        agent = self.held(link, frame)
        agent.channels.remove(self._channel(agent, frame))
        self._world.tell(agent, "channel.removed", ref=frame.get("ref"))

    def _channel_ref(self, agent: Agent, kind: str, frame: Frame) -> str | None:
        if kind in ("webrtc", "chat", "mic"):
            return None
        ref = text_of(frame, "ref")
        if kind == "whatsapp":
            text_of(frame, "accessToken")
            owner = self.whatsapp_owner(ref)
        else:
            try:
                ref = normal_number(ref)
            except EmulatorError as why:
                raise Refused("BAD_REQUEST", str(why)) from None
            numbers = self._world.settings.numbers
            if numbers is not None and ref not in numbers and not ref.startswith("sip:"):
                raise Refused(
                    "PHONE_NOT_IN_ORG", f"{ref} is not a number of {agent.org}", phone=ref
                )
            owner = self.phone_owner(ref, dev=_is_dev(agent))
        if owner is not None and owner is not agent:
            raise Refused(
                "PHONE_IN_USE", f"{ref} is held by agent '{owner.id}'", phone=ref, owner=owner.id
            )
        return ref

    def _channel(self, agent: Agent, frame: Frame) -> Channel:
        ref, kind = frame.get("ref"), frame.get("type")
        if isinstance(ref, str):
            try:
                known = agent.channel(ref) or agent.channel(normal_number(ref))
            except EmulatorError:
                known = next((c for c in agent.channels if c.type == ref and c.ref is None), None)
        else:
            known = next((c for c in agent.channels if c.type == kind and c.ref is None), None)
        if known is None:
            raise Refused("CHANNEL_NOT_FOUND", f"Agent '{agent.id}' has no channel {ref or kind!r}")
        return known

    # who answers

    def phone_owner(self, number: str, *, dev: bool = False) -> Agent | None:
        """Find the online agent with that number among its phone channels."""
        for agent in self._agents.values():
            if agent.link is not None and _is_dev(agent) is dev:
                channel = agent.channel(number)
                if channel is not None and channel.type == "phone":
                    return agent
        return None

    def whatsapp_owner(self, ref: str) -> Agent | None:
        """Find the online agent with that WhatsApp phone-number id or public number."""
        for agent in self._agents.values():
            channel = agent.channel(ref) if agent.link is not None else None
            if channel is not None and channel.type == "whatsapp":
                return agent
        return None

    def answers(self, to: str, from_: str) -> Owner | None:
        """Find the owner for a phone call: a line, then a developer's agent, then the number's agent."""
        line = self.lines.get(to)
        if line is not None and line.link is not None:
            return line
        return self.dev_agent(from_) or self.phone_owner(to, dev=True) or self.phone_owner(to)

    def dev_agent(self, caller: str) -> Agent | None:
        """Find the agent of a connection that claimed this caller with ``dev.config``."""
        for agent in self._agents.values():
            if agent.link is not None and caller in agent.link.callers:
                return agent
        return None

    def numbers(self) -> list[str]:
        """List every number with an owner online."""
        refs = [
            c.ref for a in self.agents if a.link for c in a.channels if c.type == "phone" and c.ref
        ]
        return refs + [n for n, line in self.lines.items() if line.link]


def _is_dev(agent: Agent) -> bool:
    return agent.id.startswith("dev-")
