"""Plays the platform's side of a saved call against the program, and checks what it sends."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ..failing import ExpectationFailed
from .comparing import IDS, differences, nearest_frame

if TYPE_CHECKING:
    from ..ground import Ground

__all__ = ["Replay"]

#: Seconds after its time in the trace by which the program must have sent a frame.
LATE = 5.0
#: Seconds after the last entry in which the program must send nothing more.
AFTER = 1.0

_decode = msgspec.json.decode
_encode = msgspec.json.encode


class Replay:
    """One trace, played once. ``run`` raises ExpectationFailed at the first difference."""

    def __init__(self, ground: Ground, trace: Any, name: str) -> None:
        self._world = ground.world
        self._ground = ground
        self._trace = trace
        self._name = name
        self._entries = list(trace.entries)
        #: What the program has sent for the call and what no entry has taken yet.
        self._sent: deque[dict[str, Any]] = deque()
        #: Ids that the program made: in the trace → now.
        self._made: dict[str, str] = {}
        #: Ids that the platform has told so far.
        self._told: set[str] = set()
        self._dialled = False
        #: A call log holds no commands but the results of tools.
        self._only = {"llm.tool_result"} if trace._facts.source == "log" else None

    def run(self) -> None:
        """Play it. Raises ExpectationFailed."""
        __tracebackhide__ = True
        if not self._entries:
            raise ExpectationFailed(f"replay({self._name!r}): the trace holds no frame to play")
        runner = self._world.runner
        runner.tap = self._take
        try:
            self._ground.settle()
            self._link()
            if self._trace.direction == "outbound":
                self._await_dial()
            began = self._world.now - self._entries[0].at
            for place, entry in enumerate(self._entries):
                if entry.way == "in":
                    self._world.run(lambda: False, began + entry.at)
                    self._learn(entry.frame)
                    self._link().push(_encode(self._renamed(entry.frame)).decode())
                    self._ground.settle()
                    self._check_surplus(place + 1)
                else:
                    self._expect(place, entry, began + entry.at)
            self._world.run(lambda: False, self._world.now + AFTER)
            self._ground.check()
            self._check_surplus(len(self._entries))
        finally:
            runner.tap = None

    # -- the program ----------------------------------------------------------------------------

    def _take(self, text: str) -> bool:
        """Take a message of the program if it is about the call; the server never sees it."""
        frame = _decode(text)
        if frame.get("event") == "call.dial" and frame.get("to") == self._trace.to:
            self._dialled = True
            return True
        if self._trace.call_id not in (frame.get("call_id"), frame.get("session_id")):
            return False
        if self._only is None or frame["event"] in self._only:
            self._sent.append(frame)
        return True

    def _link(self) -> Any:
        __tracebackhide__ = True
        registry = self._world.runner.core.registry
        found = next((a for a in registry.agents if a.id == self._trace.agent_id and a.link), None)
        if found is None:
            raise ExpectationFailed(
                f"replay({self._name!r}): the call is one of agent {self._trace.agent_id!r}; "
                f"deployed: {self._ground.deployed()}"
            )
        return self._world.runner.sinks[found.link.id]

    def _await_dial(self) -> None:
        __tracebackhide__ = True
        if not self._world.run(lambda: self._dialled, self._world.now + LATE):
            raise ExpectationFailed(
                f"replay({self._name!r}): the call is one that the program dials, and it has not "
                f"dialled {self._trace.to}; begin dial() before replay(), in a task or a thread"
            )

    # -- comparing ------------------------------------------------------------------------------

    def _expect(self, place: int, entry: Any, due: float) -> None:
        __tracebackhide__ = True
        found = self._world.run(lambda: bool(self._sent), max(due, self._world.now) + LATE)
        self._ground.check()
        wanted = entry.frame
        if not found:
            self._fail(place, f"the program did not send {entry.name}", [])
        # What runs side by side may be sent in another order.
        sent = next((f for f in self._sent if not self._differs(wanted, f)), self._sent[0])
        different = self._differs(wanted, sent)
        if sent["event"] != entry.name:
            later = [e.frame for e in self._entries[place:] if e.way == "out"]
            near = nearest_frame(sent, later)
            lines = [] if near is None else ["nearest in the trace:", *self._differs(near, sent)]
            self._fail(place, f"the program sent {sent['event']} instead of {entry.name}", lines)
        if different:
            self._fail(place, f"the program sent another {entry.name}", different)
        self._bind(wanted, sent)
        self._sent.remove(sent)

    def _check_surplus(self, place: int) -> None:
        """Fail if the program has sent a frame that is in the trace no more from ``place`` on."""
        __tracebackhide__ = True
        wanted = Counter(entry.name for entry in self._entries[place:] if entry.way == "out")
        for sent in self._sent:
            wanted[sent["event"]] -= 1
            if wanted[sent["event"]] < 0:
                near = nearest_frame(sent, [e.frame for e in self._entries if e.way == "out"])
                lines = (
                    [] if near is None else ["nearest in the trace:", *self._differs(near, sent)]
                )
                self._fail(place, f"the program sent {sent['event']} besides", lines)

    def _differs(self, wanted: dict[str, Any], sent: dict[str, Any]) -> list[str]:
        return differences(self._renamed(wanted, sent), sent)

    def _bind(self, wanted: Any, sent: Any) -> None:
        """Learn which ids the program has made this time."""
        for key, value in _ids(wanted):
            given = sent.get(key)
            if value not in self._told and isinstance(given, str):
                self._made[value] = given

    def _learn(self, frame: Any) -> None:
        self._told.update(value for _, value in _ids(frame) if value not in self._made)

    def _renamed(self, frame: dict[str, Any], sent: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a frame of the trace with the ids of this run. ``sent``: what its own ids are
        compared with, if it is the program that makes them."""
        named = _mapped(frame, lambda value: self._made.get(value, value))
        for key, value in _ids(frame):
            fresh = value not in self._told and value not in self._made
            if sent is not None and fresh and isinstance(sent.get(key), str):
                named[key] = sent[key]
        return named  # type: ignore[no-any-return]

    def _fail(self, place: int, why: str, lines: list[str]) -> None:
        __tracebackhide__ = True
        at = self._entries[min(place, len(self._entries) - 1)].at
        text = [f"replay({self._name!r}): {why}, at {at:.1f} s (entry {place + 1})", ""]
        text += [f"  {line}" for line in lines[:12]]
        text += ["", "the call so far, as it was:", *self._so_far(place)]
        raise ExpectationFailed("\n".join(text))

    def _so_far(self, place: int) -> list[str]:
        shown = [
            f"{entry.at:7.1f} {'→' if entry.way == 'out' else '←'} {entry.name} {_gist(entry.frame)}"
            for entry in self._entries[:place]
            if entry.name not in ("bot.word", "user.speaking", "audio.metrics")
        ]
        return shown[-14:]


def _ids(frame: dict[str, Any]) -> list[tuple[str, str]]:
    """The ids at the top of a frame."""
    return [(key, v) for key, v in frame.items() if key in IDS and isinstance(v, str) and v]


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {
            key: change(one) if key in IDS and isinstance(one, str) else _mapped(one, change)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_mapped(one, change) for one in value]
    return value


def _gist(frame: dict[str, Any]) -> str:
    for key in ("text", "digit", "reason", "to"):
        if frame.get(key):
            return repr(frame[key])[:60]
    names = [one.get("name", "") for one in frame.get("tool_calls") or ()]
    return ", ".join(names)
