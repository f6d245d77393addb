"""The agents, lines and calls of one client, found in constant time.

The server spells ids differently from the program (``org:slug``, or the slug alone), so each
spelling is resolved once and remembered.
"""

from __future__ import annotations

import re
import weakref
from collections import OrderedDict
from typing import Generic, TypeVar

from ...errors import ConfigurationError
from ..wire.limits import ENDED_REMEMBERED, MAX_ID, SPELLINGS_REMEMBERED
from .call_state import CallState
from .owner import Owner

__all__ = ["Registry", "slug"]

A = TypeVar("A", bound=Owner)  # an agent
L = TypeVar("L", bound=Owner)  # a line
C = TypeVar("C", bound=CallState)  # a call

_LINE = "line:"
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def slug(agent_id: str) -> str:
    """Return the server's form of an id: ``My Agent`` → ``my-agent``; empty for non-Latin text."""
    if _SLUG.fullmatch(agent_id):
        return agent_id
    text = re.sub(r"[_\s]+", "-", agent_id.strip().lower())
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "", text)).strip("-")


class Registry(Generic[A, L, C]):
    """One client's tables. A line's id is ``line:+12186633772``, its key here the number."""

    def __init__(self) -> None:
        self.agents: dict[str, A] = {}
        self.lines: dict[str, L] = {}
        self.calls: dict[str, C] = {}
        #: Lines that were destroyed, until the server confirms it.
        self.leaving: dict[str, L] = {}
        self._slugs: dict[str, A] = {}
        self._spellings: dict[str, A | L | None] = {}
        self._ended: OrderedDict[str, tuple[Owner, weakref.ref[C]]] = OrderedDict()

    # -- agents and lines -----------------------------------------------------------------------

    def add_agent(self, agent: A) -> None:
        key = slug(agent.id)
        other = self._slugs.get(key) if key else None
        if other is not None:
            raise ConfigurationError(
                f"agent {agent.id!r}: the server cannot tell it from {other.id!r} (both are "
                f"{key!r} there); choose another id",
                agent_id=agent.id,
            )
        self.agents[agent.id] = agent
        if key:
            self._slugs[key] = agent
        self._spellings.clear()

    def remove_agent(self, agent: A) -> None:
        del self.agents[agent.id]
        self._slugs.pop(slug(agent.id), None)
        self._spellings.clear()

    def add_line(self, line: L) -> None:
        self.lines[line.id[len(_LINE) :]] = line
        self._spellings.clear()

    def remove_line(self, line: L) -> None:
        self.lines.pop(line.id[len(_LINE) :], None)
        self._spellings.clear()

    def owner(self, agent_id: str | None) -> A | L | None:
        """Return the agent or line that the server means by ``agent_id``."""
        if not agent_id:
            return None
        try:
            return self._spellings[agent_id]
        except KeyError:
            pass
        found = self._resolve(agent_id)
        if len(agent_id) > MAX_ID:
            return found
        if len(self._spellings) >= SPELLINGS_REMEMBERED:
            self._spellings.clear()
        self._spellings[agent_id] = found
        return found

    def _resolve(self, agent_id: str) -> A | L | None:
        if agent_id in self.agents:
            return self.agents[agent_id]
        if agent_id.startswith(_LINE):
            return self.lines.get(agent_id[len(_LINE) :])
        bare = agent_id.partition(":")[2] or agent_id
        if bare in self.agents:
            return self.agents[bare]
        key = slug(bare)
        return self._slugs.get(key) if key else None

    # -- calls ----------------------------------------------------------------------------------

    def add_call(self, call: C) -> None:
        self.calls[call.id] = call
        call.agent._live_calls[call.id] = call

    def remove_call(self, call: C) -> None:
        self.calls.pop(call.id, None)
        call.agent._live_calls.pop(call.id, None)
        self._ended[call.id] = call.agent, weakref.ref(call)
        self._ended.move_to_end(call.id)
        if len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)

    def ended_owner(self, call_id: str) -> Owner | None:
        """Return the owner of a call that ended recently."""
        ended = self._ended.get(call_id)
        return ended[0] if ended else None

    def ended_call(self, call_id: str) -> C | None:
        """Return a call that ended recently, if somebody still holds it: a handler may run."""
        ended = self._ended.get(call_id)
        return ended[1]() if ended else None

    def revive(self, call_id: str) -> None:
        """Note that an ended call's id is in use again: a line's call went on to an agent."""
        self._ended.pop(call_id, None)
