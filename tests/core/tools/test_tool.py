"""Tools: what ``@tool`` makes of a function, and what an agent takes as its tools."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from typing import Any

import pytest

from pinecall.errors import ConfigurationError
from pinecall.tools import Tool, as_tools, encode_result, tool, wire_tool

from .shop import order


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    @tool
    def greet(self, guest: str) -> str:
        """Greets."""
        return f"{self.name}: {guest}"

    @classmethod
    def build(cls) -> Shop:
        return cls("built")

    async def close(self, reason: str) -> None: ...

    @staticmethod
    @tool
    def double(x: int) -> int:
        return 2 * x


def test_tool_type() -> None:
    """The decorator makes a Tool whose repr shows its name."""
    assert isinstance(order, Tool) and "name='order'" in repr(order)


def test_wire_form_is_a_copy() -> None:
    """Changing a wire form does not change the tool."""
    wire = order.to_wire()
    order.to_wire()["function"]["parameters"]["properties"].clear()
    assert order.to_wire() == wire
    assert wire["function"]["parameters"]["properties"]


def test_options_and_plain_call() -> None:
    """Options are kept, and calling a tool runs the function as it is."""

    @tool(name="add-up", description="Adds.", ephemeral=True, no_followup=True, timeout=5)
    async def add(a: int, b: int) -> int:
        return a + b

    @tool
    def sub(a: int, b: int) -> int:
        return a - b

    assert (add.name, add.description, add.timeout) == ("add-up", "Adds.", 5.0)
    assert (add.ephemeral, add.no_followup, add.is_async) == (True, True, True)
    assert (sub.ephemeral, sub.no_followup, sub.timeout, sub.is_async) == (
        False,
        False,
        30.0,
        False,
    )
    assert sub(5, b=3) == 2


def test_methods() -> None:
    """A decorated method is a tool of each object; from the class it is refused with the fix."""
    shop = Shop("A")
    assert list(shop.greet.parameters["properties"]) == ["guest"]
    args, kwargs = shop.greet.bind('{"guest": "B"}', None)
    assert shop.greet(*args, **kwargs) == "A: B"
    assert Shop.double(2) == 4 and Shop.double.to_wire()["function"]["name"] == "double"
    closing = tool(shop.close)
    assert closing.is_async and list(closing.parameters["properties"]) == ["reason"]
    with pytest.raises(ConfigurationError, match="pass it from an object"):
        Shop.greet.to_wire()


def test_partials_and_callable_objects() -> None:
    """A partial hides what it fixes; an object with __call__ is a tool under its class's name."""

    def find(db: str, query: str, limit: int = 3) -> str:
        """Finds."""
        return f"{db}{query}{limit}"

    class Finder:
        async def __call__(self, query: str) -> str:
            """Finds it."""
            return query

    first = tool(functools.partial(find, "db"))
    second = tool(functools.partial(find, db="db"))
    for made in (first, second):
        assert (made.name, made.description) == ("find", "Finds.")
        assert list(made.parameters["properties"]) == ["query", "limit"]
        args, kwargs = made.bind('{"query": "q"}', None)
        assert made(*args, **kwargs) == "dbq3"
    finder = tool(Finder())
    assert (finder.name, finder.description, finder.is_async) == ("Finder", "Finds it.", True)


def plain(*names: str) -> None: ...


def _generator():
    yield 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (plain, r"^tool 'plain': a model cannot fill the parameter \*names"),
        (_generator, r"collect what it yields in a list"),
        (lambda x: x, r"not '<lambda>': give one with @tool\(name="),
        (Shop, r"a class is not a tool"),
        (order, r"'order' is a tool already"),
        ("order", r"@tool\(name='order'\)"),
        (Shop.__dict__["build"], r"classmethod cannot be decorated"),
    ],
)
def test_refusals(function: Any, message: str) -> None:
    """What cannot be a tool is refused where it is decorated, with the fix."""
    with pytest.raises(ConfigurationError, match=message):
        tool(function)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": None},
        {"timeout": True},
        {"timeout": float("inf")},
        {"ephemeral": 1},
        {"name": "a b"},
        {"description": 1},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    """A wrong option of the decorator is refused."""
    with pytest.raises(ConfigurationError):

        @tool(**options)
        def f() -> None: ...


def test_tool_lists() -> None:
    """An agent's tools are tools and OpenAI dicts; for a bare function the error asks for the
    decorator."""
    ready = {"type": "function", "function": {"name": "ready"}}
    assert [wire_tool(entry) for entry in as_tools([order, ready], "agent 'a'")] == [
        order.to_wire(),
        ready,
    ]
    for wrong, message in [
        ([plain], "agent 'a': plain is not a tool: decorate it with @tool"),
        ([order, order], "two tools are named 'order'"),
        ([{"name": "x"}], "this one has the keys name"),
        (order, "tools is a list of tools, not Tool"),
        ([3], "not int"),
        ([Shop.greet], "pass it from an object"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            as_tools(wrong, "agent 'a'")


def test_import_stays_light() -> None:
    """Importing tools and skills loads no event loop, socket library or HTTP client."""
    code = (
        "import sys, pinecall.tools, pinecall.skills;"
        "print([m for m in ('asyncio', 'websockets', 'websocket', 'httpx') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_answers() -> None:
    """The answer of a tool is its encoded result; that of a coroutine function is awaited."""

    @tool
    def add(a: int, b: int) -> int:
        return a + b

    @tool
    async def sub(a: int, b: int) -> int:
        return a - b

    assert add.answer({"a": 1, "b": 2}) == encode_result(3)
    assert asyncio.run(_awaited(sub.answer('{"a": 3, "b": 1}'))) == encode_result(2)


async def _awaited(answer: Any) -> Any:
    return await answer


def test_a_static_method_and_no_function() -> None:
    """A staticmethod is its function; what cannot be called is refused with its type."""
    assert tool(staticmethod(_named)).name == "_named"
    with pytest.raises(ConfigurationError, match="@tool decorates a function, not int"):
        tool(name="five")(5)  # type: ignore[type-var, arg-type]


def _named() -> None: ...
