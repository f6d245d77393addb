"""The core stands on its own: no sockets, no threads, no clock, no event loop."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pinecall
from pinecall.core import rest

PACKAGE = Path(pinecall.__file__).parent
MODULES = sorted((PACKAGE / "core").rglob("*.py"))
FORBIDDEN = {
    "asyncio",
    "concurrent",
    "http",
    "httpx",
    "io",
    "os",
    "pathlib",
    "queue",
    "random",
    "select",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "time",
    "urllib3",
    "websocket",
    "websockets",
}


#: What only a front may load.
FRONTS = {"_asyncio", "_shared", "agent", "audio", "call_log", "client", "history", "knowledge",
          "live", "memory", "stream", "waiting", "web"}  # fmt: skip


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """The modules that a module of ``package`` imports, with what it takes from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join(base if node.level else []) or ""
            module = ".".join(filter(None, (module, node.module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def forbidden(source: str, package: str) -> set[str]:
    """What a module of the core may not import, of what it imports."""
    names = set(imported(ast.parse(source), package))
    fronts = {f"pinecall.{name}" for name in FRONTS} | {"pinecall_sync", "pinecall.emulator"}
    return {
        name
        for name in names
        if name.partition(".")[0] in FORBIDDEN
        or any(name == front or name.startswith(f"{front}.") for front in fronts)
    }


def test_there_is_a_core() -> None:
    """The modules under test are found."""
    assert {"engine.py", "link.py", "codec.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    """A module of the core imports nothing that waits, sends, opens files, draws lots or tells the
    time."""
    source = path.read_text(encoding="utf-8")
    package = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
    tree = ast.parse(source)
    assert "open" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert forbidden(source, package) == set()


@pytest.mark.parametrize(
    ("statement", "package", "names"),
    [
        ("import time", "pinecall.core", {"time"}),
        ("from os import path", "pinecall.core", {"os", "os.path"}),
        ("from .._asyncio.driver import Driver", "pinecall.core",
         {"pinecall._asyncio.driver", "pinecall._asyncio.driver.Driver"}),
        ("from .. import stream", "pinecall.core", {"pinecall.stream"}),
        ("from ..._asyncio.http import HttpPort", "pinecall.core.rest",
         {"pinecall._asyncio.http", "pinecall._asyncio.http.HttpPort"}),
        ("from ... import web", "pinecall.core.effects", {"pinecall.web"}),
        ("from pinecall_sync import Pinecall", "pinecall.core",
         {"pinecall_sync", "pinecall_sync.Pinecall"}),
        ("from .agent import AgentBase", "pinecall.core", set()),
        ("from ..client import ClientBase", "pinecall.core.effects", set()),
        ("from ..errors import PinecallError", "pinecall.core", set()),
    ],
)  # fmt: skip
def test_what_counts_as_an_import(statement: str, package: str, names: set[str]) -> None:
    """Relative imports are read as what they name: a front's module is found, the core's own of the
    same name is not taken for it."""
    assert forbidden(statement, package) == names


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded because of ``statement``."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
        timeout=60,
    )
    return set(done.stdout.split())


def test_the_session_alone() -> None:
    """Importing the session loads nothing but what attrs and msgspec bring themselves."""
    allowed = loaded_by("import attrs, msgspec")
    loaded = loaded_by("import pinecall.core.engine")
    assert "pinecall.core.engine" in loaded
    assert loaded & {"asyncio", "httpx", "ssl", "socket", "websocket", "websockets"} <= allowed


def test_the_blocking_package() -> None:
    """Importing the blocking package, and its client, loads no asyncio and no websockets."""
    for statement in ("import pinecall_sync", "from pinecall_sync import Pinecall, Agent, Call"):
        assert loaded_by(statement) & {"asyncio", "websockets", "httpx"} == set()


def test_the_packages_are_lazy() -> None:
    """Importing a package loads neither transport; naming its client does."""
    for name in ("pinecall", "pinecall_sync"):
        assert loaded_by(f"import {name}") & {"websockets", "websocket", "httpx"} == set()


def test_events_and_errors_are_light() -> None:
    """Events, errors, options and tools can be imported without a front."""
    for name in ("events", "errors", "options", "tools", "skills"):
        loaded = loaded_by(f"import pinecall.{name}")
        assert loaded & {"asyncio", "websockets", "websocket", "httpx"} == set()
        assert "pinecall.core.engine" not in loaded


def test_a_client_loads_what_it_needs() -> None:
    """A client is there without REST, event streams and audio: they are loaded with their first use."""
    for statement in ("from pinecall import Pinecall", "from pinecall_sync import Pinecall"):
        loaded = loaded_by(statement)
        assert "pinecall.core.engine" in loaded
        assert loaded & {"pinecall.core.streams.hub", "pinecall.stream", "pinecall.audio"} == set()
        assert not any(name.startswith("pinecall.core.rest.") for name in loaded)


def test_rest_by_attribute() -> None:
    """A REST module is loaded when it is asked for; one that does not exist is an AttributeError."""
    assert rest.__getattr__("tokens") is importlib.import_module("pinecall.core.rest.tokens")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = rest.nothing
