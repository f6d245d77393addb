"""Whatever happens in whatever order, the invariants hold."""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinecall.core.calls.call import CallBase
from pinecall.core.kernel.outcome import Outcome
from pinecall.core.link.link import Failure, Phase
from pinecall.errors import (
    CallEnded,
    DialError,
    NotConnected,
    PinecallError,
    RegistrationError,
)
from pinecall.options import ReconnectPolicy
from pinecall.tools import tool

from .harness import KEY, Wire, check_command

NUMBER = "+13186330963"
CALLS = ("CA1", "CA2")
IDLE_STATES = {"idle", "closed"}


@tool
def lookup(order: str = "") -> str:
    """Look it up."""
    return order


def frame(event: str, **fields: Any) -> dict[str, Any]:
    return {"event": event, **fields}


ROUND = [{"id": "t0", "name": "lookup", "arguments": "{}"}]

#: What a server may say, in season or out of it.
FRAMES: list[dict[str, Any] | str] = [
    frame("connected", org_id="o"),
    frame("connected", org_id="o"),
    frame("agent.created", agent_id="mara"),
    frame("agent.created", agent_id="mara"),
    frame("error", code="INVALID_KEY", error="no"),
    frame("error", code="SERVER_AT_CAPACITY", error="full"),
    frame("error", agent_id="mara", code="AGENT_CONFLICT", error="held"),
    frame("error", agent_id="mara", code="AGENT_CONFLICT", error="held", holder_alive=False),
    frame("error", agent_id="mara", code="REGISTRATION_ERROR", error="no"),
    frame("error", agent_id="mara", code="PHONE_IN_USE", error="no", phone=NUMBER),
    frame("error", agent_id="mara", error="odd"),
    frame("agent.displaced", agent_id="mara"),
    frame("ping"),
    frame("pong"),
    frame("history.updated", call_id="CA1", count=1),
    frame("history.data", call_id="CA1", messages=[]),
    frame("call.dialing", agent_id="mara", call_id="CD", to="+14155551234"),
    frame("call.started", agent_id="mara", call_id="CD", to="+14155551234", direction="outbound"),
    frame("call.ended", agent_id="mara", call_id="CD", reason="busy"),
    frame("call.error", agent_id="mara", call_id="CD", error="no"),
    "hello",
    '{"event":"call.started","call_id":5}',
    '{"event":"brand.new","agent_id":"mara"}',
]
for call_id in CALLS:
    ids = {"agent_id": "mara", "call_id": call_id}
    FRAMES += [
        frame("call.started", **ids, to=NUMBER, direction="inbound"),
        frame("call.started", **ids, to=NUMBER, direction="inbound"),
        frame("call.ended", **ids, reason="hangup"),
        frame("user.message", **ids, message_id="m1", text="hi"),
        frame("turn.continued", **ids),
        frame("bot.speaking", **ids, message_id="b1"),
        frame("bot.finished", **ids),
        frame("bot.interrupted", **ids),
        frame("llm.before", **ids, turn=1),
        frame("llm.tool_call", **ids, msg_id="r1", tool_calls=ROUND),
    ]

#: What may reach the server twice, when it is not known whether it arrived before the link was lost.
REPEATED = {"hangup", "tool"}
DURABLE = ["hangup", "forward", "tool", "message", "change"]
OTHERS = [
    "say",
    "stream",
    "ask",
    "dial",
    "configure",
    "pause",
    "resume",
    "channel",
    "unchannel",
    "give_up",
]
#: A server answers a ping when it has read it, and in no other case: see World.arrive.
SAID = [f for f in FRAMES if f != frame("pong")]
STARTS = [f for f in FRAMES if isinstance(f, dict) and f["event"] == "call.started"]
LIVE = [f for f in FRAMES if isinstance(f, dict) and f.get("call_id") in CALLS]


def verb_step(verbs: list[str]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just("verb"), st.tuples(st.sampled_from(verbs), st.sampled_from(CALLS)))


def lost_step(*codes: int | None) -> st.SearchStrategy[Any]:
    return st.tuples(
        st.just("lost"), st.tuples(st.integers(0, 1), st.sampled_from(codes), st.integers(0, 3))
    )


#: Likely steps stand here several times.
STEPS = st.one_of(
    st.tuples(st.just("connect"), st.none()),
    st.tuples(st.just("opened"), st.integers(0, 1)),
    st.tuples(st.just("failed"), st.tuples(st.integers(0, 1), st.booleans())),
    lost_step(None),
    lost_step(None),
    lost_step(None, 1000, 1006, 1008, 4001),
    st.tuples(st.just("after"), st.sampled_from([0.1, 0.5, 1, 3, 10])),
    st.tuples(st.just("after"), st.sampled_from([0.1, 0.5, 1, 31, 61])),
    st.tuples(st.just("blocked"), st.sampled_from([1, 45, 100])),
    st.tuples(st.just("arrive"), st.integers(1, 9)),
    st.tuples(st.just("server"), st.sampled_from(SAID)),
    st.tuples(st.just("server"), st.sampled_from(LIVE)),
    st.tuples(st.just("server"), st.sampled_from(STARTS)),
    st.tuples(st.just("up"), st.none()),
    st.tuples(st.just("up"), st.none()),
    verb_step(DURABLE),
    verb_step(DURABLE),
    verb_step(DURABLE),
    verb_step(OTHERS),
    verb_step([*OTHERS, "disconnect"]),
)


class World:
    """A client under test, and what it promised."""

    def __init__(self) -> None:
        self.wire = Wire(reconnect=ReconnectPolicy(), connect_timeout=10.0)
        self.wire.pc.agent("mara", tools=[lookup], phone_number=NUMBER)
        self.mara = self.wire.pc.agents["mara"]
        self.errors = self.wire.listen("error")
        self.outcomes: list[Outcome[Any]] = []
        self.generation = 0
        self.number = 0
        #: What was promised to be sent, by its mark: the verb, and the call or None.
        self.promised: dict[str, tuple[str, CallBase | None]] = {}
        #: The outcomes of changes by their mark, and those that were given up before they were sent.
        self.changes: dict[str, Outcome[Any]] = {}
        self.withdrawn: set[str] = set()
        #: Marks of what was given to a socket, and of what the server has read, once for each time.
        self.sent: list[str] = []
        self.arrived: list[str] = []
        #: Frames that the server has not read, of the connection with this generation.
        self.under_way: list[dict[str, Any]] = []
        self.connection = 0
        self.fresh = False

    # -- steps ----------------------------------------------------------------------------------

    def step(self, kind: str, detail: Any) -> None:
        wire = self.wire
        if kind == "connect":
            self.outcomes.append(wire.connect())
        elif kind == "opened":
            before = wire.link.phase
            wire.opened(wire.link.generation - detail)
            self.fresh = self.fresh or (before is Phase.OPENING and detail == 0)
        elif kind == "failed":
            back, retryable = detail
            wire.failed(Failure("tcp", "no", retryable=retryable), wire.link.generation - back)
        elif kind == "lost":
            back, code, read = detail
            self.read()
            self.arrive(read, answer=False)
            wire.lost(code, "", wire.link.generation - back)
        elif kind == "arrive":
            self.arrive(detail)
        elif kind == "after":
            wire.after(detail)
        elif kind == "blocked":
            wire.blocked(detail)
        elif kind == "server":
            wire.text(detail if isinstance(detail, str) else json.dumps(detail))
        elif kind == "up":
            self.up()
        else:
            try:
                self.verb(*detail)
            except (NotConnected, CallEnded, DialError, RegistrationError):
                pass
            wire.settle()
        self.check()

    def up(self) -> None:
        """As things go when nothing is wrong."""
        wire = self.wire
        if wire.pc.state in IDLE_STATES:
            wire.connect()
        if wire.link.phase is Phase.BACKOFF:
            due = wire.engine.deadline(wire.now)
            assert due is not None
            wire.at(due)
        if wire.link.phase is Phase.OPENING:
            wire.opened()
            self.fresh = True
            self.check()
        if wire.link.phase is Phase.AUTHENTICATING:
            wire.server("connected", org_id="o")
            wire.server("agent.created", agent_id="mara")

    def arrive(self, count: int, *, answer: bool = True) -> None:
        """The server reads some frames, in their order; its answers may be lost with the link."""
        read, self.under_way = self.under_way[:count], self.under_way[count:]
        for one in read:
            self.arrived += self.marks(one)
            if answer and one["event"] == "ping":
                self.wire.server("pong")
            elif answer and one.get("request_id"):
                ids = {"call_id": one["call_id"], "request_id": one["request_id"]}
                self.wire.server("history.updated", **ids, count=1)

    def marks(self, one: dict[str, Any]) -> set[str]:
        return {one.get(key) for key in ("reason", "message", "msg_id", "text")} & set(
            self.promised
        )

    def verb(self, verb: str, call_id: str) -> None:
        self.number += 1
        mark = f"mark{self.number}"
        self.read()
        if verb == "disconnect":
            self.arrive(len(self.under_way), answer=False)
            self.wire.engine.disconnect()
            self.wire.engine.socket_closed(clean=True)
        elif verb == "message":
            self.mara.send_message(mark, contact="1")
            self.promised[mark] = (verb, None)
        elif verb == "dial":
            outcome = self.mara._place_dial(
                "+14155551234", NUMBER, greeting=mark, metadata=None, config=None,
                detect_turn_end=False, timeout=30.0,
            )  # fmt: skip
            self.outcomes.append(outcome)
        elif verb == "configure":
            self.mara.configure(prompt=mark)
        elif verb == "pause":
            self.mara.pause(call_id)
        elif verb == "resume":
            self.mara.resume(call_id)
        elif verb == "channel":
            self.mara.add_channel("chat")
        elif verb == "unchannel" and "chat" in self.mara.channels:
            self.mara.remove_channel("chat")
        elif verb == "give_up" and self.outcomes:
            outcome = self.outcomes.pop()
            outcome.leave(lambda: None)
            mark = next((m for m, change in self.changes.items() if change is outcome), "")
            if mark not in self.sent:
                self.promised.pop(mark, None)
                self.withdrawn.add(mark)
        elif call_id in self.wire.engine.registry.calls:
            self.call_verb(verb, self.wire.engine.registry.calls[call_id], mark)

    def call_verb(self, verb: str, call: CallBase, mark: str) -> None:
        if verb == "hangup":
            call.hangup(reason=mark)
            self.promised[mark] = (verb, call)
        elif verb == "forward":
            call.forward("+15558675309", message=mark)
            self.promised[mark] = (verb, call)
        elif verb == "tool":
            call.tool_result(mark, [{"tool_call_id": "x", "result": 1}])
            self.promised[mark] = (verb, call)
        elif verb == "say":
            self.outcomes.append(call._speak("hello", "", None).outcome)
        elif verb == "stream":
            with call.reply_stream() as stream:
                stream.write("hello")
        elif verb == "ask":
            self.outcomes.append(call._ask_history())
        elif verb == "change":
            outcome = call._ask_change("history.add_context", text=mark)
            self.outcomes.append(outcome)
            self.changes[mark] = outcome
            self.promised[mark] = (verb, call)

    # -- invariants -----------------------------------------------------------------------------

    def check(self) -> None:
        link, session = self.wire.link, self.wire.engine
        assert link.state in {"idle", "connecting", "connected", "reconnecting", "closed"}
        assert link.generation >= self.generation
        self.generation = link.generation
        deadline = session.deadline(self.wire.now)
        if link.phase in (Phase.OPENING, Phase.AUTHENTICATING, Phase.BACKOFF, Phase.READY):
            assert deadline is not None, "nothing would ever happen"
        assert (link.phase is Phase.READY) == self.wire.pc.connected
        if link.phase is not Phase.READY:
            assert not self.mara.registered
        for call in session.registry.calls.values():
            assert not call._over
            assert call.status != "active" or link.phase is Phase.READY
        mistakes = [e for _, e in self.errors if "the SDK's own handling" in e.message]
        assert mistakes == []
        assert all(isinstance(error, PinecallError) for _, error in self.errors)
        self.read()

    def read(self) -> None:
        """What is on the wire."""
        if self.wire.link.generation != self.connection:
            self.connection = self.wire.link.generation
            self.under_way = []
        frames = [json.loads(text) for text in self.wire.engine.outgoing()]
        if not frames or self.wire.link.phase not in (Phase.AUTHENTICATING, Phase.READY):
            return
        for sent in frames:
            check_command(sent)
        if self.fresh:
            self.fresh = False
            assert frames[0] == {"event": "connect", "api_key": KEY}
            frames = frames[1:]
        assert "connect" not in {sent["event"] for sent in frames}
        for sent in frames:
            marks = {sent.get(key) for key in ("reason", "message", "msg_id", "text")}
            assert not marks & self.withdrawn, "what was given up was sent"
            self.sent += marks & set(self.promised)
        self.under_way += frames

    def end(self) -> None:
        """Everything that was promised is kept, and everything comes to an end."""
        wire = self.wire
        for _ in range(3):
            self.up()
            self.check()
        if wire.pc.connected:
            if not self.mara.registered:
                wire.server("agent.created", agent_id="mara")
            self.check()
            while self.under_way:
                self.arrive(len(self.under_way))
                self.check()
            self.check_promises()
            assert wire.engine.outbox.held == 0
        wire.engine.disconnect()
        wire.settle()
        assert wire.engine.registry.calls == {}
        assert len(wire.engine.timers) == 0
        assert len(wire.engine.requests) == 0
        assert all(outcome.done for outcome in self.outcomes)

    def settled(self, mark: str) -> bool:
        """A change that was answered (by any server's word), refused, failed or given up."""
        return mark in self.changes and self.changes[mark].done

    def check_promises(self) -> None:
        """Each has arrived, once, or its loss was reported."""
        told = [str(error) for _, error in self.errors if error.code == "NOT_CONFIRMED"]
        for mark, (verb, call) in self.promised.items():
            times = self.arrived.count(mark)
            assert times < 2 or verb in REPEATED, "a frame arrived twice"
            if times or (call is not None and call._over) or self.settled(mark):
                continue
            name = {"forward": "call.forward of call", "message": "session.send of agent"}.get(verb)
            about = next((t for t in told if name is not None and t.startswith(name)), None)
            assert about is not None, "a frame that was promised was lost without a word"
            told.remove(about)


#: The session that measures the coverage looks at more of them than those on each interpreter.
SCHEDULES = int(os.environ.get("SCHEDULES", "400"))


@settings(
    max_examples=SCHEDULES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=8, max_size=30))
def test_any_schedule(steps: list[tuple[str, Any]]) -> None:
    """Facts, frames and verbs in any order: nothing raises, the link is in a named state and never
    stuck, what was promised arrives or its loss is reported, and disconnect() leaves nothing."""
    world = World()
    world.up()
    world.wire.server("pong")  # it is a server that answers pings
    for call_id in CALLS:
        world.wire.call(world.mara, call_id)
    world.check()
    for kind, detail in steps:
        world.step(kind, detail)
    world.end()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is survived."""
    wire = Wire().up()
    wire.text(text)
    assert wire.pc.connected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.sampled_from([f for f in FRAMES if isinstance(f, dict)]),
    st.dictionaries(
        st.sampled_from(
            ["event", "agent_id", "call_id", "session_id", "message_id", "text", "turn", "reason",
             "messages", "metadata", "tool_calls", "msg_id", "from", "to", "retry_after_s", "phone"]
        ),
        JSON,
        max_size=4,
    ),
)  # fmt: skip
def test_any_fields(base: dict[str, Any], changes: dict[str, Any]) -> None:
    """Any frame with any values in its fields is survived, and is not reported as the SDK's own
    mistake."""
    wire = Wire()
    wire.call()
    told = wire.listen("error")
    wire.text(json.dumps({**base, **changes}))
    assert [e for _, e in told if "the SDK's own handling" in e.message] == []
    wire.server("ping")
    wire.engine.disconnect()
    wire.settle()
    assert wire.engine.registry.calls == {}
