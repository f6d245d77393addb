"""Coroutines of the SDK that a test makes and never runs."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

__all__ = ["Unawaited"]

_SDK = str(Path(__file__).parents[1])
#: What Python calls when a coroutine is thrown away; a filter for warnings does not hide it from here.
_TOLD = "_warn_unawaited_coroutine"

#: Frames between a test and the coroutine of the SDK.
_DEPTH = 4


class Unawaited:
    """Notes them while it is entered; they are found however the warnings are filtered."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._original: Any = None
        self._depth = 0

    def __enter__(self) -> Unawaited:
        self._original = getattr(warnings, _TOLD, None)
        if self._original is not None:
            # With it a coroutine knows where it was called.
            self._depth = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(max(_DEPTH, self._depth))
            setattr(warnings, _TOLD, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._original is not None:
            setattr(warnings, _TOLD, self._original)
            sys.set_coroutine_origin_tracking_depth(self._depth)

    def _note(self, coroutine: Any) -> None:
        if not coroutine.cr_code.co_filename.startswith(_SDK):
            self._original(coroutine)
            return
        name, where = coroutine.__qualname__, ""
        for file, line, function in coroutine.cr_origin or ():
            if not file.startswith(_SDK):
                where = f" at {Path(file).name}:{line}"
                break
            # The SDK's own function that was called, and made this coroutine.
            name = function
        self.found.append(f"{name}(){where}")

    def told(self) -> str | None:
        """Say what was found, and what to do; None if there is nothing."""
        if not self.found:
            return None
        return (
            f"called but never run: {', '.join(self.found)}. It is a coroutine of the asyncio front: "
            "await it in an 'async def' test, or use the fixture pinecall_sync"
        )
