"""Doubles for the agent's own tools: the fixture ``tools``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from pinecall.core.agents.agent import tools_of
from pinecall.core.text.spelling import nearest
from pinecall.core.tools.tool import Tool

from .arguments import check_text
from .failing import ExpectationFailed

if TYPE_CHECKING:
    from .ground import Ground

__all__ = ["Double", "Tools"]


class Double:
    """What stands for a tool; ``calls`` are the arguments it was called with, in order."""

    def __init__(self, name: str, returns: Any, raises: BaseException | None) -> None:
        self.name = name
        self.calls: list[dict[str, Any]] = []
        self._returns = returns
        self._raises = raises

    def answer(self, arguments: dict[str, Any]) -> Any:
        """Note the call, and return or raise what the test said."""
        self.calls.append(arguments)
        if self._raises is not None:
            raise self._raises
        return self._returns(**arguments) if callable(self._returns) else self._returns

    def __repr__(self) -> str:
        return f"<double of the tool {self.name}: {len(self.calls)} calls>"


class Tools:
    """Replaces tools of the deployed agents. The model, and the platform, see no difference."""

    def __init__(self, stage: Ground) -> None:
        self._stage = stage

    def replace(
        self,
        name: str,
        *,
        returns: Any = None,
        raises: BaseException | type[BaseException] | None = None,
    ) -> Double:
        """Let a tool return ``returns``, or what that function makes of the arguments, or raise.

        It applies from the next call of the tool on, to every agent that has it.
        """
        __tracebackhide__ = True
        what = f"tools.replace({name!r})"
        check_text(what, name)
        error: Any = raises() if isinstance(raises, type) else raises
        if error is not None and not isinstance(error, BaseException):
            raise TypeError(f"{what}: raises={raises!r} is no exception")
        double = Double(name, returns, error)
        found = [self._put(agent, name, double) for agent in self._stage.agents()]
        if not any(found):
            names = self._stage.own_tool_names()
            near = nearest(name, names)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ExpectationFailed(
                f"{what}: no deployed agent runs such a tool{hint} "
                f"(tools: {', '.join(names) or 'none; deploy the agent first'})"
            )
        return double

    def _put(self, agent: Any, name: str, double: Double) -> bool:
        """Put the double into the agent's config. Returns whether the agent has the tool."""
        found = False

        def changed(entry: Any) -> Any:
            nonlocal found
            if not isinstance(entry, Tool) or entry.name != name:
                return entry
            found = True
            return attrs.evolve(entry, function=_double_of(entry, double))

        config = agent.config
        tools = tuple(changed(entry) for entry in config.tools or ())
        skills = tuple(
            attrs.evolve(skill, tools=[changed(entry) for entry in tools_of(skill)])
            if any(getattr(entry, "name", None) == name for entry in tools_of(skill))
            else skill
            for skill in config.skills or ()
        )
        if found:
            with agent._runtime.guard:
                given: dict[str, Any] = {"tools": tools} if config.tools else {}
                agent.config = attrs.evolve(
                    config, **given, **({"skills": skills} if skills else {})
                )
                agent._made_tools = None
        return found


def _double_of(tool: Tool[Any, Any], double: Double) -> Callable[..., Any]:
    """Return a function like the tool's own: a coroutine function for one."""

    def own(arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments of the model; the call is ours."""
        return {k: v for k, v in arguments.items() if k not in tool._signature.call_names}

    async def answer_later(**arguments: Any) -> Any:
        return double.answer(own(arguments))

    def answer(**arguments: Any) -> Any:
        return double.answer(own(arguments))

    return answer_later if tool.is_async else answer
