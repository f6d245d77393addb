"""The two fronts are one API: the same names, methods, parameters and defaults."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pinecall
import pinecall_sync

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

#: Public members that one front has and the other has not, each with its reason.
ONE_SIDED = {
    ("waiting", "Playback"): {"wait"},  # awaited on the asyncio front
    # WSGI has no WebSockets; a thread cannot wait for a message and for an event at once.
    ("agent", "Agent"): {"ws"},
    ("client", "Pinecall"): {"ws"},
    ("web", "AgentWeb"): {"ws"},
    ("web", "ClientWeb"): {"ws"},
    ("stream", "EventStream"): {"aiohttp", "quart", "full", "max_streams"},  # ASGI and WSGI
}
#: Parameters that one front has and the other has not.
ONE_SIDED_PARAMETERS = {
    ("client", "Pinecall", "__init__"): {"threads"},  # asyncio has none
    ("stream", "EventStream", "__init__"): {"max_streams"},  # a WSGI stream occupies a thread
    ("stream", "EventStream", "open"): {"connection"},  # which WSGI servers let it watch
}
#: Modules that both packages have for parts of their own, not for users.
INNER = {"driver", "transport", "side_socket", "http"}


def twins() -> Iterator[tuple[str, str, Any, Any]]:
    """Every public class or function that has the same place in both packages."""
    names = {m.name for m in pkgutil.iter_modules(pinecall.__path__)}
    for module in sorted(names & {m.name for m in pkgutil.iter_modules(pinecall_sync.__path__)}):
        if module in INNER:
            continue
        one = importlib.import_module(f"pinecall.{module}")
        two = importlib.import_module(f"pinecall_sync.{module}")
        for name in sorted(set(one.__all__) & set(two.__all__)):
            mine, other = getattr(one, name), getattr(two, name)
            if callable(mine) and mine is not other:
                yield module, name, mine, other


TWINS = list(twins())


def parameters(function: Any, without: set[str]) -> list[tuple[str, Any, Any]]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    return [
        (p.name, p.kind, p.default) for p in signature.parameters.values() if p.name not in without
    ]


def test_exports_are_pinned() -> None:
    """Both packages export these names, and ``Answer``, which only asyncio has."""
    assert list(pinecall_sync.__all__) == EXPORTS
    assert sorted(set(pinecall.__all__) - {"Answer"}) == sorted(EXPORTS)


@pytest.mark.parametrize("package", [pinecall, pinecall_sync])
def test_exports_exist(package: Any) -> None:
    """Every exported name is there, and dir() shows it."""
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'Pinecal'"):
        package.Pinecal


def test_shared_classes_are_the_same() -> None:
    """Errors, options, tools and events are one class each: code that handles them is shared."""
    for name in EXPORTS:
        one, two = getattr(pinecall, name), getattr(pinecall_sync, name)
        homes = {getattr(part, "__module__", "pinecall").split(".")[0] for part in (one, two)}
        if homes == {"pinecall"}:
            assert one is two


@pytest.mark.parametrize(
    ("module", "name", "mine", "other"), TWINS, ids=[f"{m}.{n}" for m, n, _, _ in TWINS]
)
def test_members(module: str, name: str, mine: Any, other: Any) -> None:
    """The public members of twins have the same names; what asyncio calls aclose() is close()."""
    if not inspect.isclass(mine):
        return
    one = {member for member in dir(mine) if not member.startswith("_")}
    two = {member for member in dir(other) if not member.startswith("_")}
    if "aclose" in one:
        one = one - {"aclose"} | {"close"}
    assert one ^ two == ONE_SIDED.get((module, name), set())


@pytest.mark.parametrize(
    ("module", "name", "mine", "other"), TWINS, ids=[f"{m}.{n}" for m, n, _, _ in TWINS]
)
def test_parameters(module: str, name: str, mine: Any, other: Any) -> None:
    """Their parameters have the same names, kinds and defaults, in the same order."""
    if not inspect.isclass(mine):
        assert parameters(mine, set()) == parameters(other, set())
        return
    for member in dir(mine):
        if member.startswith("_") and member != "__init__":
            continue
        one, two = getattr(mine, member), getattr(other, member, None)
        if not callable(one) or two is None or one is two:
            continue
        extra = ONE_SIDED_PARAMETERS.get((module, name, member), set())
        assert parameters(one, extra) == parameters(two, extra), member


@pytest.mark.parametrize(
    ("module", "name", "mine", "other"), TWINS, ids=[f"{m}.{n}" for m, n, _, _ in TWINS]
)
def test_coroutines(module: str, name: str, mine: Any, other: Any) -> None:
    """No method of the blocking front is a coroutine."""
    if inspect.isclass(other):
        for member in dir(other):
            assert not inspect.iscoroutinefunction(inspect.getattr_static(other, member)), member


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
    assert not {name for name in loaded if name in ("pinecall.client", "pinecall.driver")}


def test_the_asyncio_front_has_no_blocking_one() -> None:
    """The asyncio client loads neither websocket-client nor REST."""
    loaded = imported("import pinecall\npinecall.Pinecall('pk_x', url='ws://localhost')")
    assert not loaded & {"websocket", "httpx", "pinecall_sync"}


@pytest.mark.parametrize("name", ["errors", "events", "options", "tools", "skills", "typing"])
def test_shared_modules_are_light(name: str) -> None:
    """What both fronts share loads no transport."""
    assert not imported(f"import pinecall.{name}") & {"asyncio", "websockets", "websocket", "httpx"}
