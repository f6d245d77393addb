"""REST: requests as values. Functions make a ``RestOp``; a front's ``HttpPort`` runs it.

A client accesses ``rest.call_log``, ``rest.phones``, ``rest.tokens`` and ``rest.voices`` as
attributes: they are loaded then, and a program that uses none of them starts faster.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import call_log, phones, tokens, voices

__all__ = ["call_log", "phones", "tokens", "voices"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
