"""The people of one run: who is in which call, and what they did, as the lines of a test."""

from __future__ import annotations

from ..call import Call
from ..failing import ExpectationFailed, picture
from ..stage import Stage
from .watching import Watch

__all__ = ["NAMES", "Found", "People", "speaks"]

NAMES = ("Anouk", "Benno", "Cosima", "Dorte", "Emmerich")


class Found(ExpectationFailed):
    """What a machine found."""

    __module__ = "pinecall.testing"
    __qualname__ = "ExpectationFailed"


class People:
    """Callers with a name and a number of their own; each is in one call at a time."""

    def __init__(self, stage: Stage, watch: Watch) -> None:
        #: The last call of each.
        self.calls: dict[str, Call] = {}
        self._stage = stage
        self._watch = watch
        self._script: list[str] = []
        self._ways: list[tuple[str, str]] = []

    def find_ways(self, machine: str, number: str | None, agent: str | None) -> None:
        """Find how the program can be called: by this number, or this agent, or anyhow."""
        registry = self._stage.world.runner.core.registry
        if number is not None:
            ways = [("phone", number)]
        else:
            ways = [] if agent is not None else [("phone", one) for one in registry.numbers()]
        if agent is not None or number is None:
            ways += [
                ("chat" if channel.type == "chat" else "webrtc", held.id)
                for held in registry.agents if agent in (None, held.id)
                for channel in held.channels if channel.type in ("chat", "webrtc", "mic")
            ]  # fmt: skip
        if not ways:
            wanted = f" to {agent!r}" if agent is not None else ""
            raise ExpectationFailed(
                f"{machine}: no way{wanted} for a caller, no number, 'webrtc' or 'chat' channel; "
                f"deployed: {self._stage.deployed()}"
            )
        self._ways = ways

    def of(self, who: str, way: int = 0) -> Call:
        """Return somebody's call; let them call if they are in none."""
        call = self.calls.get(who)
        if call is not None and not call.over:
            return call
        kind, to = self._ways[way % len(self._ways)]
        number = f"+1555010000{NAMES.index(who) + 1}"
        if kind == "chat":
            self.line(f"{who.lower()} = caller.chats({to!r})")
            call = self._stage.caller.chats(to)
        else:
            self.line(f"{who.lower()} = caller.phones({to!r}, {number!r})")
            call = self._stage.caller.phones(to, number)
        self.calls[who] = call
        self._watch.owners[call.id] = (who, number)
        return call

    def act(self, call: Call, who: str, verb: str, text: str) -> None:
        """Say something, with the caller's name at the end."""
        if call.over:
            return
        text = f"{text}, {who}"
        self.line(f"{who.lower()}.{verb}({text!r})")
        getattr(call, verb)(text)

    def line(self, text: str) -> None:
        """Note a line of the test."""
        self._script.append(text)

    def live(self) -> list[Call]:
        """The calls that go on."""
        return [call for call in self.calls.values() if not call.over]

    def last(self) -> Call | None:
        """The call that was begun last."""
        calls = self._stage.caller.calls
        return calls[-1] if calls else None

    def told(self, call: Call | None, what: str, why: str) -> Found:
        """Make the failure: what and why, the lines so far, and the call."""
        head, _, rest = picture(call.story if call else None, what, why).partition("\n")
        return Found("\n".join([head, "", *(f"    {line}" for line in self._script), rest]))


def speaks(call: Call) -> bool:
    """Whether it is a call with voices, not a chat."""
    return hasattr(call._session, "caller")
