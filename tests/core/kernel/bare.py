"""The runtime by itself: without a link, agents and calls."""

from __future__ import annotations

import threading
from typing import Any

from pinecall.core.kernel.runtime import Runtime
from pinecall.errors import ConfigurationError

__all__ = ["KEY", "Bare", "Caller", "SlimFront"]

KEY = "pk_live_0123456789"


class SlimFront:
    """What a front must have, and nothing else."""

    def __init__(self, *, coroutines: bool = True) -> None:
        self.coroutines = coroutines
        self.client = None
        self.guard = threading.RLock()
        self.wakes = 0
        self.forked = False

    def epoch(self) -> float:
        return 1_800_000_000.0

    def check(self) -> None:
        if self.forked:
            raise ConfigurationError("not in a forked child")

    def wake(self) -> None:
        self.wakes += 1


class Caller:
    """An agent or a call to report about."""

    own_handlers = None

    def __init__(self, id: str) -> None:
        self.id = id


class Bare(Runtime):
    """A runtime whose link is up, or in the ``state`` that a test sets."""

    ready = True
    state = "connected"

    def __init__(self, front: Any = None, *, key: str = KEY) -> None:
        self.key = key
        self.chance = 0.5
        super().__init__(
            front or SlimFront(), random=lambda: self.chance, api_key=lambda: self._given()
        )

    def _given(self) -> str:
        if not self.key:
            raise ConfigurationError("no key", "MISSING_KEY")
        return self.key
