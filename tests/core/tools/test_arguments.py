"""The arguments that a model gives a tool, and the words for what is wrong with them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Literal, Optional

import pytest

from pinecall.core.tools.arguments import (
    ToolArgumentError,
    name_and_arguments,
    read_arguments,
)
from pinecall.core.tools.schema import decoders, parameters_schema
from pinecall.core.tools.signature import Parameter
from pinecall.errors import PinecallError
from pinecall.tools import tool

from .shop import Address, Item, Point, Size, order


def read(arguments: Any, *parameters: Parameter) -> dict[str, Any]:
    readers = decoders(parameters, "tool 'f'")
    return read_arguments(
        arguments, parameters, readers, parameters_schema(parameters, readers, {})
    )


def problems(arguments: Any, *parameters: Parameter) -> tuple[str, ...]:
    with pytest.raises(ToolArgumentError) as caught:
        read(arguments, *parameters)
    return caught.value.problems


class TestReading:
    def test_every_type(self) -> None:
        """JSON text, or the object that it says, becomes the hinted Python types; keys that are no
        parameters are left out."""
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

    @pytest.mark.parametrize("empty", ["", "  ", "{}", "null", None, {}], ids=repr)
    def test_no_arguments(self, empty: Any) -> None:
        """Empty arguments of any form are none."""
        assert read(empty) == {}
        assert read(empty, Parameter("a", int, 5)) == {}

    def test_defaults(self) -> None:
        """An argument that is left out is left to the function's own default."""
        assert read("{}", Parameter("a", int, 5)) == {}
        assert read('{"a": 6}', Parameter("a", int, 5)) == {"a": 6}

    def test_null(self) -> None:
        """Null for a parameter that is None by default is None, for one with another default is
        that."""

        @tool
        def f(a: int = None, b: Optional[int] = None, c: int = 5) -> None: ...  # type: ignore[assignment]  # noqa: RUF013, UP045

        assert f.bind('{"a": null, "b": null}', None)[1] == {"a": None, "b": None}
        assert f.parameters["properties"]["a"]["default"] is None
        assert f.bind('{"c": null}', None)[1] == {}

    def test_made_defaults(self) -> None:
        """A default that is made is made for each call, where the argument is left out or null."""
        parameter = Parameter("a", list[int], [], make=list)
        first, second = read("{}", parameter), read('{"a": null}', parameter)
        assert first == second == {"a": []}
        assert first["a"] is not second["a"]
        assert read('{"a": [1]}', parameter) == {"a": [1]}

    def test_what_is_meant(self) -> None:
        """A value that is meant beyond doubt is taken for what it means."""
        assert read('{"a": "4", "b": 2.0}', Parameter("a", int), Parameter("b", int)) == {
            "a": 4,
            "b": 2,
        }

    def test_almost_json(self) -> None:
        """Half a character in the text reads as U+FFFD, and NaN as null."""
        parameter = Parameter("x", Any, None)
        assert read('{"x": NaN}', parameter) == {"x": None}
        assert read('{"x": "a\\ud83d"}', parameter) == {"x": "a\ufffd"}
        assert read({"x": "a\ud83d"}, parameter) == {"x": "a\ufffd"}


class TestProblems:
    def test_every_problem_is_named(self) -> None:
        """All wrong arguments are in one message that a model can act on."""

        @tool
        def book(
            order_id: str, people: list[int], size: Size, when: date, count: int = 1
        ) -> None: ...

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
        assert caught.value.code == "TOOL_ARGUMENT_ERROR"
        assert isinstance(caught.value, PinecallError) and isinstance(caught.value, ValueError)

    @pytest.mark.parametrize(
        ("hint", "given", "problem"),
        [
            (Item, '{"sku": 5}', "a.sku: expected str, got int"),
            (Item, "{}", "a: object missing required field sku"),
            (list[Item], '[{"sku": "x"}, {"sku": 5}]', "a[1].sku: expected str, got int"),
            (dict[str, int], '{"b": "x"}', "a.*: expected int, got str"),
            (dict[str, list[int]], '{"b": ["x"]}', "a.*[0]: expected int, got str"),
            (dict[int, int], '{"b": 1}', "a: expected int, got str"),
            (list[Size], '["huge"]', "a[0]: invalid enum value 'huge'"),
            (Literal[7, 8], "3", "a: invalid enum value 3; allowed: 7, 8"),
        ],
        ids=str,
    )
    def test_places(self, hint: Any, given: str, problem: str) -> None:
        """A problem is named with its place in the argument, and with what is allowed there."""
        assert problems(f'{{"a": {given}}}', Parameter("a", hint)) == (problem,)

    def test_null_where_none_is_allowed(self) -> None:
        """Null for a required argument is a wrong value."""
        assert problems('{"a": null}', Parameter("a", int)) == ("a: expected int, got null",)

    def test_deep_values(self) -> None:
        """A value that is nested too deeply makes the whole unreadable."""
        depth = 100_000
        (problem,) = problems(f'{{"a": {"[" * depth}{"]" * depth}}}', Parameter("a", Any))
        assert problem.startswith("arguments: ")

    def test_a_model_of_the_user(self) -> None:
        """What a model of the user's refuses is said in its own words."""

        class Model:
            @classmethod
            def model_validate(cls, value: Any) -> Any:
                raise ValueError("Never")

            @classmethod
            def model_json_schema(cls) -> dict[str, Any]:
                return {"type": "object"}

        assert problems('{"a": {}}', Parameter("a", Model)) == ("a: never",)


class TestWhatIsNotAnObject:
    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ("{", "not JSON ("),
            ('{"a": }', "not JSON ("),
            ('{"x": ', "not JSON ("),
            ("nonsense", "not JSON ("),
            ('{"a":' * 100_000, "not JSON ("),
            ('{"a": \ud800}', "not JSON ("),
            ("[1]", "expected a JSON object"),
            ("[" * 100_000, "expected a JSON object"),
            ('"x"', "expected a JSON object"),
            ("5", "expected a JSON object"),
            ("[NaN]", "expected a JSON object"),
        ],
        ids=lambda text: ascii(text)[:20],
    )
    def test_text(self, arguments: str, problem: str) -> None:
        """Broken JSON and JSON that is not an object are refused as a whole, whatever their shape."""
        (found,) = problems(arguments, Parameter("a", int, 1))
        assert found.startswith(f"arguments: {problem}")

    @pytest.mark.parametrize(
        "arguments", [{"a": object()}, {(1, 2): 3}, {"a": print}], ids=lambda one: str(list(one))
    )
    def test_objects(self, arguments: Any) -> None:
        """An object that JSON cannot hold is refused as a whole."""
        (found,) = problems(arguments, Parameter("a", Any, None))
        assert found.startswith("arguments: not JSON (")

    def test_loops(self) -> None:
        """An object that holds itself is refused."""
        loop: dict[str, Any] = {}
        loop["a"] = loop
        (found,) = problems(loop, Parameter("a", Any, None))
        assert found.startswith("arguments: not JSON (")


@pytest.mark.parametrize(
    ("tool_call", "name", "arguments"),
    [
        ({"id": "t1", "name": "look", "arguments": '{"a": 1}'}, "look", '{"a": 1}'),
        ({"function": {"name": "look", "arguments": {"a": 1}}}, "look", {"a": 1}),
        ({"function": {"name": "look"}, "arguments": "{}"}, "look", "{}"),
        ({"name": "look", "function": {"arguments": "{}"}}, "look", "{}"),
        ({"name": "look", "function": {"name": "other"}}, "look", None),
        ({"name": "look", "function": 5}, "look", None),
        ({"name": None}, "", None),
        ({"name": 5}, "5", None),
        ({}, "", None),
    ],
    ids=str,
)
def test_name_and_arguments(tool_call: dict[str, Any], name: str, arguments: Any) -> None:
    """Name and arguments stand in the tool call, or in its ``function``."""
    assert name_and_arguments(tool_call) == (name, arguments)
