"""Skills: instructions and tools that a model loads when it needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ...errors import ConfigurationError
from ..text.spelling import camel, nearest
from .tool import Tool, as_tools, wire_tool

__all__ = ["Activation", "Skill"]

ToolEntry: TypeAlias = Tool[Any, Any] | Mapping[str, Any]
#: How a skill is loaded: by the model too, by ``load_skill`` only, or always.
Activation: TypeAlias = Literal["model", "manual", "always"]

_ACTIVATIONS = ("model", "manual", "always")


def _tools(value: Iterable[ToolEntry]) -> tuple[ToolEntry, ...]:
    # Checked in __attrs_post_init__, whose messages name the skill; until then any value may be here.
    return value  # type: ignore[return-value]


@attrs.frozen
class Skill:
    """A group of instructions and tools that can be loaded (``skills`` of ``agent.create``).

    name: the name that the model and ``load_skill`` use
    description: when to load it, for the model
    instructions: text added to the prompt while it is loaded
    tools: like an agent's tools; the model has them while the skill is loaded
    knowledge_base: id of the knowledge base that it searches
    rag_top_k: how many passages a search gives, 1 or more
    activation: ``model`` (the model loads it), ``manual`` (only ``load_skill`` does) or ``always``

    Raises:
        ConfigurationError: a field is wrong; the message names the skill and the field.
    """

    name: str
    description: str
    instructions: str | None = attrs.field(default=None, kw_only=True)
    tools: tuple[ToolEntry, ...] = attrs.field(default=(), kw_only=True, converter=_tools)
    knowledge_base: str | None = attrs.field(default=None, kw_only=True)
    rag_top_k: int | None = attrs.field(default=None, kw_only=True)
    activation: Activation = attrs.field(default="model", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigurationError(f"a skill's name is a text, not {self.name!r}")
        where = f"skill {self.name!r}"
        object.__setattr__(self, "tools", as_tools(self.tools, where))
        if not isinstance(self.description, str):
            raise ConfigurationError(f"{where}: description is a str, not {self.description!r}")
        for field in ("instructions", "knowledge_base"):
            value = getattr(self, field)
            if value is not None and not isinstance(value, str):
                raise ConfigurationError(f"{where}: {field} is a str, not {value!r}")
        top_k = self.rag_top_k
        if top_k is not None and (type(top_k) is not int or top_k < 1):
            raise ConfigurationError(f"{where}: rag_top_k is an int from 1, not {top_k!r}")
        if self.activation not in _ACTIVATIONS:
            raise ConfigurationError(
                f"{where}: activation is model, manual or always, not {self.activation!r}"
            )

    def to_wire(self) -> dict[str, Any]:
        """Return the entry in ``skills`` of ``agent.create``, without the fields that are None."""
        wire: dict[str, Any] = {"name": self.name, "description": self.description}
        if self.instructions is not None:
            wire["instructions"] = self.instructions
        wire["tools"] = [wire_tool(tool) for tool in self.tools]
        if self.knowledge_base is not None:
            wire["knowledge_base"] = self.knowledge_base
        if self.rag_top_k is not None:
            wire["rag_top_k"] = self.rag_top_k
        wire["activation"] = self.activation
        return wire

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Skill:
        """Make a skill from a dict of its fields, whose keys may be in camelCase.

        Raises:
            ConfigurationError: an unknown key (the message has the nearest known one), a missing name
                or description, a field that is given twice with different values, or a wrong one.
        """
        if not isinstance(values, Mapping):
            raise ConfigurationError(f"a skill is a Skill or a dict, not {type(values).__name__}")
        where = f"skill {values.get('name')!r}"
        fields: dict[str, Any] = {}
        for key, value in values.items():
            field = _SPELLINGS.get(key)
            if field is None:
                near = nearest(str(key), _SPELLINGS)
                hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(_SPELLINGS)}"
                raise ConfigurationError(f"{where}: unknown key {key!r}; {hint}")
            if field in fields and fields[field] != value:
                raise ConfigurationError(f"{where}: {field} is given twice, as {key!r} too")
            fields[field] = value
        missing = [key for key in ("name", "description") if key not in fields]
        if missing:
            raise ConfigurationError(f"{where}: {' and '.join(missing)} missing")
        return cls(**fields)


_SPELLINGS = {key: f.name for f in attrs.fields(Skill) for key in (f.name, camel(f.name))}
