"""Jobs that use a history store: its methods may be coroutine functions, or block a thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...errors import ConfigurationError
from ..kernel.callables import is_coroutine
from ..kernel.handlers import Source
from ..kernel.job import Job

__all__ = ["check_store", "has_method", "method_of", "store_job", "takes"]


def check_store(store: object, agent_id: str, *, coroutines: bool) -> None:
    """Raise ConfigurationError for a store of coroutine methods without an event loop."""
    if store is None or coroutines:
        return
    for name in ("save", "find_by_contact"):
        if is_coroutine(getattr(store, name, None)):
            raise ConfigurationError(
                f"agent {agent_id!r}: history.{name} is an 'async def'; pinecall_sync runs plain "
                "methods: use pinecall_sync.history.SqliteHistory or write 'def', or use the "
                "asyncio package pinecall",
                agent_id=agent_id,
            )


def has_method(store: object, name: str) -> bool:
    try:
        return callable(getattr(store, name, None))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return True  # method_of() then returns a function that raises the error


def method_of(store: Any, name: str) -> Callable[..., Any]:
    """Return the store's method; if the look-up fails, a function that raises that error."""
    try:
        method: Callable[..., Any] = getattr(store, name)
        return method
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        failure = exc

    def fails(*_arguments: Any, **_keywords: Any) -> Any:
        raise failure

    return fails


def takes(function: Callable[..., Any], parameter: str) -> bool:
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def store_job(
    agent: Source,
    call: Source,
    method: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    *,
    finished: Callable[[Job, Any], None],
    failed: Callable[[Job, BaseException], None],
) -> Job:
    """Return the job that calls ``function``, a store's ``method``; it never returns an
    awaitable."""

    def result(value: Any) -> None:
        if not hasattr(value, "__await__"):
            finished(job, value)
            return
        # Without an event loop, a front passes on whatever the method returned.
        if inspect.iscoroutine(value):
            value.close()
        failed(
            job,
            ConfigurationError(
                f"history of agent {agent.id!r}: {method}() returned an awaitable, and no event "
                "loop is here to wait for it; give a store with plain methods",
                agent_id=agent.id,
                call_id=call.id,
            ),
        )

    coroutine = is_coroutine(function)
    job = Job(
        f"history.{method}",
        lambda: function(*arguments, **keywords),
        result,
        lambda error: failed(job, error),
        agent=agent,
        call=call,
        coroutine=coroutine,
        threaded=not coroutine,
    )
    return job
