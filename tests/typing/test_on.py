"""``On`` and ``Off`` when they run."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import pinecall_sync
from pinecall.core.wire.names import check_name
from pinecall.errors import ConfigurationError
from pinecall.typing import Off, On

AnyOn = On[Any, Any, Any, Any, Any, Any]


class Table:
    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def add(self, name: str, handler: Any) -> Any:
        self.calls.append((name, handler))
        return handler

    def remove(self, name: str, handler: Any) -> None:
        self.calls.append((name, handler))


def handler(*args: Any) -> None: ...


def test_plain_call_registers_and_returns_the_handler() -> None:
    """``on(name, handler)`` hands both over and gives the handler back."""
    table = Table()
    on: AnyOn = On(table.add, check_name)
    assert on("user.message", handler) is handler
    assert table.calls == [("user.message", handler)]


def test_decorator_registers_and_leaves_the_function() -> None:
    """``@on(name)`` registers what it decorates, not before, and changes nothing about it."""
    table = Table()
    on: AnyOn = On(table.add, check_name)
    decorate = on("user.message")
    assert table.calls == []
    assert decorate(handler) is handler
    assert table.calls == [("user.message", handler)]


def test_misspelt_name_is_refused_before_the_function() -> None:
    """``@on("user.mesage")`` raises on its own line and names the nearest event."""
    on: Any = On(Table().add, check_name)
    with pytest.raises(ConfigurationError, match=r"did you mean 'user\.message'"):
        on("user.mesage")


def test_forgotten_name_is_refused() -> None:
    """``@on`` without a name says what it wants."""
    on: Any = On(Table().add, check_name)
    with pytest.raises(ConfigurationError, match="an event name is a str"):
        on(handler)


def test_none_is_no_missing_handler() -> None:
    """``on(name, None)`` is handed on to be refused, and is not taken for a decorator."""
    table = Table()
    on: Any = On(table.add, check_name)
    on("user.message", None)
    assert table.calls == [("user.message", None)]


def test_off_with_and_without_a_handler() -> None:
    """``off(name)`` hands on None for "all of them"."""
    table = Table()
    off = Off(table.remove)
    off("user.message", handler)
    off("user.message")
    assert table.calls == [("user.message", handler), ("user.message", None)]


def test_blocking_front_refuses_coroutine_functions() -> None:
    """``async def`` is refused where it is registered: no type says "anything but a coroutine"."""

    async def coroutine(event: object, call: object) -> None: ...

    agent = pinecall_sync.Pinecall("pk_test").agent("mara")
    with pytest.raises(ConfigurationError, match="write 'def' instead of 'async def'"):
        agent.on("user.message", coroutine)
    with pytest.raises(ConfigurationError, match="write 'def' instead of 'async def'"):
        agent.on("user.message")(coroutine)


def test_import_is_light() -> None:
    """``pinecall.typing`` loads no event loop and no transport."""
    code = (
        "import sys, pinecall.typing; "
        "print(*{'asyncio', 'websockets', 'websocket', 'httpx', "
        "'concurrent.futures'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_typing_extensions_is_for_type_checkers_only() -> None:
    """The vocabulary and the core load where ``typing_extensions`` is not installed."""
    code = (
        "import sys; sys.modules['typing_extensions'] = None; "
        "import pinecall.typing, pinecall.events, pinecall.options, pinecall.skills, "
        "pinecall.core.engine, pinecall.core.api.client, pinecall.core.api.calls"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
