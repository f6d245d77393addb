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

#: What the core may import of the packages: itself and the shared vocabulary, nothing of a front.
SHARED = {"core", "errors", "events", "logs", "typing"}


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """The absolute names that a module of ``package`` imports: modules, and what it takes from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            parts = above[: len(above) - node.level + 1] if node.level else []
            module = ".".join([*parts, node.module] if node.module else parts)
            if node.module and module != "pinecall":
                yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def forbidden(source: str, package: str) -> set[str]:
    """The imports of a module of the core that it may not have."""
    return {name for name in imported(ast.parse(source), package) if not _allowed(name)}


def _allowed(name: str) -> bool:
    top, *rest = name.split(".")
    if top == "pinecall":
        return bool(rest) and rest[0] in SHARED
    return top != "pinecall_sync" and top not in FORBIDDEN


def test_there_is_a_core() -> None:
    """The modules under test are found."""
    assert {"engine.py", "link.py", "codec.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    """A module of the core imports nothing that waits, sends, opens files, draws random numbers or
    reads a clock."""
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
        ("from socket import create_connection", "pinecall.core",
         {"socket", "socket.create_connection"}),
        ("from json import dumps", "pinecall.core", set()),
        ("from ..driver import Driver", "pinecall.core", {"pinecall.driver", "pinecall.driver.Driver"}),
        ("from ..pool import Pool", "pinecall.core", {"pinecall.pool", "pinecall.pool.Pool"}),
        ("from .. import transport", "pinecall.core", {"pinecall.transport"}),
        ("from .. import Pinecall", "pinecall.core", {"pinecall.Pinecall"}),
        ("from pinecall import Pinecall", "pinecall.core", {"pinecall.Pinecall"}),
        ("import pinecall", "pinecall.core", {"pinecall"}),
        ("import pinecall.emulator", "pinecall.core", {"pinecall.emulator"}),
        ("if TYPE_CHECKING:\n    from ..client import Pinecall", "pinecall.core",
         {"pinecall.client", "pinecall.client.Pinecall"}),
        ("def later():\n    from ..web import ClientWeb", "pinecall.core",
         {"pinecall.web", "pinecall.web.ClientWeb"}),
        ("from ...http import HttpPort", "pinecall.core.rest",
         {"pinecall.http", "pinecall.http.HttpPort"}),
        ("from ... import web", "pinecall.core.effects", {"pinecall.web"}),
        ("from pinecall_sync import Pinecall", "pinecall.core",
         {"pinecall_sync", "pinecall_sync.Pinecall"}),
        ("from .agent import AgentBase", "pinecall.core", set()),
        ("from ..client import ClientBase", "pinecall.core.effects", set()),
        ("from . import wire", "pinecall.core", set()),
        ("from .. import events as ev", "pinecall.core", set()),
        ("from ..errors import PinecallError", "pinecall.core", set()),
        ("from ...errors import PinecallError", "pinecall.core.effects", set()),
    ],
)  # fmt: skip
def test_what_counts_as_an_import(statement: str, package: str, names: set[str]) -> None:
    """A relative import counts as the absolute name it stands for, wherever it is written: a front's
    module is found, and the core's module of the same name is not taken for it."""
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
