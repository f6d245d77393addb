"""JSON Schemas in the form that the models' interfaces accept."""

from __future__ import annotations

import enum
import sys
import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import attrs
import msgspec
import pytest

from pinecall.core.tools.portable import in_order, portable

from .shop import Size, taking

ANYTHING = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}


class Odd(enum.Enum):
    """An Enum whose values cannot be compared, and have no JSON form."""

    A = [1]  # noqa: RUF012


class Elsewhere:
    """A class whose hints are known elsewhere."""

    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


class Level(enum.IntEnum):
    HIGH = 2
    LOW = 1


@dataclass
class Painted:
    colour: Literal["red", "blue"]


@attrs.frozen
class Framed:
    painted: list[Painted]


class Hung(TypedDict):
    side: Literal["right", "left"]


class Lit(NamedTuple):
    lamp: Annotated[Literal["spot", "glow"], msgspec.Meta(description="which")]


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
def test_hints(hint: Any, schema: dict[str, Any]) -> None:
    """Each hint has a schema that OpenAI and Gemini take, with its members as they are declared."""
    assert taking(hint).parameters["properties"]["x"] == schema


def test_the_same_members_in_two_orders() -> None:
    """Two tools may have the same members, each in its own order."""
    first, second = taking(Literal["north", "south"]), taking(Literal["south", "north"])
    assert first.parameters["properties"]["x"]["enum"] == ["north", "south"]
    assert second.parameters["properties"]["x"]["enum"] == ["south", "north"]


@pytest.mark.parametrize("hint", [list, list[Any], tuple, set, frozenset[Any]], ids=str)
def test_arrays_of_anything(hint: Any) -> None:
    """An array of anything says what its items may be: one without items is refused."""
    assert taking(hint).parameters["properties"]["x"]["items"] == ANYTHING


class TestPortable:
    @pytest.mark.parametrize("value", ["text", 5, None, True], ids=repr)
    def test_other_values(self, value: object) -> None:
        """A value that is not a schema stays as it is."""
        assert portable(value, {}) == value

    def test_keys_that_are_not_known(self) -> None:
        """Keys that not all interfaces know are left out, at any depth."""
        schema = {
            "anyOf": [{"type": "object", "discriminator": {"propertyName": "kind"}}],
            "uniqueItems": True,
        }
        assert portable(schema, {}) == {"anyOf": [{"type": "object"}]}

    def test_properties_of_those_names(self) -> None:
        """A property, or a definition, may have the name of such a key."""
        properties = {"discriminator": {"type": "string"}, "type": {"type": "array", "items": {}}}
        schema = {"type": "object", "properties": properties, "$defs": {"uniqueItems": {}}}
        assert portable(schema, {}) == {
            "type": "object",
            "properties": {
                "discriminator": {"type": "string"},
                "type": {"type": "array", "items": ANYTHING},
            },
            "$defs": {"uniqueItems": {}},
        }

    @pytest.mark.parametrize("key", ["default", "examples", "required"])
    def test_values_of_the_user(self, key: str) -> None:
        """Defaults, examples and names are not schemas, and stay as they are."""
        schema = {"type": "string", key: [{"enum": ["a"], "uniqueItems": True}]}
        assert portable(schema, {}) == schema

    def test_the_original(self) -> None:
        """The schema that was given is not changed."""
        schema: dict[str, Any] = {"type": "array", "prefixItems": [{"enum": ["b", "a"]}]}
        portable(schema, {})
        assert schema == {"type": "array", "prefixItems": [{"enum": ["b", "a"]}]}

    @pytest.mark.parametrize(
        ("given", "description"), [({}, "base64"), ({"description": "a picture"}, "a picture")]
    )
    def test_base64(self, given: dict[str, Any], description: str) -> None:
        """Bytes are a text that is described as base64, unless it is described already."""
        schema = {"type": "string", "contentEncoding": "base64", **given}
        assert portable(schema, {}) == {"type": "string", "description": description}

    def test_other_encodings(self) -> None:
        """An encoding other than base64 is left out."""
        assert portable({"type": "string", "contentEncoding": "quoted-printable"}, {}) == {
            "type": "string"
        }

    @pytest.mark.parametrize(
        ("values", "schema"),
        [
            (["b", "a"], {"type": "string", "enum": ["b", "a"]}),
            ([True, False], {"type": "boolean", "enum": [True, False]}),
            ([1.5], {"type": "number", "enum": [1.5]}),
            ([None], {"type": "null"}),
            (
                [1, "a", None, 2, True],
                {
                    "anyOf": [
                        {"type": "integer", "enum": [1, 2]},
                        {"type": "string", "enum": ["a"]},
                        {"type": "null"},
                        {"type": "boolean", "enum": [True]},
                    ]
                },
            ),
        ],
        ids=str,
    )
    def test_members(self, values: list[Any], schema: dict[str, Any]) -> None:
        """Members have their type beside them; of several types, one schema for each."""
        assert portable({"enum": values}, {}) == schema

    def test_members_with_a_type(self) -> None:
        """Members that have their type already stay as they are."""
        schema = {"type": "string", "enum": ["a", "b"]}
        assert portable(schema, in_order([Literal["b", "a"]])) == schema

    @pytest.mark.parametrize(
        ("places", "items"),
        [
            ([{"type": "string"}], {"type": "string"}),
            ([{"type": "string"}, {"type": "string"}], {"type": "string"}),
            (
                [{"type": "string"}, {"type": "integer"}, {"type": "string"}],
                {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            ),
            ([], ANYTHING),
        ],
        ids=str,
    )
    def test_places(self, places: list[Any], items: dict[str, Any]) -> None:
        """An array with a schema for each place has one for all of them."""
        schema = {"type": "array", "prefixItems": places}
        assert portable(schema, {}) == {"type": "array", "items": items}

    @pytest.mark.parametrize("items", [{}, True, False], ids=repr)
    def test_items_of_any_kind(self, items: object) -> None:
        """Items without a schema may be a text, a number, or true and false."""
        assert portable({"type": "array", "items": items}, {}) == {
            "type": "array",
            "items": ANYTHING,
        }


class TestInOrder:
    @pytest.mark.parametrize(
        ("hint", "members"),
        [
            (Literal["b", "a"], ["b", "a"]),
            (Literal[Level.HIGH, Level.LOW], [2, 1]),
            (Level, [2, 1]),
            (Size, ["small", "large"]),
            (dict[str, list[Literal["b", "a"] | None]], ["b", "a"]),
            (Annotated[Literal["b", "a"], "text"], ["b", "a"]),
            (Painted, ["red", "blue"]),
            (Framed, ["red", "blue"]),
            (Hung, ["right", "left"]),
            (Lit, ["spot", "glow"]),
        ],
        ids=str,
    )
    def test_members(self, hint: Any, members: list[Any]) -> None:
        """The members of a Literal or an Enum, at any depth of a hint, are used in their order."""
        orders = in_order([hint])
        assert portable({"enum": sorted(members)}, orders)["enum"] == members

    def test_other_members(self) -> None:
        """Members that stand in no hint stay in their own order, and 1 is not True."""
        orders = in_order([Literal[1, 0]])
        assert portable({"enum": ["b", "a"]}, orders)["enum"] == ["b", "a"]
        assert portable({"enum": [False, True]}, orders)["enum"] == [False, True]

    @pytest.mark.parametrize("hint", [Odd, Elsewhere], ids=lambda hint: hint.__name__)
    def test_hints_without_a_schema(self, hint: Any) -> None:
        """A hint that no schema can say does not keep others from being read."""
        orders = in_order([list[hint], Literal["b", "a"], hint])
        assert portable({"enum": ["a", "b"]}, orders)["enum"] == ["b", "a"]

    def test_classes_inside_classes(self) -> None:
        """The members of every class are found, however many classes are inside each other."""
        source = ["from __future__ import annotations"]
        for number in range(30):
            source += [f"class C{number}:", f"    kind: list[Literal['z{number}', 'a{number}']]"]
            source += [f"    inner: set[C{number - 1}]"] if number else []
        module = types.ModuleType("classes_inside_classes")
        module.Literal = Literal  # type: ignore[attr-defined]
        sys.modules[module.__name__] = module
        try:
            exec("\n".join(source), module.__dict__)
            orders = in_order([module.C29])
        finally:
            del sys.modules[module.__name__]
        found = [
            portable({"enum": [f"a{n}", f"z{n}"]}, orders)["enum"] == [f"z{n}", f"a{n}"]
            for n in range(30)
        ]
        assert found == [True] * 30
