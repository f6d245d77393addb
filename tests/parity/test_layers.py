"""Who may import whom: the core's packages stand on each other, and nothing goes round in a circle.

Imports under ``TYPE_CHECKING``, inside functions and relative ones are read like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: What each may import is above it: the first imports nothing of ours.
LAYERS = [
    "core.text",
    "errors",
    "logs",
    "events",
    "core.wire",
    "core.traces",
    "core.kernel",
    "typing",
    "core.model",
    "core.tools",
    "core.config",
    "core.link",
    "core.history",
    "core.calls",
    "core.rest",
    "core.agents",
    "core.lines",
    "core.streams",
    "core.drain",
    "core.lifecycle",
    "core.effects",
    "core.engine",
    "core.api",
    "options",
    "tools",
    "skills",
    "_shared",
    "_asyncio",
]  # fmt: skip

Arrows = dict[str, set[str]]


def modules(*packages: str) -> dict[str, Path]:
    """Every module of the packages, by its dotted name."""
    found = {}
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(source: str, module: str, *, package: bool = False) -> Iterator[str]:
    """Every module, and every name of one, that ``source`` imports; relative ones are resolved.

    ``package``: it is the ``__init__`` of ``module``.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if package else module.split(".")[:-1]
            base = base[: len(base) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def arrows(*packages: str) -> Arrows:
    """Module → the modules of the same packages that it imports."""
    known = modules(*packages)
    found: Arrows = {}
    for module, path in known.items():
        names = set(imported(path.read_text("utf-8"), module, package=path.name == "__init__.py"))
        # ``from .x import y`` imports the package of x too, which is no arrow of its own.
        taken = {name for name in names if name in known and name != module}
        found[module] = {
            name
            for name in taken
            if known[name].name != "__init__.py" or not any(n.startswith(f"{name}.") for n in taken)
        }
    return found


def circles(graph: Arrows) -> list[set[str]]:
    """The strongly connected groups of more than one module."""
    reached = {start: _reach(graph, start) for start in graph}
    groups = {
        frozenset(other for other in reached[one] if one in reached.get(other, ())) for one in graph
    }
    return [set(group) for group in groups if len(group) > 1]


def _reach(graph: Arrows, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def rank(module: str, layers: Iterable[str]) -> int | None:
    """The place of the module's layer; None where it belongs to none."""
    inside = module.removeprefix("pinecall.")
    for place, layer in enumerate(layers):
        if inside == layer or inside.startswith(f"{layer}."):
            return place
    return None


def upward(graph: Arrows, layers: list[str]) -> set[tuple[str, str]]:
    """The imports of what stands higher."""
    found = set()
    for one, others in graph.items():
        here = rank(one, layers)
        for other in others:
            there = rank(other, layers)
            if here is not None and there is not None and there > here:
                found.add((one, other))
    return found


def test_nothing_imports_upwards() -> None:
    """Each layer imports, types included, only those before it in the list."""
    graph = arrows("pinecall")
    assert upward(graph, LAYERS) == set()


def test_every_module_of_the_core_has_a_layer() -> None:
    """A new package or file of the core takes its place in the list."""
    inside = [module for module in modules("pinecall") if module.startswith("pinecall.core.")]
    assert len(inside) > 100
    assert [module for module in inside if rank(module, LAYERS) is None] == []
    assert {layer for layer in LAYERS if rank(f"pinecall.{layer}", LAYERS) is None} == set()


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_no_circles(package: str) -> None:
    """No modules import each other in a circle, types included."""
    graph = arrows("pinecall", "pinecall_sync")
    found = circles({one: others for one, others in graph.items() if one.startswith(package)})
    assert found == []


def test_no_folder_is_a_heap() -> None:
    """A folder has at most 20 files."""
    sizes: dict[Path, int] = {}
    for path in modules("pinecall", "pinecall_sync").values():
        sizes[path.parent] = sizes.get(path.parent, 0) + 1
    big = {str(folder.relative_to(ROOT)): size for folder, size in sizes.items() if size > 20}
    assert big == {}


@pytest.mark.parametrize(
    ("source", "module", "names"),
    [
        ("from ..engine import Engine", "pinecall.core.calls.call", "pinecall.core.engine"),
        ("from ... import web", "pinecall.core.effects.llm", "pinecall.web"),
        ("if TYPE_CHECKING:\n    from .b import B", "pinecall.core.a", "pinecall.core.b"),
        ("def f():\n    from .b import B", "pinecall.core.a", "pinecall.core.b"),
        ("import pinecall.core.engine", "pinecall.errors", "pinecall.core.engine"),
        ("from pinecall.core import engine", "pinecall.errors", "pinecall.core.engine"),
    ],
)
def test_what_counts_as_an_import(source: str, module: str, names: str) -> None:
    """Every way to import a module is seen, however it is spelt and wherever it stands."""
    assert names in set(imported(source, module))


def test_what_counts_as_upward() -> None:
    """An import of a later layer is found; one of an earlier or of the same layer is not."""
    graph = {
        "pinecall.core.text.a": {"pinecall.core.wire.b"},
        "pinecall.core.wire.b": {"pinecall.core.text.a", "pinecall.core.wire.c"},
    }
    found = upward(graph, ["core.text", "core.wire"])
    assert found == {("pinecall.core.text.a", "pinecall.core.wire.b")}


def test_what_counts_as_a_circle() -> None:
    """A circle of any length is found, and what only leads to it is not part of it."""
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d2"}, "d2": set()}
    assert circles(graph) == [{"b", "c"}]
