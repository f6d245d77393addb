"""Every event of the platform, as its own class."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from pinecall import events
from pinecall.core.effects import EFFECTS
from pinecall.core.wire.codec import decode
from pinecall.events import BotWord, Reconnecting, Turn, UnknownEvent

from .harness import EVENTS, Wire

TYPES = {"str": str, "int": int, "float": float, "bool": bool, "object": dict, "array": list}


def names(cls: type) -> set[str]:
    return {attribute.name for attribute in attrs.fields(cls)}


def test_the_catalogue_is_complete() -> None:
    """There is a class for each event of the platform, and no other; it has the event's name."""
    assert set(events.EVENTS) == set(EVENTS)
    assert all(name == cls.EVENT for name, cls in events.EVENTS.items())


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_examples(name: str) -> None:
    """The platform's example decodes to its class, with all fields equal and the frame in raw."""
    example: dict[str, Any] = EVENTS[name]["example"]
    event = decode(json.dumps(example))
    assert type(event) is events.EVENTS[name]
    for key, value in example.items():
        if key != "event":
            field = "from_" if key == "from" else key
            assert field in names(type(event)), f"{name} has no {field}"
            assert getattr(event, field) == value
    assert event.raw == example


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_fields(name: str) -> None:
    """Each field of the catalogue is a field of the class."""
    fields = {"from_" if key == "from" else key for key in EVENTS[name]["fields"]}
    assert fields <= names(events.EVENTS[name])


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_bare(name: str) -> None:
    """An event without any field is read, and can be made by hand."""
    assert type(decode(json.dumps({"event": name}))) is events.EVENTS[name]
    assert events.EVENTS[name]().raw["event"] == name


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_frozen(name: str) -> None:
    """Events cannot be changed."""
    event = decode(json.dumps(EVENTS[name]["example"]))
    for field in names(type(event)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(event, field, None)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_in_a_session(name: str) -> None:
    """Each example passes through a session with its agent and call, without a report of a mistake."""
    wire = Wire()
    mara = wire.agent()
    example = EVENTS[name]["example"]
    if name not in ("call.started", "call.ringing", "call.dialing"):
        wire.call(mara, example.get("call_id", "CA1"))
    told = wire.listen("error")
    wire.text(json.dumps({**example, "agent_id": "mara"} if "agent_id" in example else example))
    mistakes = [error for _, error in told if "the SDK's own handling" in error.message]
    assert mistakes == []


def test_effects_are_for_events() -> None:
    """Every effect belongs to an event of the platform, or to the unknown ones."""
    assert set(EFFECTS) <= {*events.EVENTS.values(), UnknownEvent}


def test_made_by_hand() -> None:
    """An event made by hand has a frame of its fields."""
    assert BotWord(word="x").raw == {
        "event": "bot.word",
        "call_id": "",
        "message_id": "",
        "word": "x",
    }
    assert UnknownEvent(name="x").raw == {"event": "x"}
    assert Reconnecting(attempt=1).raw["attempt"] == 1
    assert Turn(text="x").raw["text"] == "x"
    assert BotWord().seq is None
    assert BotWord().ts is None


def test_from_by_hand() -> None:
    """from_ is from in the frame of an event made by hand."""
    assert events.CallStarted(from_="+1").raw["from"] == "+1"
