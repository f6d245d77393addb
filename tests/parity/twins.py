"""What the two fronts have in common by name, and how twins are compared."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pinecall
import pinecall_sync

#: Public members that one front has and the other has not, each with its reason.
ONE_SIDED = {
    ("waiting", "Playback"): {"wait"},  # awaited on the asyncio front
    # WSGI has no WebSockets; a thread cannot wait for a message and for an event at once.
    ("agent", "Agent"): {"ws"},
    ("client", "Pinecall"): {"ws"},
    ("web", "AgentWeb"): {"ws"},
    ("web", "ClientWeb"): {"ws"},
    # ASGI and WSGI; what Starlette and aiohttp ask of a response.
    ("stream", "EventStream"): {"aiohttp", "quart", "full", "max_streams"}
    | {"background", "raw_headers", "status_code"}
    | {"body_length", "keep_alive", "prepare", "status", "write_eof"},
}
#: Parameters that one front has and the other has not.
ONE_SIDED_PARAMETERS = {
    ("client", "Pinecall", "__init__"): {"threads"},  # asyncio has none
    ("stream", "EventStream", "open"): {"connection"},  # which WSGI servers let it watch
}
#: Modules that only an extra makes importable.
OF_AN_EXTRA = {"emulator"}

Twin = tuple[str, str, Any, Any]


def twins(*, only: str | None = None) -> list[Twin]:
    """Every public class or function that has the same place in both packages; of one module."""
    return list(_twins(OF_AN_EXTRA if only is None else _modules() - {only}))


def _modules() -> set[str]:
    return {m.name for m in pkgutil.iter_modules(pinecall.__path__)}


def _twins(without: set[str]) -> Iterator[Twin]:
    modules = _modules() & {m.name for m in pkgutil.iter_modules(pinecall_sync.__path__)}
    for module in sorted(modules - without):
        one = importlib.import_module(f"pinecall.{module}")
        two = importlib.import_module(f"pinecall_sync.{module}")
        for name in sorted(set(one.__all__) & set(two.__all__)):
            mine, other = getattr(one, name), getattr(two, name)
            if callable(mine) and mine is not other:
                yield module, name, mine, other


def _parameters(function: Any, without: set[str]) -> list[tuple[str, Any, Any]]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    return [
        (p.name, p.kind, p.default) for p in signature.parameters.values() if p.name not in without
    ]


def check_members(module: str, name: str, mine: Any, other: Any) -> None:
    """The public members of twins have the same names; what asyncio calls aclose() is close()."""
    if not inspect.isclass(mine):
        return
    one = {member for member in dir(mine) if not member.startswith("_")}
    two = {member for member in dir(other) if not member.startswith("_")}
    if "aclose" in one:
        one = one - {"aclose"} | {"close"}
    assert one ^ two == ONE_SIDED.get((module, name), set())


def check_parameters(module: str, name: str, mine: Any, other: Any) -> None:
    """Their parameters have the same names, kinds and defaults, in the same order."""
    if not inspect.isclass(mine):
        assert _parameters(mine, set()) == _parameters(other, set())
        return
    for member in dir(mine):
        if member.startswith("_") and member != "__init__":
            continue
        one, two = getattr(mine, member), getattr(other, member, None)
        if not callable(one) or two is None or one is two:
            continue
        extra = ONE_SIDED_PARAMETERS.get((module, name, member), set())
        assert _parameters(one, extra) == _parameters(two, extra), member


def check_coroutines(module: str, name: str, mine: Any, other: Any) -> None:
    """No method of the blocking front is a coroutine."""
    if inspect.isclass(other):
        for member in dir(other):
            assert not inspect.iscoroutinefunction(inspect.getattr_static(other, member)), member
