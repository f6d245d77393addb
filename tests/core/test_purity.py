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


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_there_is_a_core() -> None:
    """The modules under test are found."""
    assert {"session.py", "link.py", "wire.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    """A module of the core imports nothing that waits, sends, opens files, draws lots or tells the
    time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set(imported(tree))
    assert "open" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {name for name in names if name.partition(".")[0] in FORBIDDEN} == set()
    fronts = {"client", "driver", "transport", "agent", "waiting", "pinecall_sync"}
    assert {n for n in names if n.startswith("pinecall.") and n.split(".")[1] in fronts} == set()


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
    loaded = loaded_by("import pinecall.core.session")
    assert "pinecall.core.session" in loaded
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
        assert "pinecall.core.session" not in loaded


def test_a_client_loads_what_it_needs() -> None:
    """A client is there without REST, event streams and audio: they are loaded with their first use."""
    for statement in ("from pinecall import Pinecall", "from pinecall_sync import Pinecall"):
        loaded = loaded_by(statement)
        assert "pinecall.core.session" in loaded
        assert loaded & {"pinecall.core.hub", "pinecall.stream", "pinecall.audio"} == set()
        assert not any(name.startswith("pinecall.core.rest.") for name in loaded)


def test_rest_by_attribute() -> None:
    """A REST module is loaded when it is asked for; one that does not exist is an AttributeError."""
    assert rest.__getattr__("tokens") is importlib.import_module("pinecall.core.rest.tokens")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = rest.nothing
