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
``model``, ``tools``, ``clock`` and ``emulator``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .machine import CallerMachine

__all__ = ["CallerMachine"]


def __getattr__(name: str) -> Any:
    # Loaded when it is used: pytest imports this package in every run of its user's tests.
    if name != "CallerMachine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from .machine import CallerMachine
    except ModuleNotFoundError as missing:
        if missing.name != "hypothesis":
            raise
        raise ModuleNotFoundError(
            'CallerMachine needs hypothesis, which comes with an extra: pip install "pinecall-sdk[testing]"',
            name="hypothesis",
        ) from None
    return CallerMachine
