"""The two fronts are one API: the same names, methods, parameters and defaults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pinecall
import pinecall_sync

from .twins import check_coroutines, check_members, check_parameters, twins

ROOT = Path(__file__).parents[2]

#: What both packages export. A name that goes is a break, a name that comes is a promise.
EXPORTS = [
    "Agent",
    "AgentConflictError",
    "AgentOptions",
    "ApiError",
    "AuthenticationError",
    "Balance",
    "Call",
    "CallEnded",
    "Channel",
    "ChatReply",
    "ConfigurationError",
    "ConnectError",
    "ConversationRecord",
    "DeployOptions",
    "DialError",
    "DisplacedError",
    "DrainReport",
    "EventStream",
    "Heard",
    "Line",
    "LineCall",
    "LineOptions",
    "LogEntry",
    "NotConnected",
    "Phone",
    "PhoneInUseError",
    "Pinecall",
    "PinecallError",
    "Playback",
    "ProtocolError",
    "ReconnectPolicy",
    "RegistrationError",
    "ReplyStream",
    "RequestRejected",
    "RequestTimeout",
    "RingingCall",
    "RouteResult",
    "SayResult",
    "ServerAtCapacityError",
    "Skill",
    "SqliteHistory",
    "Token",
    "TokenError",
    "Tool",
    "ToolResult",
    "Voice",
    "WhatsAppSession",
    "events",
    "tool",
]

#: What waits is a class of each front; everything else is the same object.
OF_EACH_FRONT = {
    "Agent",
    "Call",
    "EventStream",
    "Line",
    "LineCall",
    "Pinecall",
    "Playback",
    "SqliteHistory",
    "WhatsAppSession",
}


def test_exports_are_pinned() -> None:
    """Both packages export these names, and ``Answer``, which only asyncio has."""
    assert list(pinecall_sync.__all__) == EXPORTS
    assert sorted(set(pinecall.__all__) - {"Answer"}) == sorted(EXPORTS)


@pytest.mark.parametrize("package", [pinecall, pinecall_sync])
def test_exports_exist(package: Any) -> None:
    """Every exported name is there, and dir() shows it."""
    assert len(package.__all__) >= len(EXPORTS)
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'Pinecal'"):
        package.Pinecal


def test_shared_classes_are_the_same() -> None:
    """Errors, options, tools and events are one class each: code that handles them is shared."""
    differing = {
        name for name in EXPORTS if getattr(pinecall, name) is not getattr(pinecall_sync, name)
    }
    assert differing == OF_EACH_FRONT


@pytest.fixture(params=twins(), ids=lambda twin: f"{twin[0]}.{twin[1]}")
def twin(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_members(twin: Any) -> None:
    """The public members of twins have the same names; what asyncio calls aclose() is close()."""
    check_members(*twin)


def test_parameters(twin: Any) -> None:
    """Their parameters have the same names, kinds and defaults, in the same order."""
    check_parameters(*twin)


def test_coroutines(twin: Any) -> None:
    """No method of the blocking front is a coroutine."""
    check_coroutines(*twin)


def imported(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


TRANSPORTS = {"asyncio", "websockets", "websocket", "httpx", "ssl", "sqlite3", "starlette"}


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_the_bare_import(package: str) -> None:
    """Importing a package loads no transport, no event loop and nothing for REST."""
    assert not imported(f"import {package}") & TRANSPORTS


def test_the_blocking_front_has_no_asyncio() -> None:
    """The blocking client loads neither asyncio nor the other front's transport nor REST."""
    loaded = imported("import pinecall_sync\npinecall_sync.Pinecall('pk_x', url='ws://localhost')")
    assert not loaded & {"asyncio", "websockets", "httpx"}
    assert not {
        name for name in loaded if name == "pinecall.client" or name.startswith("pinecall._asyncio")
    }


def test_the_asyncio_front_has_no_blocking_one() -> None:
    """The asyncio client loads neither websocket-client nor REST."""
    loaded = imported("import pinecall\npinecall.Pinecall('pk_x', url='ws://localhost')")
    assert not loaded & {"websocket", "httpx", "pinecall_sync"}


@pytest.mark.parametrize("name", ["errors", "events", "options", "tools", "skills", "typing"])
def test_shared_modules_are_light(name: str) -> None:
    """What both fronts share loads no transport."""
    assert not imported(f"import pinecall.{name}") & {"asyncio", "websockets", "websocket", "httpx"}


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_the_emulator_without_its_extra(package: str, missing: str) -> None:
    """Importing the emulator without its extra says how to install it."""
    code = f"import sys\nsys.modules[{missing!r}] = None\nimport {package}.emulator"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: the emulator needs")
    assert 'pip install "pinecall-sdk[emulator]"' in last
