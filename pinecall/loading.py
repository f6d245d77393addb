"""How the names of both packages are loaded, on first use."""

from __future__ import annotations

import gc
from importlib import import_module
from types import ModuleType

__all__ = ["load"]


def load(module: str, package: str) -> ModuleType:
    """``import_module`` that collects no garbage meanwhile: each collection would look at all that
    has been loaded so far, and find nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return import_module(module, package)
    finally:
        if collecting:
            gc.enable()
