"""The clients of a test: the fronts' own, which in virtual time have another driver."""

from __future__ import annotations

from typing import Any

from .virtual import VirtualWorld

__all__ = ["make_client"]


def make_client(world: Any, *, sync: bool, **options: Any) -> Any:
    """Return a client of one of the fronts, not connected yet."""
    if isinstance(world, VirtualWorld):
        if sync:
            from . import threads_driver

            return threads_driver.make_client(world, **options)
        from . import asyncio_driver

        return asyncio_driver.make_client(world, **options)
    if sync:
        from pinecall_sync import Pinecall as SyncPinecall

        return SyncPinecall(**options)
    from pinecall import Pinecall

    return Pinecall(**options)
