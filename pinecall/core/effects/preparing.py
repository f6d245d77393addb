"""The waiting turn: ``llm.before`` → ``call.preparing`` handlers → ``llm.ready``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...events import LlmBefore
from ..agents.agent import AgentBase
from ..wire.limits import PREPARING

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle

__all__ = ["budget", "prepare"]

#: Seconds that the server waits: by default, if the agent opted in, and at most.
_DEFAULT, _OPTED_IN, _MOST = 0.15, 1.5, 5.0


def budget(preparing: bool | Mapping[str, Any] | None) -> float:
    """Return the seconds that the server holds the turn, from the agent's ``preparing``."""
    if isinstance(preparing, Mapping) and preparing.get("enabled") is not False:
        timeout = preparing.get("timeout_ms")
        return min(timeout / 1000, _MOST) if timeout is not None else _OPTED_IN
    return _OPTED_IN if preparing is True else _DEFAULT


def prepare(s: Lifecycle, event: LlmBefore, agent: Any, call: CallBase | None) -> None:
    """Run the handlers and send ``llm.ready``, at the latest when the server's budget ends."""
    frame: dict[str, Any] = {"event": "llm.ready", "call_id": event.call_id}
    frame["agent_id"] = agent.id if agent is not None else event.agent_id
    if event.turn is not None:
        frame["turn"] = event.turn
    timer = ("preparing", event.call_id, event.turn)
    generation = s.link.generation
    waiting = True

    def ready(_late: float = 0.0) -> None:
        nonlocal waiting
        if waiting:
            waiting = False
            s.timers.clear(timer)
            # The server does not wait on this connection for a turn of a former one.
            if s.link.ready and s.link.generation == generation:
                s.transmit(frame)

    if call is None or len(s.preparing) >= PREPARING:
        ready()
        return
    config = agent.config.preparing if isinstance(agent, AgentBase) else None
    s.timers.set(timer, budget(config), ready)
    s.preparing.add(ready)

    def done() -> None:
        s.preparing.discard(ready)
        ready()

    s.emit("call.preparing", (call,), event=event, agent=agent, call=call, done=done)
