"""How both fronts run a handler."""

from __future__ import annotations

import _thread
from contextvars import Context
from typing import Any

from ..core.kernel.handlers import Delivery, Handler, answering
from ..core.kernel.job import Job

__all__ = ["context_of", "context_of_job", "interrupt_main", "start"]


def context_of(handler: Handler, delivery: Delivery, base: Context | None) -> Context:
    """The context to run a handler in: its own variables over those of ``connect()``.

    A ``reply`` in it answers this delivery. ``base`` is the same object as long as the client is
    connected.
    """
    if handler.base is not base or handler.context is None:
        handler.context = _above(base, handler.given)
        handler.base = base
    context = handler.context.copy()
    if delivery.answers is not None and delivery.call is not None:
        context.run(answering.set, (delivery.call.id, delivery.answers))
    return context


def context_of_job(job: Job, base: Context | None) -> Context:
    """The context to run an agent's function in: that of the place where it was given to the agent."""
    given = getattr(job.agent, "_context", None)
    return _above(base, given)


def _above(base: Context | None, given: Context | None) -> Context:
    context = base.copy() if base is not None else Context()
    for variable, value in (given or {}).items():
        context.run(variable.set, value)
    return context


def start(handler: Handler, delivery: Delivery) -> Any:
    """Call the handler's function with the arguments of its event."""
    function = handler.function
    assert function is not None
    if handler.name == "*":
        return function(delivery.item)
    return function(*delivery.args)


def interrupt_main(exc: BaseException) -> bool:
    """End the program for a KeyboardInterrupt in one of our threads, as in the main thread.

    Returns whether ``exc`` was one.
    """
    interrupts = isinstance(exc, KeyboardInterrupt)
    if interrupts:
        _thread.interrupt_main()
    return interrupts
