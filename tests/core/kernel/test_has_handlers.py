"""Tables of handlers: made with the first handler, and kept by whoever has them."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.kernel.has_handlers import HasHandlers
from pinecall.errors import ConfigurationError, PinecallError

from .bare import Bare


class Desk(HasHandlers):
    """Something with handlers."""

    _title = "desk 1"

    def __init__(self) -> None:
        self._runtime = Bare()
        self.id = "1"

    def fire(self) -> None:
        """An event of this desk; its handlers are called."""
        self._runtime.emit("connected", (), agent=self)
        for delivery in self._runtime.deliveries():
            for handler in delivery.handlers:  # type: ignore[union-attr]
                assert handler.function is not None
                handler.function(*delivery.args)  # type: ignore[union-attr]


class ClosedDesk(Desk):
    def _check_listening(self, verb: str) -> None:
        raise PinecallError(f"{verb}: the desk is closed")


def test_made_when_needed() -> None:
    """There is no table until a handler is registered, and one from then on."""
    desk = Desk()
    assert desk._own_handlers is None
    desk.fire()
    desk._add_handler("connected", lambda: None)
    table = desk._own_handlers
    assert table is not None
    assert desk._handlers is table


def test_registering() -> None:
    """Handlers run for each event, those of ``add_once`` for one; both give the function back."""
    desk = Desk()
    order: list[str] = []

    def always() -> None:
        order.append("always")

    def once() -> None:
        order.append("once")

    assert desk._add_handler("connected", always) is always
    assert desk._add_once("connected", once) is once
    desk.fire()
    desk.fire()
    assert order == ["always", "once", "always"]


def test_removing() -> None:
    """One handler is removed, or all of an event; nothing need be there."""
    desk = Desk()
    order: list[str] = []

    def one() -> None:
        order.append("one")

    def two() -> None:
        order.append("two")

    desk._remove_handler("connected", one)
    for function in (one, two):
        desk._add_handler("connected", function)
    desk._remove_handler("connected", one)
    desk.fire()
    desk._remove_handler("connected")
    desk.fire()
    assert order == ["two"]


@pytest.mark.parametrize("register", ["_add_handler", "_add_once"])
def test_what_cannot_be_listened_to(register: str) -> None:
    """``check_listening`` refuses new handlers, and names the verb that users call."""
    desk = ClosedDesk()
    verb = "on" if register == "_add_handler" else "once"
    with pytest.raises(PinecallError, match=f"^{verb}: the desk is closed"):
        getattr(desk, register)("connected", lambda: None)
    assert desk._own_handlers is None
    desk._remove_handler("connected")


def test_title() -> None:
    """A refused handler is reported with the title of what it was given to."""
    wrong: Any = 5
    with pytest.raises(ConfigurationError, match=r"^desk 1\.on\('connected', …\)"):
        Desk()._add_handler("connected", wrong)


def test_events_go_on() -> None:
    """Something with handlers is not over unless it says so."""
    assert not Desk()._events_over
