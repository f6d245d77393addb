"""When a call is saved, what a contact gets back, and that a store never harms a call."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.history.record import (
    ConversationRecord,
    same_contact,
)
from pinecall.errors import ConfigurationError

from .world import CALLER, NOBODY, Store, World, past

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


# -- contacts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "from_", "metadata"), NOBODY)
def test_no_contact(channel: str, from_: str, metadata: dict[str, Any]) -> None:
    """A store is not asked for what is nobody's contact: webrtc, chat, a withheld number."""
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


def test_ctrl_c_gets_out() -> None:
    """KeyboardInterrupt out of the records that a store gives is not taken for its failure."""

    def interrupted() -> Any:
        yield past(1, "a")
        raise KeyboardInterrupt

    world = World(Store(interrupted()))
    world.historian.started()
    (find,) = world.jobs()
    with pytest.raises(KeyboardInterrupt):
        find.finished(find.function())
    assert world.jobs() == []
    assert world.errors == []


def test_coroutine_and_plain_methods() -> None:
    """Coroutine methods run on the loop, plain ones in a thread."""

    class Coroutines:
        async def save(self, record: ConversationRecord) -> None: ...

    world, plain = World(Coroutines()), World(Store())
    found = []
    for one in (world, plain):
        one.historian.started()
        found += [(job.coroutine, job.threaded) for job in one.jobs()]
    assert found == [(True, False), (False, True)]


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
