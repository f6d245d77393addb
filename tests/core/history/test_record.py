"""Records: what a store keeps of a call, whose it is, and what of it a later call gets back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from pinecall.core.history.record import (
    ConversationRecord,
    contact_of,
    record_from,
    record_of,
    restored_messages,
    same_contact,
    transcript_of,
)
from pinecall.errors import ConfigurationError

from .world import CALLER, NOBODY, Store, World, past


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


def test_the_lines_of_a_history() -> None:
    """From a model's history: the messages that somebody said, as copies."""
    line = {"role": "user", "content": "Hi"}
    silent = {"role": "assistant", "content": ""}
    lines = transcript_of([{"role": "system", "content": "x"}, line, silent])
    assert lines == [line] and lines[0] is not line


@pytest.mark.parametrize(("channel", "other", "metadata"), NOBODY)
def test_nobodys(channel: str, other: str, metadata: dict[str, Any]) -> None:
    """What many people share (webrtc, chat, a withheld number) is nobody's contact."""
    assert contact_of(channel, "inbound", other, "+13186330963", metadata) is None
    assert contact_of(channel, "outbound", "+13186330963", other, metadata) is None


class TestWhatAStoreGives:
    def test_a_record(self) -> None:
        """A record is taken as it is."""
        record = past(1)
        assert record_from(record) is record

    def test_a_dict(self) -> None:
        """A dict with a record's fields is a record; other keys are left out."""
        given = {**attrs.asdict(past(1, "hi")), "saved_by": "me"}
        assert record_from(given) == past(1, "hi")
        assert record_from({"call_id": "CA1", "agent_id": "mara"}) == ConversationRecord(
            call_id="CA1", agent_id="mara"
        )

    @pytest.mark.parametrize(
        "odd",
        [
            None, "a text", 5, [], {}, {"agent_id": "mara"}, {"call_id": "old"},
            {"agent_id": "mara", "call_id": 5}, {"agent_id": None, "call_id": "old"},
        ],
    )  # fmt: skip
    def test_anything_else(self, odd: object) -> None:
        """Anything else, and a dict without the ids of call and agent, is refused by its type."""
        with pytest.raises(ConfigurationError, match=f"not {type(odd).__name__}$"):
            record_from(odd)


class TestSameContact:
    def test_the_contact(self) -> None:
        """An earlier conversation of the same contact, agent and channel is one."""
        now = past(9)
        assert same_contact(past(1), now)
        assert not same_contact(past(1, contact="+34600000000"), now)
        assert not same_contact(past(1, agent_id="bank"), now)
        assert not same_contact(past(1, channel="whatsapp"), now)
        assert not same_contact(now, now)

    def test_nobody(self) -> None:
        """Two conversations with nobody known are not with the same contact."""
        assert not same_contact(past(1, contact=None), past(9, contact=None))

    def test_user_ids(self) -> None:
        """A user id is the same contact on every channel, and another one than an equal number."""
        user = {"contact": CALLER, "metadata": {"userId": CALLER}}
        assert same_contact(past(1, **user), past(9, channel="webrtc", **user))
        assert not same_contact(past(1), past(9, **user))
        assert not same_contact(past(1, **user), past(9))


class TestRestored:
    OLD = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})
    SYSTEM, NEW = {"role": "system", "content": "s"}, {"role": "user", "content": "new"}

    def saved(self, messages: list[dict[str, Any]]) -> ConversationRecord:
        """The record of a call with these messages, before which ``OLD`` was restored."""
        world = World(Store())
        world.call._conversation.messages = messages
        return record_of(world.call, restored=self.OLD)

    def test_left_out(self) -> None:
        """What was restored is no part of the record, behind the server's instructions as well."""
        record = self.saved([self.SYSTEM, *self.OLD, self.NEW])
        assert record.messages == [self.SYSTEM, self.NEW]
        assert record.transcript == [self.NEW]
        assert self.saved(list(self.OLD)).messages == []

    def test_not_there(self) -> None:
        """Where the messages do not begin with what was restored, nothing is left out."""
        for messages in ([self.SYSTEM, self.NEW, *self.OLD], [self.OLD[0], self.NEW], []):
            assert self.saved(messages).messages == messages

    def test_only_instructions(self) -> None:
        """A history of instructions alone stays as it is."""
        assert self.saved([self.SYSTEM]).messages == [self.SYSTEM]


def test_a_duration_that_nobody_gave() -> None:
    """Without the server's duration it is that between start and end here, and never below zero."""
    world = World(Store())
    world.call._finish("hangup")
    for started, ended, duration in (
        (5.0, 8.0, 3.0),
        (8.0, 5.0, 0.0),
        (0.0, 8.0, 0.0),
        (5.0, 0.0, 0.0),
    ):
        record = record_of(world.call, started_at=started, ended_at=ended)
        assert record.duration == duration
        assert record.status == "ended"
