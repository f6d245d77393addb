"""What happened, in order, collected from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

#: Seconds after which a test fails instead of hanging.
DEADLINE = 15.0


class Log:
    """A list that a test can wait on."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, item: Any) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    @property
    def items(self) -> list[Any]:
        with self._changed:
            return list(self._items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __contains__(self, item: object) -> bool:
        return item in self.items

    def wait_for(self, wanted: Any, timeout: float = DEADLINE) -> Any:
        """The first item that equals ``wanted``, or for which ``wanted(item)`` is true."""
        matches: Callable[[Any], bool] = wanted if callable(wanted) else lambda i: i == wanted
        with self._changed:
            found = self._changed.wait_for(
                lambda: next(([i] for i in self._items if matches(i)), None), timeout
            )
            if not found:
                raise AssertionError(f"not within {timeout:g} s; there is {self._short()}")
            return found[0]

    def wait_count(self, count: int, timeout: float = DEADLINE) -> list[Any]:
        """All items, once there are ``count``."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._items) >= count, timeout):
                raise AssertionError(f"not {count} within {timeout:g} s; there is {self._short()}")
            return list(self._items)

    def _short(self) -> str:
        return repr([repr(item)[:200] for item in self._items[-20:]])


def until(condition: Callable[[], Any], what: str, timeout: float = DEADLINE) -> Any:
    """Wait for something nobody announces; fails instead of hanging."""
    pause = threading.Event()
    for _ in range(int(timeout / 0.01)):
        value = condition()
        if value:
            return value
        pause.wait(0.01)
    raise AssertionError(f"{what}: not within {timeout:g} s")
