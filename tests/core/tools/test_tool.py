"""Tools: schemas, arguments and results, as the model sees them."""

from __future__ import annotations

import enum
import functools
import itertools
import json
import subprocess
import sys
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Optional, TypedDict

import attrs
import msgspec
import pytest

from pinecall.core.tools.docstring import Docstring, parse_docstring
from pinecall.core.tools.portable import in_order
from pinecall.errors import ConfigurationError, PinecallError
from pinecall.tools import (
    Tool,
    ToolArgumentError,
    as_tools,
    encode_result,
    error_result,
    tool,
    wire_tool,
)

if TYPE_CHECKING:
    from pinecall import Call


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@attrs.frozen
class Address:
    """Where it goes.

    Attributes:
        street: with the house number
    """

    street: str
    city: str = "Faro"


@dataclass
class Item:
    sku: str
    count: int = 1


class Box(TypedDict):
    items: list[Item]


class Point(NamedTuple):
    lat: float
    lon: float


@dataclass
class Node:
    value: int
    next: Node | None = None


@tool
def order(
    order_id: str,
    size: Size,
    where: Address,
    box: Box,
    at: Point,
    when: datetime,
    note: str | None,
    call: Call,
    count: Annotated[int, msgspec.Meta(ge=1), "how many"] = 1,
    colour: Literal["red", "blue"] = "red",
    tags: list[str] | None = None,
    extra=None,
) -> dict[str, Any]:
    """Place an order.

    It is sent at once.

    Args:
        order_id (str): the order's number,
            like ORD-12345
        where: the address
        count: not this text

    Returns:
        what was placed
    """
    return {"id": order_id, "call": call}


GOLDEN = {
    "type": "function",
    "function": {
        "name": "order",
        "description": "Place an order.\n\nIt is sent at once.",
        "parameters": {
            "type": "object",
            "properties": {
                "order_id": {
                    "type": "string",
                    "description": "the order's number, like ORD-12345",
                },
                "size": {"type": "string", "enum": ["small", "large"]},
                "where": {
                    "type": "object",
                    "properties": {
                        "street": {"type": "string", "description": "with the house number"},
                        "city": {"type": "string", "default": "Faro"},
                    },
                    "required": ["street"],
                    "description": "the address",
                },
                "box": {
                    "type": "object",
                    "properties": {
                        "items": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "sku": {"type": "string"},
                                    "count": {"type": "integer", "default": 1},
                                },
                                "required": ["sku"],
                            },
                        }
                    },
                    "required": ["items"],
                },
                "at": {
                    "type": "array",
                    "items": {"type": "number"},
                    "minItems": 2,
                    "maxItems": 2,
                },
                "when": {"format": "date-time", "type": "string"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "count": {
                    "description": "how many",
                    "type": "integer",
                    "minimum": 1,
                    "default": 1,
                },
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "tags": {
                    "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
                    "default": None,
                },
                "extra": {"default": None},
            },
            "required": ["order_id", "size", "where", "box", "at", "when", "note"],
        },
    },
}


def test_golden_schema() -> None:
    """A rich signature has exactly this wire form, key order of the properties included."""
    wire = order.to_wire()
    assert wire == GOLDEN
    shown = wire["function"]["parameters"]["properties"]
    assert list(shown) == list(GOLDEN["function"]["parameters"]["properties"])
    json.dumps(wire)


def test_wire_form_is_a_copy() -> None:
    """Changing a wire form does not change the tool."""
    order.to_wire()["function"]["parameters"]["properties"].clear()
    assert order.to_wire() == GOLDEN


def test_recursive_type_keeps_defs() -> None:
    """Only a type that contains itself stays a reference."""

    @tool
    def walk(node: Node) -> None: ...

    assert walk.parameters["properties"] == {"node": {"$ref": "#/$defs/Node"}}
    assert walk.parameters["$defs"]["Node"]["properties"]["next"] == {
        "anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}],
        "default": None,
    }


def test_no_parameters() -> None:
    """A tool without parameters has an empty object schema and reads any empty arguments."""

    @tool
    def ping() -> str:
        return "pong"

    assert ping.parameters == {"type": "object", "properties": {}, "required": []}
    for empty in ("", "  ", "{}", "null", None, {}):
        assert ping.bind(empty, None) == ((), {})


@pytest.mark.parametrize(
    "doc",
    [
        "Say.\n\nArgs:\n    word (str): the\n        word\n    Note: x\n",
        "Say.\n\n:param str word: the\n    word\n:returns: nothing\n",
        "Say.\n\nParameters\n----------\nword : str\n    the\n    word\n\nReturns\n-------\nstr\n",
    ],
    ids=["google", "rest", "numpy"],
)
def test_docstring_styles(doc: str) -> None:
    """The three docstring styles give the same description and the same parameter text."""

    def say(word: str) -> None: ...

    say.__doc__ = doc
    made = tool(say)
    assert made.description == "Say."
    assert made.parameters["properties"]["word"] == {"type": "string", "description": "the word"}


@pytest.mark.parametrize(
    ("doc", "description", "word"),
    [
        ("Say.\n\nArgs:\n    word: the word\nNot a part of it.", "Say.", "the word"),
        ("Say.\n\n:param word: the word\nNot a part of it.", "Say.", "the word"),
        ("Say.\n\nPrices:\n    word: free", "Say.\n\nPrices:\n    word: free", None),
        ("Say.\n\nReturns:\n    word: no parameter", "Say.", None),
        (
            "Say.\n\nParameters\n----------\n    under no name\nword\n    the word",
            "Say.",
            "the word",
        ),
    ],
)
def test_docstring_of_odd_parts(doc: str, description: str, word: str | None) -> None:
    """Text without indentation ends a section, an unknown heading begins none, and only parameters
    are described."""
    expected = {} if word is None else {"word": word}
    assert parse_docstring(doc) == Docstring(description, expected)


def test_arguments_are_converted() -> None:
    """JSON text becomes the hinted Python types, and the call is put in."""
    text = json.dumps(
        {
            "order_id": "O1",
            "size": "small",
            "where": {"street": "Rua 1"},
            "box": {"items": [{"sku": "a"}]},
            "at": [1, 2.5],
            "when": "2025-01-02T10:00:00",
            "note": None,
            "call": "from the model",
            "unknown": 1,
        }
    )
    expected = {
        "order_id": "O1",
        "size": Size.SMALL,
        "where": Address("Rua 1"),
        "box": {"items": [Item("a")]},
        "at": Point(1.0, 2.5),
        "when": datetime(2025, 1, 2, 10),
        "note": None,
        "call": "the call",
    }
    assert order.bind(text, "the call") == ((), expected)
    assert order.bind(json.loads(text), "the call") == ((), expected)


def test_every_problem_is_named() -> None:
    """All wrong arguments are in one message that a model can act on."""

    @tool
    def book(order_id: str, people: list[int], size: Size, when: date, count: int = 1) -> None: ...

    with pytest.raises(ToolArgumentError) as caught:
        book.bind('{"order_id": 5, "people": [1, "x"], "size": "huge", "count": "one"}', None)
    assert caught.value.problems == (
        "order_id: expected str, got int",
        "people[1]: expected int, got str",
        "size: invalid enum value 'huge'; allowed: small, large",
        "when: missing",
        "count: expected int, got str",
    )
    assert str(caught.value) == "; ".join(caught.value.problems)
    assert isinstance(caught.value, PinecallError) and isinstance(caught.value, ValueError)


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "[" * 100_000, '{"a": \ud800}'])
def test_arguments_that_are_no_object(text: str) -> None:
    """Broken JSON and JSON that is not an object are argument errors, whatever their shape."""

    @tool
    def f(a: int = 1) -> None: ...

    with pytest.raises(ToolArgumentError, match=r"^arguments: "):
        f.bind(text, None)


def test_call_is_recognised_by_hint() -> None:
    """A Call hint is injected under any name, also one that exists for type checkers only."""

    class LineCall: ...

    @tool
    def f(a: int, c: Call, d: Call | None, e: Optional["Call"], g: LineCall, call=None) -> None: ...  # noqa: UP037, UP045

    assert list(f.parameters["properties"]) == ["a"]
    assert f.bind({"a": 1}, "X") == (
        (),
        {"a": 1, "c": "X", "d": "X", "e": "X", "g": "X", "call": "X"},
    )


def test_call_in_other_hints() -> None:
    """A Call is recognised in Annotated, as a subclass, and in hints that are objects."""

    class LineCall: ...

    class DeskCall(LineCall): ...

    def f(
        a: int, b: Annotated[LineCall, "the line's"], c: DeskCall, d: DeskCall | None, e
    ) -> None: ...

    f.__annotations__["e"] = Optional["Call"]
    made = tool(f)
    assert list(made.parameters["properties"]) == ["a"]
    assert made.bind({"a": 1}, "X") == ((), {"a": 1, "b": "X", "c": "X", "d": "X", "e": "X"})


def test_none_by_default() -> None:
    """Null for a parameter that is None by default is None, for one with another default is that."""

    @tool
    def f(a: int = None, b: Optional[int] = None, c: int = 5) -> None: ...  # type: ignore[assignment]  # noqa: RUF013, UP045

    assert f.bind('{"a": null, "b": null}', None)[1] == {"a": None, "b": None}
    assert f.parameters["properties"]["a"]["default"] is None
    assert f.bind('{"c": null}', None)[1] == {}


def test_sentinel_by_default() -> None:
    """A default that no JSON can show stays out of the schema, and the parameter optional."""
    unset: Any = object()

    @tool
    def f(a: object, b: str = unset) -> Any:
        return b

    assert f.parameters["properties"] == {"a": {}, "b": {"type": "string"}}
    assert f.parameters["required"] == ["a"]
    assert f.invoke({"a": [1]}) is unset


def test_docstring_of_a_class_beside_its_fields() -> None:
    """A class's docstring about something that is not a field of it changes nothing."""

    @attrs.frozen
    class Parcel:
        """A parcel.

        Attributes:
            weight: in kg
            colour: it has none
        """

        weight: float

    @tool
    def f(parcel: Parcel) -> None: ...

    shown = f.parameters["properties"]["parcel"]
    assert shown["description"] == "A parcel."
    assert shown["properties"] == {"weight": {"type": "number", "description": "in kg"}}


def _pick(kinds: type[enum.Enum], *, known: bool = True) -> Callable[..., Any]:
    Kind = kinds

    def pick(kind: Kind) -> Any:  # type: ignore[valid-type]
        return Kind(kind)

    if not known:
        del Kind
    return pick


def test_types_of_a_closure_resolve() -> None:
    """A hint may name what the function's own closure holds; what it does not hold yet is named
    in the refusal."""
    assert tool(_pick(Size)).bind('{"kind": "small"}', None)[1] == {"kind": Size.SMALL}
    with pytest.raises(ConfigurationError, match=r"type hint of kind, 'Kind', cannot be resolved"):
        tool(_pick(Size, known=False))


def test_decorated_function() -> None:
    """Behind a decorator of another module the hints are still those of the function's own."""
    namespace: dict[str, Any] = {"functools": functools, "__name__": "elsewhere"}
    exec(
        "def logged(function):\n"
        "    @functools.wraps(function)\n"
        "    def run(*args, **kwargs):\n"
        "        return function(*args, **kwargs)\n"
        "    return run\n",
        namespace,
    )

    @tool
    @namespace["logged"]
    def grow(size: Size, by: int = 1) -> Any:
        return size, by

    assert grow.bind('{"size": "small"}', None)[1] == {"size": Size.SMALL}
    assert grow.invoke('{"size": "large", "by": 2}') == (Size.LARGE, 2)


def test_local_types_resolve() -> None:
    """A class defined inside a function can be a hint, also when hints are strings."""

    class Local(enum.Enum):
        A = "a"

    @tool(name="pick")
    def f(x: Local) -> Local:
        return x

    assert f.bind('{"x": "a"}', None)[1] == {"x": Local.A}
    assert f.invoke('{"x": "a"}') is Local.A


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


def _star(*names: str) -> None: ...
def _stars(**names: str) -> None: ...
def _positional(a: str, /) -> None: ...
def _unresolved(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def _unsupported(a: Callable[[], int]) -> None: ...
def _custom(a: list[Shop]) -> None: ...
def _generator():
    yield 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_star, r"tool '_star': a model cannot fill the parameter \*names; .*names: list\[str\]"),
        (_stars, r"parameter \*\*names; .*names: dict"),
        (_positional, r"parameter a; .*remove the '/'"),
        (_unresolved, r"type hint of a, 'Nowhere', cannot be resolved"),
        (_unsupported, r"type hint of a, .*Callable.*has no JSON form"),
        (_custom, r"type hint of a, list\[.*Shop\], has no JSON form"),
        (max, r"tool 'max': its parameters cannot be read"),
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


@pytest.mark.parametrize("value", [0, [], False, None, ""])
def test_falsy_results_are_unchanged(value: object) -> None:
    """A tool that returns nothing, or a falsy value, answers just that."""
    result = encode_result(value)
    assert result == value and type(result) is type(value)


def test_results_take_their_json_form() -> None:
    """Python's own types take their JSON form, and strangers become text at any depth."""

    class Stranger:
        def __str__(self) -> str:
            return "stranger"

    assert encode_result(Address("S")) == {"street": "S", "city": "Faro"}
    assert encode_result([Item("a"), Size.SMALL]) == [{"sku": "a", "count": 1}, "small"]
    assert encode_result({1: datetime(2025, 1, 2), "d": Decimal("1.50")}) == {
        "1": "2025-01-02T00:00:00",
        "d": "1.50",
    }
    assert encode_result([{7}, b"hi", uuid.UUID(int=0)]) == [
        [7],
        "aGk=",
        "00000000-0000-0000-0000-000000000000",
    ]
    assert encode_result({"who": Stranger()}) == {"who": "stranger"}


def test_every_result_is_json() -> None:
    """What a result is encoded to is JSON; what has no such form is refused with its type."""
    for value in ("\ud800", {"\ud800": [{"a": "\ud800"}]}, float("nan"), 10**30, range(3)):
        msgspec.json.encode(encode_result(value))
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ConfigurationError, match="holds itself"):
        encode_result(loop)
    with pytest.raises(ConfigurationError, match="a dict, cannot be sent"):
        encode_result({(1, 2): 3})
    for strange in (object, object(), print, ConfigurationError):
        with pytest.raises(ConfigurationError, match="has no JSON form"):
            encode_result([strange])
    assert error_result("no") == {"error": "no"}


def test_many_values_are_lists() -> None:
    """Views, ranges, deques and iterators become lists, and an endless one is refused."""
    numbers = {"a": 1, "b": 2}
    assert encode_result(numbers.keys()) == ["a", "b"]
    assert encode_result({"v": numbers.values(), "i": numbers.items()}) == {
        "v": [1, 2],
        "i": [("a", 1), ("b", 2)],
    }
    assert encode_result(range(3)) == encode_result(deque([0, 1, 2])) == [0, 1, 2]
    assert encode_result(iter("ab")) == encode_result(one for one in "ab") == ["a", "b"]
    assert encode_result(MappingProxyType(numbers)) == numbers
    with pytest.raises(ConfigurationError, match="a count of more than 10000 items"):
        encode_result(itertools.count())


class Model:
    """What pydantic's models have."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def model_dump(self, *, mode: str) -> Any:
        assert mode == "json"
        return self.values


class Scalars:
    """What numpy's arrays and numbers have."""

    dtype = "int64"

    def tolist(self) -> list[int]:
        return [1, 2]


def test_foreign_results() -> None:
    """A pydantic model, and what numpy makes, take their own JSON form at any depth."""
    assert encode_result({"found": [Model(name="a")]}) == {"found": [{"name": "a"}]}
    assert encode_result(Scalars()) == [1, 2]


def test_tool_lists() -> None:
    """An agent's tools are tools and OpenAI dicts; for a bare function the error asks for the
    decorator."""
    ready = {"type": "function", "function": {"name": "ready"}}
    assert [wire_tool(entry) for entry in as_tools([order, ready], "agent 'a'")] == [GOLDEN, ready]
    for wrong, message in [
        ([_star], "agent 'a': _star is not a tool: decorate it with @tool"),
        ([order, order], "two tools are named 'order'"),
        ([{"name": "x"}], "this one has the keys name"),
        (order, "tools is a list of tools, not Tool"),
        ([3], "not int"),
        ([Shop.greet], "pass it from an object"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            as_tools(wrong, "agent 'a'")


def test_tool_type() -> None:
    """Both forms of the decorator make a Tool whose repr shows its name."""
    assert isinstance(order, Tool) and "name='order'" in repr(order)


def test_import_stays_light() -> None:
    """Importing tools and skills loads no event loop, socket library or HTTP client."""
    code = (
        "import sys, pinecall.tools, pinecall.skills;"
        "print([m for m in ('asyncio', 'websockets', 'websocket', 'httpx') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "text",
    [
        """Paint.

        Args:
            colour (Literal["red",
                "blue"]): which one
            size (Dict[str,
                Tuple[int, int]], optional): how large
            note: a text (with
                brackets)

        Returns:
            colour: no parameter's text
        """,
        """Paint.

        Parameters
        ----------
        colour : Literal["red",
            "blue"]
            which one
        size : dict[str,
            int]
            how large
        note
            a text (with
            brackets)

        Returns
        -------
        colour
            no parameter's text
        """,
    ],
    ids=["google", "numpy"],
)
def test_types_over_several_lines(text: str) -> None:
    """A type over two lines is not taken for text of its own parameter or its neighbour; the
    section on what is returned neither."""
    found = parse_docstring(text)
    assert found.description == "Paint."
    assert found.parameters == {
        "colour": "which one",
        "size": "how large",
        "note": "a text (with brackets)",
    }


def test_returns_alone() -> None:
    """What stands under ``Returns:`` is in no description, and what stands before it whole."""
    google = parse_docstring("Add.\n\nBoth.\n\nReturns:\n    the sum\n    of both")
    numpy = parse_docstring("Add.\n\nBoth.\n\nReturns\n-------\nint\n    the sum")
    assert google == numpy == Docstring("Add.\n\nBoth.", {})


def test_an_empty_section() -> None:
    """A section without text takes nothing of the section behind it."""
    text = "Add.\n\nReturns\n-------\nParameters\n----------\nsize : int\n    how large"
    assert parse_docstring(text) == Docstring("Add.", {"size": "how large"})


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (Literal["b", "a"], {"type": "string", "enum": ["b", "a"]}),
        (Literal[2, 1], {"type": "integer", "enum": [2, 1]}),
        (Literal["a", None], {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
        (
            Literal["b", 1, "a"],
            {"anyOf": [{"type": "string", "enum": ["b", "a"]}, {"type": "integer", "enum": [1]}]},
        ),
        (Size, {"type": "string", "enum": ["small", "large"]}),
        (
            Size | None,
            {"anyOf": [{"type": "string", "enum": ["small", "large"]}, {"type": "null"}]},
        ),
        (
            list[Literal["b", "a"]],
            {"type": "array", "items": {"type": "string", "enum": ["b", "a"]}},
        ),
        (set[int], {"type": "array", "items": {"type": "integer"}}),
        (bytes, {"type": "string", "description": "base64"}),
        (
            tuple[int, str],
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            },
        ),
    ],
    ids=str,
)
def test_portable_schemas(hint: Any, schema: dict[str, Any]) -> None:
    """Each hint has a schema that OpenAI and Gemini take, with its members as they are declared."""

    def f(x: Any) -> None: ...

    f.__annotations__["x"] = hint
    assert tool(f).parameters["properties"]["x"] == schema


@pytest.mark.parametrize("hint", [list, list[Any], tuple, set, frozenset[Any]], ids=str)
def test_arrays_of_anything(hint: Any) -> None:
    """An array of anything says what its items may be: one without items is refused."""

    def f(x: Any) -> None: ...

    f.__annotations__["x"] = hint
    items = tool(f).parameters["properties"]["x"]["items"]
    assert items == {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}


@dataclass
class Painted:
    colours: list[Literal["red", "blue"]]
    size: Size = Size.SMALL


def test_members_inside_a_class() -> None:
    """The members of a class's fields have their type and order too."""

    @tool
    def f(painted: Painted) -> None: ...

    fields = f.parameters["properties"]["painted"]["properties"]
    assert fields["colours"]["items"] == {"type": "string", "enum": ["red", "blue"]}
    assert fields["size"]["enum"] == ["small", "large"]


@pytest.mark.parametrize(
    ("hint", "given", "meant"),
    [
        (int, "4.0", 4),
        (int, '"4"', 4),
        (int, '" 4 "', 4),
        (int, '"4.0"', 4),
        (float, '"4.5"', 4.5),
        (float, '"1e3"', 1000.0),
        (bool, '"True"', True),
        (int | None, '"null"', None),
        (int | None, '"7"', 7),
        (list[int], '["1", 2.0]', [1, 2]),
        (list[int], '"[1, 2]"', [1, 2]),
        (dict[str, int], '{"a": "1", "b": 2.0}', {"a": 1, "b": 2}),
        (Item, '"{\\"sku\\": \\"a\\"}"', Item("a")),
        (Item, '{"sku": "a", "count": "2"}', Item("a", 2)),
        (Item, '{"sku": "a", "count": null}', Item("a")),
        (time, '"14:30"', time(14, 30)),
        (time, '"9:05"', time(9, 5)),
        (time, '"2:30 pm"', time(14, 30)),
        (time, '"12:00 AM"', time(0, 0)),
        (datetime, '"2026-01-02T10:30"', datetime(2026, 1, 2, 10, 30)),
        (datetime, '"2026-01-02 10:30:05"', datetime(2026, 1, 2, 10, 30, 5)),
        (datetime, '"2026-01-02 10:30Z"', datetime(2026, 1, 2, 10, 30, tzinfo=timezone.utc)),
        (datetime, '"2026-01-02T10:30+0000"', datetime(2026, 1, 2, 10, 30, tzinfo=timezone.utc)),
        (date, '"2026-01-02T00:00:00Z"', date(2026, 1, 2)),
        (list[time], '["14:30", "15:00"]', [time(14, 30), time(15)]),
    ],
    ids=str,
)
def test_what_a_model_means(hint: Any, given: str, meant: object) -> None:
    """What is meant beyond doubt is taken for what it means, at any depth."""

    def f(x: Any) -> None: ...

    f.__annotations__["x"] = hint
    found = tool(f).bind(f'{{"x": {given}}}', None)[1]["x"]
    assert found == meant and type(found) is type(meant)


@pytest.mark.parametrize(
    ("hint", "given", "said"),
    [
        (int, "4.5", "expected int, got float"),
        (int, '"4.5"', "expected int, got str"),
        (int, '"four"', "expected int, got str"),
        (int, "true", "expected int, got bool"),
        (int, "null", "expected int, got null"),
        (float, '"much"', "expected float, got str"),
        (bool, '"yes"', "expected bool, got str"),
        (bool, "1", "expected bool, got int"),
        (str, "5", "expected str, got int"),
        (list[int], "5", "expected array, got int"),
        (list[int], '"[1, "', "expected array, got str"),
        (list[int], '["1", "x"]', "expected int, got str"),
        (dict[str, int], '{"a": "x"}', "expected int, got str"),
        (Item, '{"sku": null}', "missing required field"),
        (time, '"half past two"', "time"),
        (time, '"14:30 pm"', "time"),
        (time, '"25:00"', "time"),
        (datetime, '"2026-01-02"', "datetime"),
        (datetime, '"2026-01-02 soon"', "datetime"),
        (date, '"2026-01-02T10:00"', "date"),
        (date, '"tomorrow"', "date"),
    ],
    ids=str,
)
def test_what_is_in_doubt(hint: Any, given: str, said: str) -> None:
    """What could mean something else is refused, in words that the model can act on."""

    def f(x: Any) -> None: ...

    f.__annotations__["x"] = hint
    with pytest.raises(ToolArgumentError, match=said):
        tool(f).bind(f'{{"x": {given}}}', None)


def test_many_repairs() -> None:
    """Values are written anew up to a bound; a list of more of them is refused."""

    @tool
    def f(x: list[int]) -> None: ...

    assert f.bind({"x": ["1"] * 200}, None)[1]["x"] == [1] * 200
    with pytest.raises(ToolArgumentError, match="expected int, got str"):
        f.bind({"x": ["1"] * 201}, None)


class Odd(enum.Enum):
    """An Enum whose values cannot be compared, and have no JSON form."""

    A = [1]  # noqa: RUF012


class Elsewhere:
    """A class whose hints are known elsewhere."""

    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize("hint", [Odd, Elsewhere], ids=lambda hint: hint.__name__)
def test_hints_without_a_schema(hint: Any) -> None:
    """A hint that no schema can say is refused where @tool stands."""

    def f(x: Any) -> None: ...

    f.__annotations__["x"] = hint
    with pytest.raises(ConfigurationError, match="the type hint of x"):
        tool(f)
    assert in_order([hint, list[hint]]) is not None


def test_arguments_that_are_no_json() -> None:
    """An object that JSON cannot hold, and text that is none, are refused as a whole."""

    @tool
    def f(x: Any = None) -> None: ...

    for bad in ({"x": object()}, '{"x": ', "[NaN]"):
        with pytest.raises(ToolArgumentError, match="arguments: "):
            f.bind(bad, None)
    assert f.bind('{"x": NaN}', None)[1] == {"x": None}
