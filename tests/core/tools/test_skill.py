"""Skills: their wire form and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import ConfigurationError
from pinecall.skills import Skill
from pinecall.tools import tool


@tool
def book(day: str) -> str:
    """Books."""
    return day


def test_full_wire_form() -> None:
    """A skill with everything set has exactly this wire form, key order included."""
    skill = Skill(
        "booking",
        "Books tables",
        instructions="Ask for the day.",
        tools=[book],
        knowledge_base="kb_b",
        rag_top_k=4,
        activation="manual",
    )
    assert list(skill.to_wire().items()) == [
        ("name", "booking"),
        ("description", "Books tables"),
        ("instructions", "Ask for the day."),
        ("tools", [book.to_wire()]),
        ("knowledge_base", "kb_b"),
        ("rag_top_k", 4),
        ("activation", "manual"),
    ]


def test_unset_fields_are_left_out() -> None:
    """Name, description, tools and activation are always sent, the rest only when set."""
    assert Skill("a", "b").to_wire() == {
        "name": "a",
        "description": "b",
        "tools": [],
        "activation": "model",
    }


def test_from_dict_takes_both_spellings() -> None:
    """camelCase and Python keys give the same skill."""
    camel = {"name": "a", "description": "b", "knowledgeBase": "kb", "ragTopK": 2}
    snake = {"name": "a", "description": "b", "knowledge_base": "kb", "rag_top_k": 2}
    assert Skill.from_dict(camel) == Skill.from_dict(snake)
    assert Skill.from_dict({**camel, **snake}).rag_top_k == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"knowlegeBase": "kb"}, "skill 'a': unknown key 'knowlegeBase'; did you mean 'knowledge"),
        ({"zzz": 1}, "unknown key 'zzz'; it takes name, "),
        ({"ragTopK": 2, "rag_top_k": 3}, "rag_top_k is given twice"),
        ({"activation": "auto"}, "activation is model, manual or always, not 'auto'"),
        ({"rag_top_k": 0}, "rag_top_k is an int from 1, not 0"),
        ({"rag_top_k": True}, "rag_top_k is an int from 1, not True"),
        ({"instructions": 1}, "instructions is a str, not 1"),
        ({"description": None}, "description is a str, not None"),
        ({"name": " "}, "a skill's name is a text"),
        ({"tools": [len]}, "skill 'a': len is not a tool: decorate it with @tool"),
        ({"tools": [book, book]}, "two tools are named 'book'"),
    ],
)
def test_refusals(values: dict[str, Any], message: str) -> None:
    """A wrong field is refused with its name and the fix."""
    with pytest.raises(ConfigurationError, match=message):
        Skill.from_dict({"name": "a", "description": "b", **values})


def test_missing_and_wrong_form() -> None:
    """A skill without its description, or one that is not a dict at all, is refused."""
    with pytest.raises(ConfigurationError, match="description missing"):
        Skill.from_dict({"name": "a"})
    with pytest.raises(ConfigurationError, match="not str"):
        Skill.from_dict("a")  # type: ignore[arg-type]
