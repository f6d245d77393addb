"""pydantic in a tool: models as parameters and results, and ``Field``, as its users write them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Optional

import msgspec
import pytest
from annotated_types import Ge, Len
from pydantic import BaseModel, Field, StringConstraints

from pinecall.errors import ConfigurationError
from pinecall.tools import ToolArgumentError, tool


class Address(BaseModel):
    """Where it goes."""

    street: str = Field(description="with the house number")
    city: str = "Faro"


class Order(BaseModel):
    ids: list[int]
    where: Address
    when: Optional[datetime] = None  # noqa: UP045


class Node(BaseModel):
    next: Optional["Node"] = None  # noqa: UP045, UP037


def schema_of(function: Any) -> dict[str, Any]:
    found: dict[str, Any] = tool(function).parameters
    return found


def test_a_model_as_a_parameter() -> None:
    """Its schema is in the tool's without references, and the function gets the model."""

    @tool
    def place(order: Order, backup: Optional[Address] = None) -> None: ...  # noqa: UP045

    properties = place.parameters["properties"]
    where = properties["order"]["properties"]["where"]
    assert where["properties"]["street"] == {
        "type": "string",
        "description": "with the house number",
    }
    assert "$defs" not in str(place.parameters) and "$ref" not in str(place.parameters)
    bound = place.bind('{"order": {"ids": ["1", 2], "where": {"street": "Rua 1"}}}', None)[1]
    assert bound == {"order": Order(ids=[1, 2], where=Address(street="Rua 1"))}
    bound = place.bind(
        {"order": {"ids": [], "where": {"street": "a"}}, "backup": {"street": "b"}}, None
    )[1]
    assert bound["backup"] == Address(street="b")


def test_models_in_containers() -> None:
    """A list of models, and a model in a dict, are read too."""

    @tool
    def f(many: list[Address], named: dict[str, Address]) -> None: ...

    given = {"many": [{"street": "a"}], "named": {"x": {"street": "b"}}}
    assert f.bind(given, None)[1] == {
        "many": [Address(street="a")],
        "named": {"x": Address(street="b")},
    }


def test_what_a_model_refuses() -> None:
    """The model reads which fields are wrong, and how."""

    @tool
    def place(order: Order) -> None: ...

    with pytest.raises(ToolArgumentError) as refused:
        place.bind('{"order": {"ids": ["x"], "where": {}}}', None)
    assert "order: ids.0: Input should be a valid integer" in str(refused.value)
    assert "where.street: Field required" in str(refused.value)


def test_a_model_that_holds_itself() -> None:
    """Its schema would need references, and is refused where @tool stands."""
    with pytest.raises(ConfigurationError, match="node: the model Node holds itself"):

        @tool
        def f(node: Node) -> None: ...


def test_field_in_annotated() -> None:
    """Its description and limits are in the schema, and hold for what the model gives."""

    @tool
    def f(
        count: Annotated[int, Field(description="how many", ge=1, le=5)],
        name: Annotated[str, Field(min_length=2, max_length=4, pattern="^a")] = "ab",
        step: Annotated[int, Ge(2), Field(multiple_of=2)] = 2,
        code: Annotated[str, StringConstraints(min_length=3)] = "abc",
        parts: Annotated[list[int], Len(1, 3)] = [1],  # noqa: B006
    ) -> None: ...

    properties = f.parameters["properties"]
    assert properties["count"] == {
        "type": "integer",
        "description": "how many",
        "minimum": 1,
        "maximum": 5,
    }
    assert (properties["name"]["minLength"], properties["name"]["pattern"]) == (2, "^a")
    assert (properties["step"]["minimum"], properties["step"]["multipleOf"]) == (2, 2)
    assert properties["code"]["minLength"] == 3
    assert (properties["parts"]["minItems"], properties["parts"]["maxItems"]) == (1, 3)
    for bad in ({"count": 999}, {"count": 1, "name": "b"}, {"count": 1, "step": 3}):
        with pytest.raises(ToolArgumentError):
            f.bind(bad, None)


def test_field_as_a_default() -> None:
    """The function gets the default that the Field names, and never the Field."""

    @tool
    def f(
        needed: int = Field(description="it must be given"),
        count: int = Field(3, description="how many", ge=1),
        tags: list[str] = Field(default_factory=list),  # noqa: B008
    ) -> tuple[int, int, list[str]]:
        return needed, count, tags

    assert f.parameters["required"] == ["needed"]
    assert f.parameters["properties"]["count"] == {
        "type": "integer",
        "description": "how many",
        "minimum": 1,
        "default": 3,
    }
    assert f.invoke('{"needed": 1}') == (1, 3, [])
    assert f.invoke('{"needed": 1, "count": null, "tags": null}') == (1, 3, [])
    assert f.invoke('{"needed": 1, "count": 2, "tags": ["a"]}') == (1, 2, ["a"])
    with pytest.raises(ToolArgumentError, match="needed: missing"):
        f.bind("{}", None)


class Marker:
    """What only another library understands."""


class Interval:
    """A marker of a known library that is not of a kind that is read."""

    def __init__(self, inside: object) -> None:
        self.inside = inside


Interval.__module__ = "annotated_types"


class Param:
    """What a command-line library writes as a default."""


Param.__module__ = "typer.params"


def test_what_is_not_understood() -> None:
    """A hint or a default that means something elsewhere is refused where @tool stands."""

    def marked(x: Annotated[int, Marker()]) -> None: ...

    def renamed(x: Annotated[int, Field(alias="y")]) -> None: ...

    def odd(x: Annotated[int, Interval(Ge(1))]) -> None: ...

    def typed(x: int = Param()) -> None: ...  # type: ignore[assignment]

    for function, said in (
        (marked, "Marker in Annotated is not understood"),
        (renamed, "alias"),
        (odd, "Interval in Annotated is not understood"),
        (typed, "the default of x is a Param of typer"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            tool(function)


def test_what_changes_nothing() -> None:
    """msgspec's own, a text, and what only titles a value are understood."""

    def f(
        x: Annotated[int, msgspec.Meta(ge=1), "how many", Field(title="X", strict=True)],
    ) -> None: ...

    f.__annotations__["x"] = Annotated[int, msgspec.Meta(ge=1), "how many", Field(title="X")]
    assert schema_of(f)["properties"]["x"] == {
        "type": "integer",
        "minimum": 1,
        "description": "how many",
    }


def test_a_model_that_says_little() -> None:
    """What a model's own code raises reaches the one who wrote the arguments in its own words."""

    class Strict(BaseModel):
        x: int

        @classmethod
        def model_validate(cls, *args: Any, **kwargs: Any) -> Any:
            raise ValueError("never")

    @tool
    def f(x: Strict) -> None: ...

    with pytest.raises(ToolArgumentError, match="x: never"):
        f.bind('{"x": {"x": 1}}', None)
