"""Tests of voice agents that read like phone calls: a pytest plugin. It needs the extra ``testing``.

::

    @pytest.fixture
    def mara(pinecall):
        return receptionist.deploy(pinecall)

    def test_books_a_table(mara, caller):
        call = caller.phones("+13186330963")
        call.hears("How can I help")
        call.says("a table for two tonight")
        call.expects_tool("find_tables", party=2)
        call.hangs_up()

pytest finds the plugin by itself; the fixtures are ``pinecall``, ``pinecall_sync``, ``caller``,
``model``, ``tools``, ``clock``, ``emulator``, ``replay`` and ``assert_trace``. The last two may be
imported from here as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from .call import Call
    from .failing import ExpectationFailed
    from .machine import CallerMachine

__all__ = ["Call", "CallerMachine", "ExpectationFailed", "assert_trace", "replay"]

#: Loaded on first use: pytest imports this package in every run.
_HOMES = {"Call": "call", "CallerMachine": "machine", "ExpectationFailed": "failing"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from .extra import lacking

    text = lacking(name, *(("hypothesis",) if home == "machine" else ()))
    if text is not None:
        raise ModuleNotFoundError(text)
    return getattr(import_module(f"{__name__}.{home}"), name)


def assert_trace(name: str, call: Call | None = None) -> None:
    """Compare the trace of a call, by default the test's only one, with the stored one of that name.

    It is in ``traces/NAME.jsonl`` beside the test; ``pytest --pinecall-update`` writes it. Raises
    ExpectationFailed, which tells the first difference field by field.
    """
    __tracebackhide__ = True
    from . import current

    current.the_stage("assert_trace()").assert_trace(name, call)


def replay(path: str | os.PathLike[str], *, call_id: str | None = None) -> None:
    """Play the platform's side of a saved call against the program, and check what it sends.

    path: a file that ``trace.save()`` or ``pc.traces(path=…)`` wrote, beside the test or in the
        current folder
    call_id: the call, where the file holds several

    Raises ExpectationFailed at the first difference, which it tells field by field.
    """
    __tracebackhide__ = True
    from . import current

    current.the_stage("replay()").replay(path, call_id=call_id)
