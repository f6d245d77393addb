"""A call: what it is made of, and its history in a store."""

from __future__ import annotations

from typing import Any

from pinecall.core.calls.call import CallBase
from pinecall.core.history.record import ConversationRecord

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


class Store:
    """A store that knows what it was given, and ``found`` of every contact."""

    def __init__(self, found: list[ConversationRecord] | None = None) -> None:
        self.found = found or []
        self.saved: list[ConversationRecord] = []

    def save(self, record: ConversationRecord) -> None:
        self.saved.append(record)

    def find_by_contact(self, contact: str, limit: int) -> list[ConversationRecord]:
        return self.found


EARLIER = ConversationRecord(
    call_id="CA0",
    agent_id="mara",
    channel="phone",
    contact="+15551230000",
    messages=[{"role": "user", "content": "Last week"}],
)


def test_defaults() -> None:
    """A call made of its ids alone is an active inbound call of unknown transport."""
    wire = Wire()
    mara = wire.agent()
    call = CallBase(wire.engine, mara, "CA1")
    assert (call.id, call.agent, call.status) == ("CA1", mara, "active")
    assert (call.from_, call.to, call.direction, call.transport) == ("", "", "inbound", "unknown")
    assert (call.metadata, call.language) == ({}, None)


def test_facts() -> None:
    """A call has the facts it is made with."""
    wire = Wire()
    facts: dict[str, Any] = {
        "from_": "+15551230000",
        "to": "+13186330963",
        "direction": "outbound",
        "transport": "phone",
        "metadata": {"tenant": "acme"},
        "language": "es",
        "status": "dialing",
    }
    call = CallBase(wire.engine, wire.agent(), "CA1", **facts)
    assert {name: getattr(call, name) for name in facts} == facts


def test_saved() -> None:
    """A call of an agent with a store is saved when it begins, after what is said, and when it ends."""
    wire = Wire()
    store = Store()
    wire.call(wire.agent(history=store))
    wire.server("user.message", **IDS, message_id="m1", text="Hi")
    wire.after(1)
    wire.server("call.ended", **IDS, reason="hangup")
    assert [(record.status, len(record.messages)) for record in store.saved] == [
        ("active", 0),
        ("active", 1),
        ("ended", 1),
    ]


def test_without_a_store() -> None:
    """A call of an agent without a store runs nothing when it begins, changes and ends."""
    wire = Wire()
    wire.hold_jobs = True
    call = wire.call()
    call._begin_history(None)
    call._ask_change("history.clear")
    wire.server("user.message", **IDS, message_id="m1", text="Hi")
    wire.after(1)
    wire.server("call.ended", **IDS, reason="hangup")
    assert wire.jobs == []
    assert call._over


def test_restored() -> None:
    """The contact's earlier messages in the store become the model's history."""
    wire = Wire()
    wire.call(wire.agent(history=Store([EARLIER])))
    (frame,) = wire.sent()
    assert (frame["event"], frame["messages"]) == ("history.set", EARLIER.messages)


def test_the_program_writes_first() -> None:
    """A history that the program has changed meanwhile is not replaced by what the store knows."""
    wire = Wire()
    wire.hold_jobs = True
    call = wire.call(wire.agent(history=Store([EARLIER])))
    call._ask_change("history.clear")
    wire.run_jobs()
    assert wire.sent_events() == ["history.clear"]
