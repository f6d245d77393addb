"""Verbs of agents that a front completes, and the calls of agents and lines in a front's class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ..agents.agent import AgentBase

if TYPE_CHECKING:
    from ..calls.call import CallBase
    from ..kernel.outcome import Outcome

__all__ = ["AgentVerbs", "HasCalls"]

CallT = TypeVar("CallT")  # a call
NewCallT = TypeVar("NewCallT")  # a call that is being set up


class HasCalls(Generic[CallT]):
    """An agent or a line."""

    _live_calls: dict[str, Any]

    @property
    def calls(self) -> Mapping[str, CallT]:
        """The live calls by id, read-only."""
        return MappingProxyType(cast("dict[str, CallT]", self._live_calls))


class AgentVerbs(AgentBase, HasCalls[CallT], Generic[CallT, NewCallT]):
    """An agent that begins calls; a front defines how to wait for them."""

    def call(self, call_id: str) -> CallT | None:
        """Return the live call with this id."""
        return self.calls.get(call_id)

    def _set_up(self, place: Callable[[], Outcome[CallBase]]) -> NewCallT:
        """Wait for the call that ``place`` begins; nothing is checked or sent before the wait."""
        raise NotImplementedError

    def _dial(
        self,
        to: str,
        from_: str | None,
        greeting: str | None,
        metadata: dict[str, Any] | None,
        config: dict[str, Any] | None,
        detect_turn_end: bool,
        timeout: float,
    ) -> NewCallT:
        return self._set_up(
            lambda: self._place_dial(
                to,
                from_,
                greeting=greeting,
                metadata=metadata,
                config=config,
                detect_turn_end=detect_turn_end,
                timeout=timeout,
            )
        )

    def bridge(
        self,
        target: str,
        *,
        greeting: str | None = None,
        detect_turn_end: bool = True,
        config: dict[str, Any] | None = None,
        media: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: float = 30.0,
    ) -> NewCallT:
        """Talk to another online agent of the organisation, without a phone.

        target: the other agent's id
        detect_turn_end: let the other agent speak first, and greet when it has finished
        timeout: seconds, including the wait for this agent's registration

        Everything else, errors included, is as for ``dial``. (Wire: ``call.bridge``.)
        """
        return self._set_up(
            lambda: self._place_bridge(
                target,
                greeting=greeting,
                detect_turn_end=detect_turn_end,
                config=config,
                media=media,
                metadata=metadata,
                timeout=timeout,
            )
        )
