"""When a call is saved, what a contact gets back, and that a store never harms a call."""

from __future__ import annotations

import json
import threading
from typing import Any

import attrs
import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.calls.call import CallBase
from pinecall.core.engine import Engine
from pinecall.core.history.historian import Historian
from pinecall.core.history.record import (
    ConversationRecord,
    contact_of,
    record_of,
    restored_messages,
    same_contact,
)
from pinecall.core.history.store import check_store
from pinecall.core.kernel.job import Job
from pinecall.core.link.link import LinkSettings
from pinecall.errors import ConfigurationError, PinecallError

CALLER = "+34607827824"


class Front:
    """A front that runs nothing by itself."""

    coroutines = True

    def __init__(self) -> None:
        self.guard = threading.RLock()

    def wake(self) -> None:
        """Nobody sleeps here."""

    def make_agent(self, engine: Engine, agent_id: str) -> AgentBase:
        return AgentBase(engine, agent_id)

    def make_call(self, engine: Engine, agent: AgentBase, call_id: str, **facts: Any) -> CallBase:
        return CallBase(engine, agent, call_id, **facts)

    def epoch(self) -> float:
        return 1000.0


class Store:
    """A store that remembers the records it gets, and returns what a test sets."""

    def __init__(self, found: Any = ()) -> None:
        self.found = found
        self.saved: list[ConversationRecord] = []
        self.asked: list[tuple[Any, ...]] = []
        self.error: Exception | None = None

    def save(self, record: ConversationRecord) -> None:
        if self.error is not None:
            raise self.error
        self.saved.append(record)

    def find_by_contact(self, contact: str, limit: int) -> Any:
        self.asked.append((contact, limit))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class World:
    """One connected session with one agent and one call; time is an integer or so."""

    def __init__(self, store: Any, **facts: Any) -> None:
        self.now = 1.0
        self.errors: list[PinecallError] = []
        self.engine = Engine(
            LinkSettings(url=lambda: "ws://x", api_key=lambda: "pk_test_key"),
            Front(),  # type: ignore[arg-type]
            random=lambda: 0.5,
        )
        self.engine.handlers.add("error", self.errors.append)
        self.agent = AgentBase(self.engine, "mara")
        self.engine.registry.add_agent(self.agent)
        self.engine.connect()
        self.engine.opened(self.engine.link.generation, self.now)
        self.receive({"event": "connected", "org_id": "org"})
        self.receive({"event": "agent.created", "agent_id": "mara"})
        self.engine.outgoing()
        self.call = CallBase(
            self.engine,
            self.agent,
            "CA1",
            **{"from_": CALLER, "to": "+13186330963", "transport": "phone", **facts},
        )
        self.engine.start_call(self.call)
        self.store = store
        self.historian = Historian(self.engine, self.call, store, clock=lambda: 1000.0)

    def receive(self, frame: dict[str, Any]) -> None:
        self.engine.receive(json.dumps(frame), self.now)

    def jobs(self) -> list[Job]:
        """What is to be run now; handlers of ``error`` are called on the way."""
        jobs = []
        for delivery in self.engine.deliveries():
            if isinstance(delivery, Job):
                jobs.append(delivery)
            else:
                for handler in delivery.handlers:
                    assert handler.function is not None
                    handler.function(*delivery.args)
        return jobs

    def run(self) -> int:
        """Run jobs until there are none; how many there were."""
        count = 0
        while jobs := self.jobs():
            for job in jobs:
                count += 1
                try:
                    result = job.function()
                except Exception as exc:
                    job.failed(exc)
                else:
                    job.finished(result)
        return count

    def say(self, role: str, content: str) -> None:
        self.call._conversation.remember(role, content)
        self.historian.changed()

    def wait(self, seconds: float) -> None:
        self.engine.deadline(self.now)
        self.now += seconds
        self.engine.tick(self.now)

    def end(self, reason: str = "hangup") -> None:
        self.call._finish(reason)
        self.historian.ended()

    def frames(self, event: str = "history.set") -> list[dict[str, Any]]:
        frames = [json.loads(text) for text in self.engine.outgoing()]
        return [frame for frame in frames if frame["event"] == event]


def past(number: int, *contents: str, **facts: Any) -> ConversationRecord:
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(contents)]
    given = {"agent_id": "mara", "channel": "phone", "contact": CALLER, "messages": messages}
    return ConversationRecord(
        call_id=f"old-{number}", started_at=float(number), **{**given, **facts}
    )


# -- saving -------------------------------------------------------------------------------------


def test_saved_at_the_start_after_a_change_and_at_the_end() -> None:
    """A store gets the call as active at its start and 0.2 s after a change, then as ended."""
    world = World(Store())
    world.historian.started()
    world.run()
    world.say("user", "hello")
    world.wait(0.1)
    assert world.run() == 0
    world.wait(0.1)
    world.run()
    world.end()
    world.run()
    assert [(r.status, len(r.messages)) for r in world.store.saved] == [
        ("active", 0),
        ("active", 1),
        ("ended", 1),
    ]
    assert world.store.saved[-1].reason == "hangup"


def test_a_burst_is_one_save() -> None:
    """Messages closer together than 0.2 s are saved once, 0.2 s after the last."""
    world = World(Store())
    world.historian.started()
    world.run()
    for number in range(10):
        world.say("user", str(number))
        world.wait(0.15)
        assert world.run() == 0
    world.wait(0.1)
    assert world.run() == 1
    assert len(world.store.saved[-1].messages) == 10


def test_changes_during_a_save_become_one_more_save() -> None:
    """One job at a time: what changes while a save runs is saved when it is done, once."""
    world = World(Store())
    world.store.find_by_contact = None
    world.historian.started()
    (first,) = world.jobs()
    for number in range(3):
        world.say("user", str(number))
        world.wait(1.0)
    assert world.jobs() == []
    first.finished(None)
    (second,) = world.jobs()
    second.function()
    second.finished(None)
    assert world.jobs() == []
    assert len(world.store.saved[-1].messages) == 3


def test_the_end_waits_for_a_running_save_and_is_last() -> None:
    """The final save comes after the one that runs, and nothing is saved after it."""
    world = World(Store())
    world.store.find_by_contact = None
    world.historian.started()
    (first,) = world.jobs()
    world.say("user", "bye")
    world.end()
    assert world.jobs() == []
    first.function()
    first.finished(None)
    world.run()
    world.historian.changed()
    world.historian.ended()
    world.wait(60.0)
    assert world.run() == 0
    assert [r.status for r in world.store.saved] == ["active", "ended"]


def test_a_record_is_a_snapshot() -> None:
    """What happens after a save was asked for does not show in its record."""
    world = World(Store())
    world.call._conversation.remember("user", "one", "m1")
    record = record_of(world.call)
    world.call._conversation.remember("user", "two", "m1")
    world.call._conversation.remember("assistant", "three")
    assert record.messages == record.transcript == [{"role": "user", "content": "one"}]


def test_record_facts() -> None:
    """A record holds the call's facts; times are the server's where it gave any."""
    world = World(Store(), metadata={"plan": "gold"}, language="es")
    world.call._conversation.messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "t"}]},
        {"role": "tool", "tool_call_id": "t", "content": "{}"},
        {"role": "assistant", "content": "ok"},
    ]
    early = record_of(world.call, started_at=5.0)
    assert (early.started_at, early.ended_at, early.duration) == (5.0, 0.0, 0.0)
    world.call._finish("connection_lost")
    lost = record_of(world.call, started_at=5.0, ended_at=8.0)
    assert (lost.started_at, lost.ended_at, lost.duration) == (5.0, 8.0, 3.0)
    world.call.started_at, world.call.ended_at, world.call.duration = 6.0, 10.0, 3.5
    final = record_of(world.call, started_at=5.0, ended_at=8.0)
    assert (final.started_at, final.ended_at, final.duration) == (6.0, 10.0, 3.5)
    assert (final.call_id, final.agent_id, final.channel) == ("CA1", "mara", "phone")
    assert (final.from_, final.contact, final.language) == (CALLER, CALLER, "es")
    assert final.metadata == {"plan": "gold"}
    assert [m["content"] for m in final.transcript] == ["hi", "ok"]
    assert len(final.messages) == 4
    assert "hi" not in repr(final)


# -- contacts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "direction", "from_", "to", "metadata", "contact"),
    [
        ("phone", "inbound", CALLER, "+1318", {}, CALLER),
        ("phone", "inbound", "34607827824", "+1318", {}, CALLER),
        ("phone", "outbound", "+13186330963", CALLER, {}, CALLER),
        ("phone", "inbound", CALLER, "", {"userId": "ana"}, "ana"),
        ("webrtc", "inbound", "webrtc", "mara", {"userId": 7}, "7"),
        ("phone", "inbound", "sip:ana@pbx.example;tag=1", "", {}, "sip:ana@pbx.example"),
        ("whatsapp", "inbound", "5491155551234", "mara", {}, "5491155551234"),
        ("whatsapp", "inbound", "+5491155551234", "mara", {}, "5491155551234"),
    ],
)
def test_contact(
    channel: str, direction: str, from_: str, to: str, metadata: dict[str, Any], contact: str
) -> None:
    """The contact is metadata.userId, else the other side's number."""
    assert contact_of(channel, direction, from_, to, metadata) == contact


@pytest.mark.parametrize(
    ("channel", "from_", "metadata"),
    [
        ("webrtc", "webrtc", {}),
        ("webrtc", CALLER, {}),
        ("chat", "chat", {}),
        ("chat", "chat", {"userId": "undefined"}),
        ("chat", "chat", {"userId": " "}),
        ("chat", "chat", {"userId": True}),
        ("chat", "chat", {"userId": {"id": 1}}),
        ("unknown", CALLER, {}),
        ("phone", "", {}),
        ("phone", "anonymous", {}),
        ("phone", "+266696687", {}),
        ("phone", "sip:anonymous@anonymous.invalid", {}),
        ("phone", "sip:pbx.example", {}),
        ("whatsapp", "", {}),
        ("whatsapp", "whatsapp", {}),
    ],
)
def test_no_contact(channel: str, from_: str, metadata: dict[str, Any]) -> None:
    """What many people share (webrtc, chat, a withheld number) is nobody's contact: the store is
    not even asked."""
    assert contact_of(channel, "inbound", from_, "mara", metadata) is None
    world = World(Store([past(1, "secret")]), from_=from_, transport=channel, metadata=metadata)
    world.historian.started()
    world.run()
    assert world.store.asked == []
    assert world.frames() == []


# -- restoring ----------------------------------------------------------------------------------


def test_a_returning_contact_gets_its_history() -> None:
    """The last conversations go to the model with one history.set, before the first save."""
    world = World(Store([past(2, "c", "d"), past(1, "a", "b")]))
    world.historian.started()
    world.run()
    assert world.store.asked == [(CALLER, 5)]
    (frame,) = world.frames()
    assert frame["call_id"] == "CA1"
    assert [m["content"] for m in frame["messages"]] == ["a", "b", "c", "d"]
    assert [r.status for r in world.store.saved] == ["active"]
    assert world.call.messages == []


def test_restored_messages_bounds() -> None:
    """At most 5 conversations, oldest first, and 20 messages, of user and assistant, text only."""
    records = [past(n, f"u{n}", f"a{n}") for n in (3, 7, 1, 5, 2, 6, 4)]
    expected = [f"{role}{n}" for n in (3, 4, 5, 6, 7) for role in "ua"]
    assert [m["content"] for m in restored_messages(records)] == expected
    long = past(9, *[str(n) for n in range(30)])
    assert [m["content"] for m in restored_messages([long])] == [str(n) for n in range(10, 30)]
    tools = [
        {"role": "system", "content": "s"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "t"},
        {"role": "assistant", "content": "done", "tool_calls": [{"id": "t"}]},
    ]
    assert restored_messages([past(1, messages=tools)]) == [
        {"role": "assistant", "content": "done"}
    ]


def test_without_times_the_store_gives_the_newest_first() -> None:
    """Records without times are taken to come newest first."""
    records = [past(0, str(n)) for n in range(7)]
    assert [m["content"] for m in restored_messages(records)] == ["4", "3", "2", "1", "0"]


def test_what_the_call_contains_is_not_replaced() -> None:
    """Nothing is restored once the contact has spoken, or the program wrote the history itself."""
    spoken = World(Store([past(1, "a")]))
    spoken.historian.started()
    spoken.say("user", "hello")
    spoken.run()
    written = World(Store([past(1, "a")]))
    written.historian.started()
    written.historian.written()
    written.run()
    assert spoken.frames() == written.frames() == []


def test_a_greeting_stays_behind_what_is_restored() -> None:
    """A greeting spoken during the lookup hinders no restore, and is part of the conversation."""
    world = World(Store([past(1, "a", "b")]))
    world.historian.started()
    world.say("assistant", "Good evening.")
    world.run()
    (frame,) = world.frames()
    assert [m["content"] for m in frame["messages"]] == ["a", "b", "Good evening."]
    world.call._conversation.messages = list(frame["messages"])
    world.end()
    world.run()
    assert [m["content"] for m in world.store.saved[-1].messages] == ["Good evening."]


def test_a_tool_call_is_no_greeting() -> None:
    """Where the model has already called a tool, the conversation has gone on."""
    world = World(Store([past(1, "a", "b")]))
    world.historian.started()
    world.call.messages.append({"role": "assistant", "content": None, "tool_calls": []})
    world.run()
    assert world.frames() == []


def test_a_call_that_begins_with_messages_asks_for_nothing() -> None:
    """A call that already contains something is only saved."""
    world = World(Store([past(1, "a")]))
    world.call._conversation.remember("user", "hello")
    world.historian.started()
    world.run()
    assert world.store.asked == []
    assert len(world.store.saved) == 1


def test_others_are_filtered_out() -> None:
    """Whatever a store finds: another contact's, another agent's, this call's own and another kind
    of key's conversations are not restored."""
    mine = past(1, "mine")
    foreign = [
        past(2, "other number", contact="+34600000000"),
        past(3, "other agent", agent_id="bank"),
        past(4, "user id like the number", metadata={"userId": CALLER}),
        past(5, "other channel", channel="whatsapp"),
    ]
    own = ConversationRecord(call_id="CA1", agent_id="mara", channel="phone", contact=CALLER)
    world = World(Store([*foreign, own, mine]))
    world.historian.started()
    world.run()
    (frame,) = world.frames()
    assert [m["content"] for m in frame["messages"]] == ["mine"]
    nobody = past(6, contact=None)
    assert not same_contact(past(7, contact=None), nobody)


def test_a_record_says_nothing_that_it_was_not_given() -> None:
    """What is not given is empty: an inbound call of an unknown kind that is not over."""
    record = ConversationRecord(call_id="CA1", agent_id="mara")
    assert attrs.asdict(record) == {
        "call_id": "CA1",
        "agent_id": "mara",
        "channel": "unknown",
        "direction": "inbound",
        "from_": "",
        "to": "",
        "contact": None,
        "started_at": 0.0,
        "ended_at": 0.0,
        "duration": 0.0,
        "reason": "",
        "status": "active",
        "transcript": [],
        "messages": [],
        "metadata": {},
        "language": None,
    }
    assert record.messages is not ConversationRecord(call_id="CA2", agent_id="mara").messages


@pytest.mark.parametrize(
    "odd", [{"agent_id": "mara"}, {"call_id": "old"}, {"agent_id": "mara", "call_id": 5}]
)
def test_a_dict_that_is_no_record(odd: dict[str, Any]) -> None:
    """A dict that does not say which call of which agent it was is reported, not guessed at."""
    world = World(Store([odd]))
    world.historian.started()
    world.run()
    assert world.frames() == []
    assert "not dict" in str(world.errors[0])


def test_a_user_id_holds_across_channels() -> None:
    """The same userId is the same contact on the phone and in the browser."""
    user = {"contact": "ana", "metadata": {"userId": "ana"}}
    world = World(Store([past(1, "hi", **user)]), transport="webrtc", metadata={"userId": "ana"})
    world.historian.started()
    world.run()
    assert len(world.frames()) == 1


def test_dicts_are_records_too() -> None:
    """A store may give back dicts with a record's fields; anything else is reported."""
    plain = {
        "call_id": "old", "agent_id": "mara", "channel": "phone", "contact": CALLER,
        "messages": [{"role": "user", "content": "a"}], "saved_by": "me",
    }  # fmt: skip
    world = World(Store([plain]))
    world.historian.started()
    world.run()
    assert len(world.frames()) == 1
    wrong = World(Store(["a text"]))
    wrong.historian.started()
    wrong.run()
    assert wrong.frames() == []
    assert [type(error) for error in wrong.errors] == [ConfigurationError]
    assert len(wrong.store.saved) == 1


def test_restored_messages_are_not_saved_again() -> None:
    """The server's final messages begin with what was restored: the record leaves that out."""
    world = World(Store([past(1, "a", "b")]))
    world.historian.started()
    world.run()
    system = {"role": "system", "content": "s"}
    new = {"role": "user", "content": "new"}
    (frame,) = world.frames()
    world.call._conversation.messages = [system, *frame["messages"], new]
    world.end()
    world.run()
    assert world.store.saved[-1].messages == [system, new]
    assert world.store.saved[-1].transcript == [new]


def test_a_refused_restore_is_reported_and_saved_as_said() -> None:
    """When the server refuses history.set, nothing is left out of the record."""
    world = World(Store([past(1, "a")]))
    world.historian.started()
    world.run()
    (frame,) = world.frames()
    world.receive(
        {
            "event": "history.updated",
            "call_id": "CA1",
            "request_id": frame["request_id"],
            "error": "no model",
        }
    )
    world.run()
    assert "no model" in str(world.errors[0])
    world.call._conversation.messages = [{"role": "user", "content": "a"}]
    world.end()
    world.run()
    assert len(world.store.saved[-1].messages) == 1


def test_the_agent_id_is_given_where_it_is_taken() -> None:
    """A store whose find_by_contact takes agent_id looks only for this agent's conversations."""
    seen: list[Any] = []

    class Narrow(Store):
        def find_by_contact(
            self, contact: str, limit: int, *, agent_id: str | None = None
        ) -> list[ConversationRecord]:
            seen.append((contact, limit, agent_id))
            return []

    world = World(Narrow())
    world.historian.started()
    world.run()
    assert seen == [(CALLER, 5, "mara")]


# -- through the frames -------------------------------------------------------------------------


def test_a_call_from_its_frames() -> None:
    """From call.started to call.ended: looked up, saved while it runs, saved once as ended with the
    server's messages and figures."""
    world = World(Store([past(1, "before")]))
    world.agent.configure(history=world.store)
    about = {"agent_id": "mara", "call_id": "CA2"}
    started = {"event": "call.started", "from": CALLER, "to": "+1", "transport": "phone"}
    world.receive({**started, **about, "direction": "inbound"})
    world.run()
    assert [f["call_id"] for f in world.frames()] == ["CA2"]
    world.receive({"event": "user.message", **about, "text": "hello", "message_id": "m1"})
    world.receive({"event": "message.confirmed", **about, "text": "hi", "message_id": "m2"})
    world.wait(0.5)
    world.run()
    final = [{"role": "user", "content": "before"}, {"role": "user", "content": "hello?"}]
    ended = {"event": "call.ended", "reason": "hangup", "duration_seconds": 4.5}
    world.receive({**ended, **about, "started_at": 2000.0, "ended_at": 2004.5, "messages": final})
    world.receive({**ended, **about, "messages": final})
    world.wait(10.0)
    world.run()
    assert [(r.status, r.started_at) for r in world.store.saved] == [
        ("active", 1000.0),
        ("active", 1000.0),
        ("ended", 2000.0),
    ]
    assert [m["content"] for m in world.store.saved[1].transcript] == ["hello", "hi"]
    assert [m["content"] for m in world.store.saved[2].transcript] == ["hello", "hi"]
    assert (world.store.saved[2].reason, world.store.saved[2].duration) == ("hangup", 4.5)


def test_a_program_that_writes_the_history_is_not_overruled() -> None:
    """When call.started's handler sets the history itself, what the store finds stays out of it."""
    world = World(Store([past(1, "before")]))
    world.agent.configure(history=world.store)
    about = {"agent_id": "mara", "call_id": "CA2", "from": CALLER, "to": "+1", "transport": "phone"}
    world.receive({"event": "call.started", **about, "direction": "inbound"})
    call = world.engine.registry.calls["CA2"]
    call._ask_change("history.set", messages=[{"role": "user", "content": "mine"}])
    world.run()
    assert [f["messages"][0]["content"] for f in world.frames()] == ["mine"]


# -- stores that fail ---------------------------------------------------------------------------


def test_a_failing_save_is_reported_once_and_again_at_the_end() -> None:
    """A store that is away is reported at the first failure and when the record is lost."""
    world = World(Store())
    world.store.error = OSError("disk gone")
    world.historian.started()
    world.run()
    for text in ("a", "b"):
        world.say("user", text)
        world.wait(1.0)
        world.run()
    assert len(world.errors) == 1
    world.end()
    world.run()
    assert len(world.errors) == 2
    assert "disk gone" in str(world.errors[0])
    assert (world.errors[0].call_id, world.errors[0].agent_id) == ("CA1", "mara")


def test_a_store_that_recovers_gets_everything() -> None:
    """A failed save loses nothing: the next one holds the whole conversation."""
    world = World(Store())
    world.store.error = OSError("busy")
    world.historian.started()
    world.run()
    world.say("user", "a")
    world.store.error = None
    world.wait(1.0)
    world.run()
    assert len(world.store.saved) == 1
    assert len(world.store.saved[0].messages) == 1


def test_what_changed_during_a_save_that_fails_is_saved() -> None:
    """A save that fails does not hold up the one that waits for it."""
    world = World(Store())
    world.store.find_by_contact = None
    world.historian.started()
    (first,) = world.jobs()
    world.say("user", "a")
    world.wait(1.0)
    assert world.jobs() == []
    first.failed(OSError("busy"))
    world.run()
    assert [len(record.messages) for record in world.store.saved] == [1]


def test_a_method_whose_parameters_are_unknown() -> None:
    """A find_by_contact without a readable signature gets the contact and the limit alone."""

    class Opaque(Store):
        @property
        def find_by_contact(self) -> Any:  # type: ignore[override]
            return _Untold(self.asked)

    world = World(Opaque())
    world.historian.started()
    world.run()
    assert world.store.asked == [(CALLER, 5)]
    assert len(world.store.saved) == 1


class _Untold:
    """Callable, and its signature is nonsense, as that of some compiled functions."""

    __signature__ = "(...)"

    def __init__(self, asked: list[tuple[Any, ...]]) -> None:
        self._asked = asked

    def __call__(self, *arguments: Any) -> list[Any]:
        self._asked.append(arguments)
        return []


def test_a_failing_lookup_is_reported_and_the_call_is_saved() -> None:
    """When find_by_contact raises, the call goes on without history, and is saved."""
    world = World(Store(RuntimeError("no table")))
    world.historian.started()
    world.run()
    assert "no table" in str(world.errors[0])
    assert len(world.store.saved) == 1


def test_a_lookup_that_hangs_is_given_up() -> None:
    """After 5 s the lookup is stopped and reported; a late result restores nothing."""
    stopped: list[int] = []
    world = World(Store([past(1, "a")]))
    world.historian.started()
    (find,) = world.jobs()
    find.stop = lambda: stopped.append(1)
    world.wait(5.0)
    world.run()
    assert [error.code for error in world.errors] == ["HISTORY_SLOW"]
    find.finished([past(1, "a")])
    world.run()
    assert stopped == [1]
    assert world.frames() == []
    assert [r.status for r in world.store.saved] == ["active"]


def test_a_save_that_hangs_is_reported() -> None:
    """A save that has not returned after 10 s is named; the next waits for it all the same."""
    world = World(Store())
    world.store.find_by_contact = None
    world.historian.started()
    (save,) = world.jobs()
    world.wait(10.0)
    assert world.jobs() == []
    assert [error.code for error in world.errors] == ["HISTORY_SLOW"]
    world.end()
    assert world.jobs() == []
    save.finished(None)
    assert world.run() == 1


def test_the_end_of_the_call_ends_the_lookup() -> None:
    """A call that ends while its contact is looked up is saved as ended, and restores nothing."""
    world = World(Store([past(1, "a")]))
    world.historian.started()
    (find,) = world.jobs()
    world.end()
    world.run()
    find.finished([past(1, "a")])
    world.run()
    assert find.over
    assert [r.status for r in world.store.saved] == ["ended"]
    assert world.frames() == []


def test_coroutine_and_plain_methods() -> None:
    """Coroutine methods run on the loop, plain ones in a thread; blocking fronts refuse the former
    when the agent is configured."""

    class Coroutines:
        async def save(self, record: ConversationRecord) -> None: ...

    world = World(Coroutines())
    world.historian.started()
    (job,) = world.jobs()
    assert (job.coroutine, job.threaded) == (True, False)
    plain = World(Store())
    plain.historian.started()
    (job,) = plain.jobs()
    assert (job.coroutine, job.threaded) == (False, True)
    check_store(Coroutines(), "mara", coroutines=True)
    check_store(Store(), "mara", coroutines=False)
    with pytest.raises(ConfigurationError, match=r"'mara': history.save is an 'async def'"):
        check_store(Coroutines(), "mara", coroutines=False)


def test_an_awaitable_in_disguise_is_reported() -> None:
    """Where nothing can wait for it, a result that is an awaitable is an error, not a lost save."""

    class Disguised:
        def __init__(self, result: Any) -> None:
            self.result = result

        def save(self, record: ConversationRecord) -> Any:
            async def later() -> None: ...

            return self.result or later()

    class Later:
        def __await__(self) -> Any:
            return iter(())

    for result in (None, Later()):
        world = World(Disguised(result))
        world.historian.started()
        world.run()
        assert "awaitable" in str(world.errors[0])


def test_begin() -> None:
    """An agent without a store has no historian; with one, the historian is at work at once."""
    world = World(Store())
    world.call._begin_history(None)
    assert world.jobs() == []
    world.call._begin_history(world.store)
    assert [job.label for job in world.jobs()] == ["history.find_by_contact"]
