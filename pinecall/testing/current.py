"""The test that runs now, for helpers that are imported instead of asked for as fixtures."""

from __future__ import annotations

from typing import Any

__all__ = ["stage", "the_stage"]

#: The :class:`~pinecall.testing.stage.Stage`; None outside of a test.
stage: Any = None


def the_stage(what: str) -> Any:
    """Return the stage of the test that runs now. Raises RuntimeError, naming ``what``, without one."""
    if stage is None:
        raise RuntimeError(
            f"{what} works inside a test that uses a fixture of the plugin, like pinecall or caller"
        )
    return stage
