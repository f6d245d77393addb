"""The parameters of a tool, read from its function."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import pytest

from pinecall.core.tools.signature import MISSING, Parameter, Signature, read_signature
from pinecall.errors import ConfigurationError
from pinecall.tools import tool

from .shop import Item, Size

if TYPE_CHECKING:
    from pinecall import Call


class LineCall:
    """A call by its name."""


class DeskCall(LineCall):
    """A call by the name of its base."""


def read(function: Callable[..., Any], **local_names: Any) -> Signature:
    return read_signature(function, "tool 'f'", local_names)


def names(function: Callable[..., Any]) -> list[str]:
    return [parameter.name for parameter in read(function).parameters]


class TestParameters:
    def test_name_hint_and_default(self) -> None:
        """A parameter has its name, its resolved hint and its default, in the function's order."""

        def f(b: int, a: Size = Size.SMALL, *, c: list[Item] | None = None, d=5) -> None: ...

        assert read(f) == Signature(
            (
                Parameter("b", int),
                Parameter("a", Size, Size.SMALL),
                Parameter("c", Optional[list[Item]], None),  # noqa: UP045
                Parameter("d", Any, 5),
            ),
            (),
            False,
        )

    def test_required(self) -> None:
        """A parameter is required unless it has a default; None is one."""
        assert Parameter("a", int).required
        assert not Parameter("a", int, None).required
        assert not Parameter("a", int, 0).required
        assert read(lambda a: a).parameters == (Parameter("a", Any, MISSING),)

    def test_annotated(self) -> None:
        """What stands beside a type in ``Annotated`` is kept."""

        def f(a: Annotated[int, "how many"]) -> None: ...

        assert read(f).parameters[0].hint == Annotated[int, "how many"]

    def test_no_parameters(self) -> None:
        """A function without parameters has none."""
        assert read(lambda: None) == Signature((), (), False)


class TestCalls:
    def test_names(self) -> None:
        """A Call hint is given the call under any name, also one that exists for type checkers only."""

        class LineCall: ...

        @tool
        def f(
            a: int,
            c: Call,
            d: Call | None,
            e: Optional["Call"],  # noqa: UP037, UP045
            g: LineCall,
            call=None,
        ) -> None: ...

        assert list(f.parameters["properties"]) == ["a"]
        assert f.bind({"a": 1}, "X") == (
            (),
            {"a": 1, "c": "X", "d": "X", "e": "X", "g": "X", "call": "X"},
        )

    def test_any_hint_under_the_name(self) -> None:
        """A parameter named ``call`` is given the call, whatever its hint."""

        def f(call: int, call_id: str) -> None: ...

        assert (names(f), read(f).call_names) == (["call_id"], ("call",))

    @pytest.mark.parametrize(
        "hint",
        [
            "Call",
            "pinecall.Call",
            "Call | None",
            "Optional[pinecall.LineCall]",
            "Union[Call, LineCall, None]",
            LineCall,
            DeskCall,
            Annotated[LineCall, "the line's"],
            DeskCall | None,
            Optional["Call"],
            Union["Call", "LineCall"],
        ],
        ids=str,
    )
    def test_hints_of_calls(self, hint: Any) -> None:
        """A hint of a Call, as text or as an object, alone or in a union, is given the call."""

        def f(a: Any) -> None: ...

        f.__annotations__["a"] = hint
        assert read(f).call_names == ("a",)

    @pytest.mark.parametrize(
        ("hint", "resolved"),
        [
            ("Item", Item),
            ("int | None", Optional[int]),  # noqa: UP045
            ("LineCall | int", Union[LineCall, int]),  # noqa: UP007
            ("list[LineCall]", list[LineCall]),
            ("None", type(None)),
            (DeskCall | int, Union[DeskCall, int]),  # noqa: UP007
            (Annotated[int, "Call"], Annotated[int, "Call"]),
        ],
        ids=str,
    )
    def test_hints_that_the_model_gives(self, hint: Any, resolved: Any) -> None:
        """A hint of something else, or of a Call among other types, is the model's to give."""

        def f(a: Any) -> None: ...

        f.__annotations__["a"] = hint
        assert read(f).parameters == (Parameter("a", resolved),)


def _pick(kinds: type[enum.Enum], *, known: bool = True) -> Callable[..., Any]:
    Kind = kinds

    def pick(kind: Kind) -> Any:  # type: ignore[valid-type]
        return Kind(kind)

    if not known:
        del Kind
    return pick


class TestResolving:
    def test_local_names(self) -> None:
        """A class defined inside a function can be a hint, also when hints are strings."""

        class Local(enum.Enum):
            A = "a"

        @tool(name="pick")
        def f(x: Local) -> Local:
            return x

        assert f.bind('{"x": "a"}', None)[1] == {"x": Local.A}
        assert f.invoke('{"x": "a"}') is Local.A

    def test_names_of_outer_functions(self) -> None:
        """A name of an outer function is found too, and the innermost of equal names wins."""

        class Kind(enum.Enum):
            OUTER = "outer"

        class Other(enum.Enum):
            ONE = "one"

        def inner() -> Any:
            class Kind(enum.Enum):
                INNER = "inner"

            @tool
            def f(x: Kind, y: Other) -> Any:
                return x, y

            return f

        assert inner().parameters["properties"] == {
            "x": {"type": "string", "enum": ["inner"]},
            "y": {"type": "string", "enum": ["one"]},
        }

    def test_given_names(self) -> None:
        """The names that are given are known beside those of the module."""

        def f(a: Nowhere, b: Item) -> None: ...  # type: ignore[name-defined]  # noqa: F821

        assert [one.hint for one in read(f, Nowhere=Size).parameters] == [Size, Item]

    def test_names_of_a_closure(self) -> None:
        """A hint may name what the function's own closure holds; what it does not hold yet is named
        in the refusal."""
        assert read(_pick(Size)).parameters == (Parameter("kind", Size),)
        with pytest.raises(ConfigurationError, match=r"hint of kind, 'Kind', cannot be resolved"):
            read(_pick(Size, known=False))

    def test_decorated_function(self) -> None:
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

    def test_unknown_names(self) -> None:
        """A name that is found nowhere is refused with the parameter, the hint and the fix."""

        def f(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

        with pytest.raises(
            ConfigurationError,
            match=r"^tool 'f': the type hint of a, 'Nowhere', cannot be resolved .* outside 'if TYPE",
        ):
            read(f)

    @pytest.mark.parametrize("hint", ["list[", "list[Call, Nowhere]", "Callable[[], Call]"])
    def test_other_hints_that_fail(self, hint: str) -> None:
        """A hint that is not Python, or names a Call beside something unknown, is refused too."""

        def f(a: Any) -> None: ...

        f.__annotations__["a"] = hint
        with pytest.raises(ConfigurationError, match="cannot be resolved"):
            read(f)


class Shop:
    def greet(self, guest: str) -> None: ...

    @classmethod
    def build(cls, name: str) -> None: ...

    @staticmethod
    def double(x: int) -> None: ...

    def __call__(self, query: Size) -> None: ...

    def alone() -> None: ...  # type: ignore[misc]


class TestKindsOfFunctions:
    def test_a_method_of_a_class(self) -> None:
        """A method that is taken from its class is known to need an object, which is not the model's
        to give."""
        assert read(Shop.greet) == Signature((Parameter("guest", str),), (), True)

    @pytest.mark.parametrize(
        ("function", "name"),
        [(Shop().greet, "guest"), (Shop.build, "name"), (Shop.double, "x"), (Shop(), "query")],
        ids=["method", "classmethod", "staticmethod", "object"],
    )
    def test_what_needs_no_object(self, function: Any, name: str) -> None:
        """A method of an object, or of a class that it has already, needs none."""
        found = read(function)
        assert [one.name for one in found.parameters] == [name]
        assert not found.needs_instance

    def test_a_method_without_parameters(self) -> None:
        """A function in a class that takes nothing is not a method."""
        assert read(Shop.alone) == Signature((), (), False)

    def test_a_function_with_self(self) -> None:
        """A function outside a class may have a parameter named ``self``."""

        def f(self: int) -> None: ...

        assert names(f) == ["self"]

    def test_partials(self) -> None:
        """A partial hides what it fixes, by place and by name, one inside another too."""

        def find(db: str, query: Size, limit: int = 3) -> None: ...

        assert names(functools.partial(find, "db")) == ["query", "limit"]
        assert names(functools.partial(find, db="db")) == ["query", "limit"]
        inner = functools.partial(find, "db")
        assert read(functools.partial(inner, limit=5)).parameters == (Parameter("query", Size),)

    def test_a_partial_of_a_method(self) -> None:
        """The hints of a partial of a method are those of the method."""
        found = read(functools.partial(Shop().__call__))
        assert found.parameters == (Parameter("query", Size),)

    def test_a_class(self) -> None:
        """The parameters of a class are those that make its objects."""

        class Made:
            def __init__(self, size, count=1) -> None: ...

        assert read(functools.partial(Made, count=2)).parameters == (Parameter("size", Any),)

    def test_a_builtin(self) -> None:
        """A function of C has parameters without hints."""
        assert read(round).parameters == (
            Parameter("number", Any),
            Parameter("ndigits", Any, None),
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda *names: names, r"parameter \*names; take one .* list: names: list\[str\]"),
            (lambda **names: names, r"parameter \*\*names; name each .* a dict: names: dict"),
            (lambda a, /: a, r"parameter a; it is positional-only: remove the '/' after it"),
            (max, r"its parameters cannot be read \(.*\); wrap it in a function of your own"),
            (5, r"its parameters cannot be read"),
        ],
        ids=["*", "**", "/", "builtin", "int"],
    )
    def test_parameters(self, function: Any, message: str) -> None:
        """What a model cannot fill by name is refused with the fix."""
        with pytest.raises(ConfigurationError, match=rf"^tool 'f': .*{message}"):
            read(function)
