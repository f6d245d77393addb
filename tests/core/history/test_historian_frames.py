"""A call with a history store, from its first frame to its last."""

from __future__ import annotations

from .world import CALLER, Store, World, past


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


def test_begin() -> None:
    """An agent without a store has no historian; with one, the historian is at work at once."""
    world = World(Store())
    world.call._begin_history(None)
    assert world.jobs() == []
    world.call._begin_history(world.store)
    assert [job.label for job in world.jobs()] == ["history.find_by_contact"]
