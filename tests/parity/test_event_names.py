"""One set of event names: the wire's, the core's, and those that editors know."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import attrs
import pytest

import pinecall.typing
from pinecall import events
from pinecall.core.wire.names import PUBLIC, SIGNATURES
from pinecall.events import EVENTS
from pinecall.typing import EventName

#: Frames of the link itself, which reach no handler.
INTERNAL = {"authenticated", "ping", "pong"}
#: Events that the SDK makes.
MADE = {"disconnected", "reconnecting", "whatsapp.started", "call", "events.gap", "*"}
MADE_CLASSES = (
    events.Disconnected,
    events.EventsGap,
    events.Reconnecting,
    events.Turn,
    events.Item,
)
#: Events that may come without a live call, and those whose frames name no agent.
WITHOUT_CALL = {
    "call.error",
    "call.recording",
    "events.gap",
    "llm.chat.done",
    "llm.chat.token",
    "llm.chat.tool_call",
    "llm.chat.tool_result",
    "llm.error",
    "memory.ops",
    "session.configured",
}
WITHOUT_AGENT = {
    "config_updated",
    "phone_added",
    "phone_removed",
    "registered",
    "session_config_updated",
}

#: The names that stand in the overloads which fit no call.
FOR_MESSAGES = {"KnownEvent", "KnownName"}

#: What a handler's argument is called → what the overloads say it is.
TYPES = {
    "reason": "str",
    "attempt": "int",
    "err": "PinecallError",
    "call": "C",
    "agent": "A",
    "ringing": "R",
    "session": "S",
    "turn": "ev.Turn",
    "item": "ev.Item[C, A | L]",
}


def arguments_of(shown: ast.expr) -> list[str]:
    """``One[A]`` and ``Two[A, B]``, ``Callable[[A, B], object]`` and ``Decorator[[A, B]]``."""
    assert isinstance(shown, ast.Subscript)
    types = shown.slice.elts if isinstance(shown.slice, ast.Tuple) else [shown.slice]
    if isinstance(types[0], ast.List):
        types = types[0].elts
    return [ast.unparse(kind) for kind in types]


def overloads() -> dict[bool, dict[str, list[str]]]:
    """Name → its handler's argument types, of the decorators (False) and the plain calls (True)."""
    tree = ast.parse(Path(pinecall.typing.__file__).read_text())
    (on,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "On")
    table: dict[bool, dict[str, list[str]]] = {False: {}, True: {}}
    for node in on.body:
        if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
            continue
        _, name, *handler = node.args.posonlyargs
        assert name.annotation is not None
        shown = handler[0].annotation if handler else node.returns
        if ast.unparse(name.annotation) in FOR_MESSAGES:
            continue
        assert shown is not None
        names = eval(ast.unparse(name.annotation), vars(pinecall.typing))
        for one in get_args(names):
            assert one not in table[bool(handler)], f"{one} is there twice"
            table[bool(handler)][one] = arguments_of(shown)
    return table


def wanted(name: str, argument: str) -> str:
    if argument == "event":
        classes = {EVENTS[wire].__name__ for wire in EVENTS if PUBLIC.get(wire, wire) == name}
        # Frames of a chat come as the events of a voice call.
        (cls,) = {"events.gap": {"EventsGap"}}.get(
            name, classes - {"ChatMessage", "ChatResponse", "LlmChatChunk"}
        )
        return f"ev.{cls}"
    if argument == "call" and name == "call":
        return "K"
    if argument == "agent" and name.startswith("line."):
        return "L"
    absent = WITHOUT_CALL if argument == "call" else WITHOUT_AGENT if argument == "agent" else ()
    return TYPES[argument] + (" | None" if name in absent else "")


def test_core_knows_every_event_of_the_wire() -> None:
    """The core's names are the wire's, as users know them, and those the SDK makes."""
    wire = {PUBLIC.get(name, name) for name in EVENTS if name not in INTERNAL}
    assert set(SIGNATURES) == wire | MADE


def test_no_made_event_is_on_the_wire() -> None:
    """What the SDK makes has names that the server does not use."""
    assert not MADE & set(EVENTS)


def test_event_name_is_what_the_core_takes() -> None:
    """``EventName`` lists the core's names, each once."""
    names = get_args(EventName)
    assert len(names) == len(set(names))
    assert set(names) == set(SIGNATURES)


@pytest.mark.parametrize("plain", [False, True], ids=["decorator", "call"])
def test_overloads_give_each_handler_its_arguments(plain: bool) -> None:
    """Every event has one overload of each form, with the arguments that the core hands out."""
    assert overloads()[plain] == {
        name: [wanted(name, argument) for argument in arguments]
        for name, arguments in SIGNATURES.items()
    }


def test_names_without_call_or_agent_exist() -> None:
    """The exceptions are events whose handlers have that argument at all."""
    assert all(SIGNATURES[name] == ("event", "call") for name in WITHOUT_CALL)
    assert all(SIGNATURES[name] == ("event", "agent") for name in WITHOUT_AGENT)


def test_event_classes_are_exported() -> None:
    """Users can import the class of every event from ``pinecall.events``."""
    # As many as the catalogue of the platform has.
    assert len(EVENTS) >= 70
    for cls in EVENTS.values():
        assert getattr(events, cls.__name__) is cls
        assert cls.__name__ in events.__all__


@pytest.mark.parametrize("cls", [*EVENTS.values(), *MADE_CLASSES], ids=lambda cls: cls.__name__)
def test_every_field_of_an_event_is_described(cls: type[events.Event]) -> None:
    """A class describes its own fields, and ``Event`` those that many events have."""

    def described(one: type) -> set[str]:
        lines = (line.split(":")[0] for line in (one.__doc__ or "").splitlines() if ":" in line)
        return {name.strip() for line in lines for name in line.split(",")}

    fields = {field.name for field in attrs.fields(cls)}
    assert fields <= described(cls) | described(events.Event)
