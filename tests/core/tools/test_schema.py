"""The schema of a tool's parameters, and what reads each of them."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Optional, Union

import attrs
import msgspec
import pytest

from pinecall.core.tools.schema import decoders, parameters_schema, takes_null
from pinecall.core.tools.signature import Parameter
from pinecall.errors import ConfigurationError
from pinecall.tools import tool

from .shop import Address, Item, Node, Size, order, taking

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


@dataclass
class Person:
    name: str
    pets: list[Pet]


@dataclass
class Pet:
    owner: Person | None = None
    size: Literal["small", "large"] = "small"


@dataclass
class Painted:
    colours: list[Literal["red", "blue"]]
    size: Size = Size.SMALL


class Strange:
    """A class that has no JSON form."""


class Odd(enum.Enum):
    """An Enum whose values cannot be compared, and have no JSON form."""

    A = [1]  # noqa: RUF012


class Elsewhere:
    """A class whose hints are known elsewhere."""

    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


def schema_of(hint: Any, **described: str) -> dict[str, Any]:
    """The schema of one parameter ``x`` with this hint."""
    parameters = [Parameter("x", hint)]
    whole = parameters_schema(parameters, decoders(parameters, "tool 'f'"), described)
    found: dict[str, Any] = whole["properties"]["x"]
    return found


def reader(hint: Any, default: Any = 0) -> msgspec.json.Decoder[Any]:
    return decoders([Parameter("x", hint, default)], "tool 'f'")["x"]


class TestSchema:
    def test_golden(self) -> None:
        """A rich signature has exactly this wire form, key order of the properties included."""
        wire = order.to_wire()
        assert wire == GOLDEN
        shown = wire["function"]["parameters"]["properties"]
        assert list(shown) == list(GOLDEN["function"]["parameters"]["properties"])
        json.dumps(wire)

    def test_no_parameters(self) -> None:
        """Without parameters it is the schema of an empty object."""
        assert parameters_schema([], {}, {}) == {
            "type": "object",
            "properties": {},
            "required": [],
        }

    @pytest.mark.parametrize(
        ("hint", "schema"),
        [
            (object, {}),
            (Any, {}),
            (int, {"type": "integer"}),
            (Optional[float], {"anyOf": [{"type": "number"}, {"type": "null"}]}),  # noqa: UP045
            (datetime, {"type": "string", "format": "date-time"}),
            (date, {"type": "string", "format": "date"}),
            (time, {"type": "string", "format": "time"}),
            (list[date], {"type": "array", "items": {"type": "string", "format": "date"}}),
            (
                dict[str, time],
                {"type": "object", "additionalProperties": {"type": "string", "format": "time"}},
            ),
            (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
            (
                date | None,
                {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            ),
            (
                Annotated[date, "the day"],
                {"type": "string", "format": "date", "description": "the day"},
            ),
            (Literal["b", "a"], {"type": "string", "enum": ["b", "a"]}),
            (Literal[None], {"type": "null"}),
        ],
        ids=str,
    )
    def test_hints(self, hint: Any, schema: dict[str, Any]) -> None:
        """Each hint has its schema, at any depth; what is not hinted may be anything."""
        assert schema_of(hint) == schema

    def test_descriptions(self) -> None:
        """A text in ``Annotated`` is the description, else that of the function's docstring."""
        assert schema_of(int, x="from the docstring", y="of another") == {
            "type": "integer",
            "description": "from the docstring",
        }
        assert schema_of(Annotated[int, "beside the type"], x="from the docstring") == {
            "type": "integer",
            "description": "beside the type",
        }

    @pytest.mark.parametrize(
        ("default", "shown"),
        [
            (5, 5),
            (None, None),
            (Size.SMALL, "small"),
            ([Item("a")], [{"sku": "a", "count": 1}]),
            ({1: date(2026, 1, 2)}, {"1": "2026-01-02"}),
        ],
        ids=repr,
    )
    def test_defaults(self, default: Any, shown: Any) -> None:
        """A parameter with a default is not required, and the default is shown as JSON."""
        parameters = [Parameter("x", Any, default), Parameter("y", int)]
        schema = parameters_schema(parameters, decoders(parameters, "tool 'f'"), {})
        assert schema["properties"]["x"] == {"default": shown}
        assert schema["required"] == ["y"]

    def test_sentinel_by_default(self) -> None:
        """A default that no JSON can show stays out of the schema, and the parameter optional."""
        unset: Any = object()

        @tool
        def f(a: object, b: str = unset) -> Any:
            return b

        assert f.parameters["properties"] == {"a": {}, "b": {"type": "string"}}
        assert f.parameters["required"] == ["a"]
        assert f.invoke({"a": [1]}) is unset


class TestClasses:
    def test_docstring_of_a_class_beside_its_fields(self) -> None:
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

    def test_a_text_beside_a_field(self) -> None:
        """A description in ``Annotated`` wins over what the class's docstring says of the field."""

        @attrs.frozen
        class Parcel:
            """A parcel.

            Args:
                weight: in kg
                size: in cm
            """

            weight: Annotated[float, msgspec.Meta(description="in pounds")]
            size: float

        schema = taking(Parcel).parameters["properties"]["x"]
        assert schema["description"] == "A parcel."
        assert schema["properties"] == {
            "weight": {"type": "number", "description": "in pounds"},
            "size": {"type": "number", "description": "in cm"},
        }

    def test_a_docstring_of_fields_alone(self) -> None:
        """A class's docstring may begin with its section on the fields."""

        @attrs.frozen
        class Parcel:
            """
            Args:
                weight: in kg
            """

            weight: float

        schema = taking(Parcel).parameters["properties"]["x"]
        assert schema["properties"] == {"weight": {"type": "number", "description": "in kg"}}

    def test_members_inside_a_class(self) -> None:
        """The members of a class's fields have their type and order too."""

        @tool
        def f(painted: Painted) -> None: ...

        fields = f.parameters["properties"]["painted"]["properties"]
        assert fields["colours"]["items"] == {"type": "string", "enum": ["red", "blue"]}
        assert fields["size"]["enum"] == ["small", "large"]

    def test_a_class_in_two_places(self) -> None:
        """The schema of a class stands in each place where the class is used, with its own text."""
        parameters = [Parameter("a", Annotated[Item, "first"]), Parameter("b", list[Item])]
        schema = parameters_schema(parameters, decoders(parameters, "tool 'f'"), {})
        inner = {
            "type": "object",
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "default": 1}},
            "required": ["sku"],
        }
        assert schema["properties"] == {
            "a": {**inner, "description": "first"},
            "b": {"type": "array", "items": inner},
        }
        assert "$defs" not in schema

    def test_a_class_that_contains_itself(self) -> None:
        """Only a type that contains itself stays a reference."""

        @tool
        def walk(node: Node) -> None: ...

        assert walk.parameters["properties"] == {"node": {"$ref": "#/$defs/Node"}}
        assert walk.parameters["$defs"]["Node"]["properties"]["next"] == {
            "anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}],
            "default": None,
        }

    def test_classes_that_contain_each_other(self) -> None:
        """Two classes that contain each other stay references, and their members are in order."""
        parameters = [Parameter("a", list[Person]), Parameter("b", Address)]
        schema = parameters_schema(parameters, decoders(parameters, "tool 'f'"), {})
        assert schema["properties"]["a"] == {
            "type": "array",
            "items": {"$ref": "#/$defs/Person"},
        }
        assert schema["properties"]["b"]["type"] == "object"
        assert set(schema["$defs"]) == {"Person", "Pet"}
        person, pet = schema["$defs"]["Person"], schema["$defs"]["Pet"]
        assert person["properties"]["pets"]["items"] == {"$ref": "#/$defs/Pet"}
        assert pet["properties"]["size"]["enum"] == ["small", "large"]


class TestDecoders:
    def test_names(self) -> None:
        """Each parameter has a decoder of its own, by its name."""
        found = decoders([Parameter("a", int), Parameter("b", list[Size])], "tool 'f'")
        assert list(found) == ["a", "b"]
        assert found["a"].decode("5") == 5
        assert found["b"].decode('["small"]') == [Size.SMALL]

    @pytest.mark.parametrize(
        ("hint", "given", "value"),
        [
            (object, '{"a": [1]}', {"a": [1]}),
            (date, '"2026-01-02"', date(2026, 1, 2)),
            (time, '"10:00:00"', time(10)),
            (Literal["a", 1, None], "1", 1),
            (Literal["a", 1, None], "null", None),
            (Union[int, str], '"a"', "a"),  # noqa: UP007
            (tuple[int, ...], "[1, 2, 3]", (1, 2, 3)),
            (list, "[1]", [1]),
        ],
        ids=str,
    )
    def test_values(self, hint: Any, given: str, value: Any) -> None:
        """A decoder reads JSON as the type of the hint; a time needs no time zone."""
        found = reader(hint).decode(given)
        assert found == value and type(found) is type(value)

    def test_none_by_default(self) -> None:
        """Where the default is None, null is read as None though the hint does not say so."""
        assert reader(int, None).decode("null") is None
        assert reader(int, None).decode("5") == 5
        assert reader(Optional[int], None).decode("null") is None  # noqa: UP045

    @pytest.mark.parametrize(
        ("hint", "takes"), [(int, False), (int | None, True), (Any, True), (Literal[None], True)]
    )
    def test_takes_null(self, hint: Any, takes: bool) -> None:
        """A decoder takes null where its hint has None in it."""
        assert takes_null(reader(hint)) is takes

    @pytest.mark.parametrize(
        ("hint", "shown"),
        [
            (Strange, "Strange"),
            (list[Strange], r"list\[.*Strange\]"),
            (Callable[[], int], r"collections\.abc\.Callable\[\[\], int\]"),
            (Odd, "Odd"),
            (Elsewhere, "Elsewhere"),
            (dict[str, Strange] | None, r".*Strange.*"),
        ],
        ids=str,
    )
    def test_hints_without_a_form(self, hint: Any, shown: str) -> None:
        """A hint that no JSON can be converted to is refused with the parameter and the type."""
        with pytest.raises(
            ConfigurationError,
            match=rf"^tool 'f': the type hint of x, {shown}, has no JSON form \(.+\); use str, int",
        ):
            reader(hint)

    def test_annotations_that_are_not_understood(self) -> None:
        """Something in ``Annotated`` that means nothing here is refused with the parameter."""
        with pytest.raises(
            ConfigurationError, match=r"^tool 'f': the type hint of x: Strange in Annotated is not"
        ):
            reader(list[Annotated[int, Strange()]])

    def test_models_without_a_schema(self) -> None:
        """A model that cannot say its schema is refused with the parameter."""

        class Model:
            @classmethod
            def model_validate(cls, value: Any) -> Any: ...

            @classmethod
            def model_json_schema(cls) -> Any:
                return {"$ref": "#/$defs/M", "$defs": {"M": {"items": {"$ref": "#/$defs/M"}}}}

        with pytest.raises(
            ConfigurationError, match=r"^tool 'f': x: the model M holds itself, which no tool's"
        ):
            reader(Model)
