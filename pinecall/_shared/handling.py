"""How both fronts run a handler."""

from __future__ import annotations

import _thread
from contextvars import Context
from typing import Any

from ..core.kernel.handlers import Delivery, Handler, answering
from ..core.kernel.job import Job

__all__ = ["context_of", "context_of_job", "interrupt_main", "start"]


def context_of(handler: Handler, delivery: Delivery, base: Context | None) -> Context:
    """Return the context to run a handler in: its own, on top of that of ``connect()``.

    A ``reply`` in it answers this delivery. ``base`` is the same object while the client is
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
    """Return the context to run an agent's tool or other function in: the one it was set in."""
    given = getattr(job.agent, "_context", None)
    return _above(base, given)


def _above(base: Context | None, given: Context | None) -> Context:
    context = base.copy() if base is not None else Context()
    for variable, value in (given or {}).items():
        context.run(variable.set, value)
    return context


def start(handler: Handler, delivery: Delivery) -> Any:
    """Call the handler's function with its event's arguments."""
    function = handler.function
    assert function is not None
    if handler.name == "*":
        return function(delivery.item)
    return function(*delivery.args)


def interrupt_main(exc: BaseException) -> bool:
    """End the program on KeyboardInterrupt in a thread of the SDK, as in the main thread.

    Returns whether it was one.
    """
    interrupts = isinstance(exc, KeyboardInterrupt)
    if interrupts:
        _thread.interrupt_main()
    return interrupts
