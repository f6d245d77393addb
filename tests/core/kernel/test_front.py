"""What the core asks of a front."""

from __future__ import annotations

import pytest

from pinecall.core.kernel.front import Front
from pinecall.core.kernel.job import Job
from pinecall.errors import ConfigurationError, PinecallError

from .bare import Bare, SlimFront


def test_no_more_than_the_protocol() -> None:
    """A runtime works with a front that has the protocol's members and no others."""
    front: Front = SlimFront()
    runtime = Bare(front)
    errors = runtime.subscribe(runtime.handlers, ("error",))
    runtime.job_finished(
        Job("a job", print, lambda _: runtime.report(PinecallError("no")), print), 1
    )
    item = errors.take()
    assert item is not None and item.event.message == "no"


def test_coroutines() -> None:
    """``coroutines`` says whether handlers may be coroutine functions."""

    async def handler() -> None:
        """It could wait."""

    with_loop, without = (Bare(SlimFront(coroutines=which)) for which in (True, False))
    assert with_loop.handlers.add("connected", handler) is handler
    with pytest.raises(ConfigurationError, match="async def"):
        without.handlers.add("connected", handler)


def test_check() -> None:
    """What ``check`` raises keeps iterators from being made and from being read."""
    front = SlimFront()
    runtime = Bare(front)
    before = runtime.subscribe(runtime.handlers, ())
    front.forked = True
    with pytest.raises(ConfigurationError, match="forked"):
        before.take()
    with pytest.raises(ConfigurationError, match="forked"):
        runtime.subscribe(runtime.handlers, ())


def test_wake() -> None:
    """``wake`` is called when what a front has run left something to deliver or to send."""
    front = SlimFront()
    runtime = Bare(front)
    runtime.delivered(lambda: None)
    assert front.wakes == 1
    runtime.job_failed(Job("a job", print, print, lambda exc: None), ValueError())
    assert front.wakes == 2
