"""The live calls as a new reader is shown them."""

from __future__ import annotations

import json
from typing import Any

from pinecall.core.streams.snapshot import TRANSCRIPT_SHOWN, Snapshot

from ..hubs import Reader, World


def shown(snapshot: Snapshot, agents: frozenset[str] | None = None, session: str = "") -> Any:
    """(event name, data) of each call."""
    return [(name, json.loads(data)) for name, data in snapshot.calls(agents, session)]


def test_a_call() -> None:
    """A call is shown as the event that began it, with its facts, its agent and its transcript."""
    world = World()
    world.call(duration=2.5, transcript=[{"role": "user", "content": "hi", "id": "u1"}])
    assert shown(Snapshot(world)) == [
        (
            "call.started",
            {
                "event": "call.started",
                "callId": "CA1",
                "from": "+34607827824",
                "to": "+13186330963",
                "direction": "inbound",
                "transport": "phone",
                "duration": 2.5,
                "agentId": "mara",
                "agent": "mara",
                "snapshot": True,
                "transcript": [{"role": "user", "content": "hi"}],
            },
        )
    ]


def test_transports() -> None:
    """A chat and a WhatsApp session are shown as their own events."""
    world = World()
    world.call("1", transport="webrtc")
    world.call("2", transport="chat")
    world.call("3", transport="whatsapp")
    calls = shown(Snapshot(world))
    assert [name for name, _ in calls] == ["call.started", "chat.started", "whatsapp.started"]
    assert [data["event"] for _, data in calls] == [name for name, _ in calls]


def test_live_calls_only() -> None:
    """A call that is not announced yet, or is over, is not shown."""
    world = World()
    world.call("1", _announced=False)
    world.call("2", _over=True)
    world.call("3")
    assert [data["callId"] for _, data in shown(Snapshot(world))] == ["3"]


def test_filters() -> None:
    """A reader is shown the calls of its agents, or the one call of its session."""
    world = World()
    world.call("1", "mara"), world.call("2", "julia"), world.call("3", "mara")
    snapshot = Snapshot(world)

    def ids(agents: frozenset[str] | None, session: str = "") -> list[str]:
        return [data["callId"] for _, data in shown(snapshot, agents, session)]

    assert ids(None) == ["1", "2", "3"]
    assert ids(frozenset(["mara"])) == ["1", "3"]
    assert ids(frozenset(["mara"]), "3") == ["3"]
    assert ids(frozenset(["mara"]), "2") == []
    assert ids(frozenset()) == []


def test_agents() -> None:
    """The agents are those there are now, within the filter."""
    world = World()
    world.agent("mara"), world.agent("julia")
    snapshot = Snapshot(world)
    assert snapshot.agents(None) == ["mara", "julia"]
    assert snapshot.agents(frozenset(["julia", "later"])) == ["julia"]


def test_is_live() -> None:
    """A call is live as long as the roster has it."""
    world = World()
    world.call("1")
    snapshot = Snapshot(world)
    assert snapshot.is_live("1")
    assert not snapshot.is_live("2")


def test_encoded_once() -> None:
    """A call is encoded again only after something has happened on it, or after clear()."""
    world = World()
    call = world.call()
    snapshot = Snapshot(world)
    [(_, first)] = snapshot.calls(None, "")
    [(_, again)] = snapshot.calls(None, "")
    assert first is again
    for change in (lambda: snapshot.forget("CA1"), snapshot.clear):
        call.transcript.append({"role": "user", "content": "hi"})
        [(_, old)] = snapshot.calls(None, "")
        change()
        [(_, new)] = snapshot.calls(None, "")
        assert json.loads(new)["transcript"] == call.transcript != json.loads(old)["transcript"]


def test_long_transcript() -> None:
    """Only the latest messages of a long transcript are shown."""
    world = World()
    said = [{"role": "user", "content": f"{number}"} for number in range(TRANSCRIPT_SHOWN + 5)]
    world.call(transcript=said)
    [(_, data)] = shown(Snapshot(world))
    assert data["transcript"] == said[5:]


def test_messages_that_are_not_json() -> None:
    """A call with messages that JSON cannot hold is shown without its transcript."""
    world = World()
    world.call(transcript=[{"role": "user", "content": object()}])
    [(name, data)] = shown(Snapshot(world))
    assert (name, data["callId"], data["snapshot"]) == ("call.started", "CA1", True)
    assert "transcript" not in data


def test_a_new_reader_is_shown_the_live_calls() -> None:
    """The live calls follow connected; the present id comes with the last of them."""
    world = World()
    world.call("1"), world.call("chat-1", transport="chat")
    seen = Reader(world).read()
    assert [name for name, _, _ in seen] == ["connected", "call.started", "chat.started"]
    assert [id for _, _, id in seen] == [f"{world.hub.epoch}-{n}" for n in (0, 0, 1)]


def test_the_snapshot_is_of_now() -> None:
    """A message since the last reader came is in the next reader's snapshot."""
    world = World()
    call = world.call()
    Reader(world).read()
    call.transcript.append({"role": "user", "content": "said 1"})
    world.message(call, 1)
    assert Reader(world).read()[1][1]["transcript"] == call.transcript
