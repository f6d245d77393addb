"""``docs/parity.md`` says what is true: every Python name in it exists, in both packages."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pinecall.core.agents.ringing import RingingCall
from pinecall.core.wire.names import SIGNATURES
from pinecall.events import EVENTS

TEXT = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
METHODS, _, EVENT_TABLE = TEXT.partition("\n## Events\n")

#: Where classes live that users get from properties, not by import.
HOMES = {"Audio": "audio", "Speech": "audio", "LiveTranscription": "audio"}
HOMES |= {"Knowledge": "knowledge", "Memory": "memory"}


def rows(text: str) -> list[tuple[str, list[str], str]]:
    """TypeScript's cell, the Python names, and the difference, of each row."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and cells[:2] not in (["TypeScript", "Python"], ["---", "---"]):
            assert len(cells) == 3 or (len(cells) == 2 and line.endswith("| |")), line
            found.append((cells[0], re.findall(r"`([^`]+)`", cells[1]), "".join(cells[2:])))
    return found


NAMES = sorted(
    {
        (name, package)
        for _, names, difference in rows(METHODS)
        for name in names
        for package in ("pinecall", "pinecall_sync")
        if package == "pinecall" or not difference.startswith("asyncio only")
    }
)


@cache
def samples(package: str) -> dict[str, Any]:
    """Objects whose attributes are made with them."""
    client = importlib.import_module(package).Pinecall("pk_test", url="ws://localhost")
    agent, line = client.agent("mara"), client.line("+12186633772")
    front, session = client._engine.front, client._engine
    call = front.make_call(session, agent, "CA1")
    ringing = RingingCall(session, agent, "CA2", "+15551230000", "+12186633772")
    return {
        "Agent": agent,
        "Call": call,
        "Line": line,
        "LineCall": front.make_line_call(session, line, "CA3"),
        "Pinecall": client,
        "ReplyStream": call.reply_stream(),
        "RingingCall": ringing,
        "WhatsAppSession": front.make_whatsapp_session(call, "Ana"),
    }


def of_package(package: str, owner: str) -> Any:
    """A class or function by its name: of the package, or of the module where it lives."""
    home = f"{package}.{HOMES[owner]}" if owner in HOMES else package
    return getattr(importlib.import_module(home), owner)


@pytest.mark.parametrize(("name", "package"), [item for item in NAMES if "." not in item[0]])
def test_python_names(name: str, package: str) -> None:
    """A class or function is exported, or is what a property gives."""
    assert callable(of_package(package, name))


@pytest.mark.parametrize(("name", "package"), [item for item in NAMES if "." in item[0]])
def test_python_members(name: str, package: str) -> None:
    """A member is public, and its class has it."""
    owner, _, member = name.partition(".")
    there = samples(package).get(owner, of_package(package, owner))
    assert not member.startswith("_")
    assert hasattr(there, member)


def test_event_names() -> None:
    """The table of events has every name that handlers take, once, and no other."""
    listed = [name for _, names, _ in rows(EVENT_TABLE) for name in names]
    assert sorted(set(listed) - {"call.ended"}) == sorted(set(SIGNATURES) - {"call.ended"})
    assert "call.ended" in listed
    twice = {name for name in listed if listed.count(name) > 1}
    assert twice == {"call.ended"}, "call.ended stands for two names of the other SDK"
    made = {"*", "call", "call.preparing", "call.preparing_timeout", "chat.started"}
    made |= {"disconnected", "events.gap", "reconnecting", "whatsapp.started"}
    assert set(listed) - set(EVENTS) == made


def test_every_row_says_something() -> None:
    """Whatever one side lacks is explained, or named on the other side."""
    everything = [*rows(METHODS), *rows(EVENT_TABLE)]
    assert len(everything) > 100
    for typescript, python, difference in everything:
        assert python or difference, typescript
        assert typescript


def test_the_users_classes_are_covered() -> None:
    """Every public verb of client, agent, call and line of the contract stands in a table."""
    listed = {name for _, names, _ in rows(METHODS) for name in names}
    for owner, verbs in {
        "Agent": "add_channel bridge call calls channels config configure configure_channel"
        " configure_session create_token dial events id memory name off on once pause registered"
        " remove_channel resume route_callers send send_message skill stream wait_ready",
        "Call": "add_context add_history cancel clear clear_history configure forward get_history"
        " hangup hold load_skill mute reply reply_stream say send_dtmf set_history set_prompt"
        " set_prompt_file set_prompt_vars tool_result unhold unload_skill unmute",
        "Line": "calls destroy extensions number wait_ready",
        "LineCall": "ask context listen route_to say",
        "Pinecall": "agent agents balance chat connect connected create_token deploy disconnect"
        " drain events get_agent line observe off on once phones remove_agent run_forever send"
        " state stats stream voices",
    }.items():
        assert not {f"{owner}.{verb}" for verb in verbs.split()} - listed
