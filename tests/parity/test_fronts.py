"""The two fronts are one API: the same names, methods, parameters and defaults."""

from __future__ import annotations

import importlib
import inspect
import pydoc
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import pinecall
import pinecall_sync
from pinecall._shared.exports import version
from pinecall.core.rest.phones import phones

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
    "CallTrace",
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
    "Latency",
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
    "TraceEntry",
    "TraceTool",
    "TraceTurn",
    "Voice",
    "WhatsAppSession",
    "events",
    "latency",
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
    assert sorted(pinecall_sync.__all__) == EXPORTS
    assert sorted(pinecall.__all__) == sorted([*EXPORTS, "Answer"])


@pytest.mark.parametrize("package", [pinecall, pinecall_sync])
def test_exports_exist(package: Any) -> None:
    """Every exported name is there, and dir() shows it."""
    assert len(package.__all__) >= len(EXPORTS)
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'Pinecal'"):
        package.Pinecal


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_a_package_shows_what_it_exports(package: str) -> None:
    """dir() has the exported names and Python's own, and nothing else, whatever has been loaded."""
    code = f"""
import {package} as package
before = dir(package)
package.Pinecall("pk_x", url="ws://localhost").agent("mara")
assert dir(package) == before
print(*before)
"""
    shown = set(printed(code).split())
    special = {name for name in shown if name.startswith("__") and name.endswith("__")}
    assert {"__version__", "__doc__"} <= special
    assert shown - special == set(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", [pinecall, pinecall_sync])
def test_help_begins_with_a_page_of_all_names(package: Any) -> None:
    """What ``help()`` of a package says first has every name in its group, and fits on a screen."""
    page = inspect.getdoc(package) or ""
    assert len(page.splitlines()) <= 30
    named = set(re.findall(r"\w+", page))
    derived = {name for name in package.__all__ if name in vars(pinecall.errors)}
    assert set(package.__all__) - named == derived - {"PinecallError"}
    # pydoc shows all of it, before the list of modules and every class of __all__.
    shown = pydoc.render_doc(package, renderer=pydoc.plaintext).splitlines()
    assert page.splitlines()[-1] in [line.strip() for line in shown[:40]]


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_version(package: str) -> None:
    """``__version__`` is that of the installed distribution, and costs an import nothing."""
    code = f"""
import sys
import {package}
assert "importlib.metadata" not in sys.modules
print({package}.__version__)
"""
    assert printed(code).strip() == metadata.version("pinecall-sdk")


def test_version_of_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that nobody has installed have a version too, which says so."""
    monkeypatch.setattr(metadata, "distribution", missing)
    assert version.__wrapped__() == "0+unknown"


def test_the_user_agent_has_the_version() -> None:
    """A REST request says which version of the SDK it comes from."""
    request = pinecall.Pinecall("pk_x", url="ws://localhost")._port.endpoints.prepare(phones())
    assert request.headers["User-Agent"] == f"pinecall-python/{pinecall.__version__}"


def missing(name: str) -> Any:
    raise metadata.PackageNotFoundError(name)


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
    return set(printed(f"import sys\n{statement}\nprint(*sys.modules)").split())


def printed(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


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
