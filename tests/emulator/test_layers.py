"""The emulator's packages are layers: none imports one above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pinecall.emulator

HOME = Path(pinecall.emulator.__file__).parent

#: Lower first: each imports only those before it, and its own modules. Imports for type checkers and
#: imports inside functions count.
LAYERS = [
    "errors", "responders",
    "core.kernel", "core.stores", "core.world", "core.sessions", "core.voice", "core.tokens",
    "core.connections", "core.registry", "core.openers", "core.credits", "core.platform",
    "core.commands", "core.fault_injection", "core.server", "core",
    "traffic", "serving", "runner", "middleware", "rest", "app", "views", "waiting", "lifecycle",
    "far_ends", "conversations", "faults_api", "console", "talking", "", "__main__",
]  # fmt: skip
#: No socket, clock, thread or loop.
BANNED = {
    "asyncio", "httpx", "queue", "select", "socket", "ssl", "threading", "time", "websocket", "websockets",
}  # fmt: skip


def modules() -> dict[str, Path]:
    """The emulator's files by dotted name below ``pinecall.emulator``."""
    found = {}
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(HOME).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(name: str) -> Iterator[str]:
    """The emulator's modules that a module imports."""
    package = ["pinecall", "emulator", *filter(None, name.split("."))]
    if MODULES[name].name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *filter(None, [node.module])])
        if module.startswith("pinecall.emulator"):
            inside = module.removeprefix("pinecall.emulator").lstrip(".")
            for alias in node.names:
                whole = ".".join(filter(None, [inside, alias.name]))
                yield whole if whole in MODULES else inside


def layer(name: str) -> int:
    """The index of a module's layer: its own, else that of the nearest package above it."""
    while name not in LAYERS:
        name = name.rpartition(".")[0]
    return LAYERS.index(name)


def test_nothing_imports_upwards() -> None:
    """Each layer imports only those below it."""
    arrows = [(a, b) for a in MODULES for b in imported(a)]
    assert len(arrows) > 200
    assert [(a, b) for a, b in arrows if layer(a) < layer(b)] == []


def test_no_circles() -> None:
    """No modules import each other in a circle."""
    left = {name: set(imported(name)) - {name} for name in MODULES}
    while ready := [name for name, needs in left.items() if not needs & set(left)]:
        for name in ready:
            del left[name]
    assert left == {}


def test_no_crowded_folders() -> None:
    """No folder has more than twenty modules."""
    folders = [path.parent for path in MODULES.values()]
    assert [folder for folder in set(folders) if folders.count(folder) > 20] == []


def test_the_core_does_no_io() -> None:
    """No module of the core, nor the built-in responder, imports a socket, a clock, a thread or a loop."""
    inside = [name for name in MODULES if name.startswith(("core", "responders"))]
    inside.remove("responders.external")
    assert len(inside) > 40
    for name in inside:
        for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.append(node.module)
            assert not {one.partition(".")[0] for one in names} & BANNED, name
