"""The clients of a test: the fronts' own, which in virtual time have another driver."""

from __future__ import annotations

from random import Random
from typing import Any

from .virtual import VirtualWorld

__all__ = ["make_client"]


def make_client(world: Any, *, sync: bool, **options: Any) -> Any:
    """Return a client of one of the fronts, not connected yet."""
    if isinstance(world, VirtualWorld):
        if sync:
            from . import threads_driver

            client: Any = threads_driver.make_client(world, **options)
        else:
            from . import asyncio_driver

            client = asyncio_driver.make_client(world, **options)
        # The same test has the same ids and the same delays each time.
        client._engine.random = Random(0).random
        return client
    if sync:
        from pinecall_sync import Pinecall as SyncPinecall

        return SyncPinecall(**options)
    from pinecall import Pinecall

    return Pinecall(**options)
