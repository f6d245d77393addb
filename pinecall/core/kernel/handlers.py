"""Registered handlers, and the deliveries that a front runs them for.

A table is an ordered list per event. Tables of one client share a :class:`Revision`: when a
table changes, the chains (the call's handlers, then the agent's, then the client's) are built anew.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from types import CodeType
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field

from ...events import Item
from ..wire.names import SIGNATURES, check_name
from .callables import Function, check_function, is_coroutine, same
from .usercode import describe

if TYPE_CHECKING:
    from .inbox import Inbox

__all__ = [
    "Chains",
    "Delivery",
    "Handler",
    "Handlers",
    "Revision",
    "Source",
    "answering",
]

#: The ``(call id, message id)`` that the running handler was called for.
answering: ContextVar[tuple[str, str] | None] = ContextVar("pinecall_answering", default=None)


class Revision:
    """Counts the changes to all handler tables of one client."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0


@define(eq=False, slots=True)
class Handler:
    """One registration: a function, or (for an iterator) an inbox.

    ``given`` is the context that ``on`` was called in: what a notebook's handler prints belongs to
    the cell that defined it. ``context`` is what a front makes of it above ``base``.
    """

    name: str
    function: Function | None
    once: bool = False
    coroutine: bool = False
    inbox: Inbox[Item] | None = None
    owner: Handlers | None = field(default=None, repr=False)
    given: Context | None = field(default=None, repr=False)
    base: Context | None = field(default=None, repr=False)
    context: Context | None = field(default=None, repr=False)

    @property
    def takes_item(self) -> bool:
        return self.name == "*"


@define(eq=False, slots=True)
class Delivery:
    """Handlers to run with ``args``, in order; handlers of ``*`` get ``item`` instead.

    ``done``, if there is one, is called when all of them have finished, even if some raised.
    ``answers`` is the message id that a ``reply`` inside the handlers answers. ``after`` is an
    ended call, for what comes later about it: its handlers run first.
    """

    name: str
    args: tuple[Any, ...]
    handlers: tuple[Handler, ...]
    event: Any = None
    agent: Source | None = None
    call: Source | None = None
    answers: str | None = None
    done: Callable[[], None] | None = None
    after: Source | None = None

    @property
    def subject(self) -> Source | None:
        """The call or agent whose deliveries run in order, one at a time; None: the client."""
        return self.call or self.after or self.agent

    @property
    def item(self) -> Item:
        return Item(self.name, self.event, self.agent, self.call)


class Source(Protocol):
    """The subject of an event: a call, an agent or a line."""

    @property
    def id(self) -> str: ...
    @property
    def _own_handlers(self) -> Handlers | None: ...


class Chains:
    """Handlers of several tables, combined per event and valid until a table changes."""

    __slots__ = ("known", "revision")

    def __init__(self) -> None:
        self.revision = -1
        self.known: dict[str, tuple[Any, ...]] = {}

    def clear(self, revision: int) -> None:
        self.revision = revision
        self.known = {}


class Handlers:
    def __init__(self, revision: Revision, *, coroutines: bool, owner: str) -> None:
        self.revision = revision
        self.chains = Chains()
        self._coroutines = coroutines
        self._owner = owner
        self._table: dict[str, list[Handler]] = {}

    def __bool__(self) -> bool:
        return bool(self._table)

    def get(self, name: str) -> list[Handler]:
        """Return the handlers for ``name``, then those for everything."""
        named = self._table.get(name, [])
        return named + self._table.get("*", []) if name != "*" else named

    def add(self, name: str, function: Function, *, once: bool = False) -> Function:
        """Register; raise ConfigurationError for a misspelt name or a wrong parameter count."""
        check_name(name)
        self._check(name, function)
        context = copy_context()
        # ``on`` may be called inside a handler; the new handler does not answer its message.
        context.run(answering.set, None)
        handler = Handler(name, function, once, is_coroutine(function), owner=self, given=context)
        entries = self._table.setdefault(name, [])
        for index, entry in enumerate(entries):
            if entry.function is not None and _redefines(entry.function, function):
                entries[index] = handler
                break
        else:
            entries.append(handler)
        self.revision.number += 1
        return function

    def add_inbox(self, names: tuple[str, ...], inbox: Inbox[Item]) -> list[Handler]:
        """Add an iterator's inbox for the named events, or for everything."""
        for name in names:
            check_name(name)
        added = [Handler(name, None, inbox=inbox, owner=self) for name in names or ("*",)]
        for handler in added:
            self._table.setdefault(handler.name, []).append(handler)
        self.revision.number += 1
        return added

    def discard(self, handler: Handler) -> None:
        entries = self._table.get(handler.name, [])
        if handler in entries:
            entries.remove(handler)
            if not entries:
                del self._table[handler.name]
            self.revision.number += 1

    def remove(self, name: str, function: Function | None = None) -> None:
        """Remove one handler, or all handlers of an event (iterators stay)."""
        check_name(name)
        for handler in list(self._table.get(name, [])):
            if handler.function is not None and (
                function is None or same(handler.function, function)
            ):
                self.discard(handler)

    def clear(self) -> None:
        if self._table:
            self._table.clear()
            self.revision.number += 1

    def _check(self, name: str, function: object) -> None:
        where = f"{self._owner}.on({name!r}, …)"
        check_function(where, function, SIGNATURES[name], coroutines=self._coroutines)


def _code(function: object) -> CodeType | None:
    function = getattr(function, "__func__", function)
    return getattr(function, "__code__", None)


def _redefines(old: Function, new: Function) -> bool:
    """Whether ``new`` replaces ``old``: the same object, or a notebook cell that ran again.

    A cell that runs again compiles anew: another code object, from the same place. A function made
    twice by one factory shares its code object: two handlers; so does a method of two objects.
    """
    if same(old, new):
        return True
    before, after = _code(old), _code(new)
    if before is None or after is None or before is after:
        return False
    if describe(old) != describe(new):
        return False
    named = "<" not in describe(new)
    if before.co_filename != after.co_filename:
        # An edited cell has another file name, and defines the same name in the same notebook.
        return named and getattr(new, "__module__", None) == "__main__"
    return before == after or (named and before.co_firstlineno == after.co_firstlineno)
