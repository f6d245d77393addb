"""The base of both fronts' event streams: which events, and where a reader begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ..core.streams.filters import agent_filter, describe
from ..core.text.showing import shows

if TYPE_CHECKING:
    from ..core.calls.call import CallBase
    from ..core.streams.hub import Hub

__all__ = ["EventStreamBase", "query_id"]


class EventStreamBase:
    """The events of agents or of one call, for any number of readers."""

    def __init__(
        self,
        hub: Hub,
        agents: str | Iterable[str] | None = None,
        *,
        of_agent: str = "",
        call: CallBase | None = None,
        greeting: str | None = None,
        last_event_id: str = "",
    ) -> None:
        self.hub = hub
        self.agents = agent_filter(agents)
        self.of_agent = of_agent
        self.call = call
        self.greeting = greeting
        self.last_event_id = last_event_id
        self._prepare()

    def _prepare(self) -> None:
        """Called at the end of the construction, for a front to override."""

    def _options(self, last_event_id: str) -> dict[str, Any]:
        """Return the options of a reader that continues after this id."""
        return {
            "agents": self.agents,
            "of_agent": self.of_agent,
            "call": self.call,
            "greeting": self.greeting,
            "last_event_id": last_event_id or self.last_event_id,
        }

    def is_complete(self, last_event_id: str) -> bool:
        """Whether a browser with this id has received everything: it gets 204."""
        return self.hub.is_complete(self.call, last_event_id or self.last_event_id)

    @shows
    def __repr__(self) -> str:
        return f"<EventStream of {describe(self.call, self.of_agent, self.agents)}>"


def query_id(query: bytes | str) -> str:
    """Return ``last_event_id`` of a query string: a page sends it when it reopens a stream."""
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    return parse_qs(text).get("last_event_id", [""])[-1] if "last_event_id" in text else ""
