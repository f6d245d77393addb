"""What a run of tests is told where the extra ``testing`` is not installed."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["lacking"]


def lacking(what: str, *packages: str) -> str | None:
    """Say that ``what`` needs the extra; None if the emulator's packages are there, and these."""
    for package in ("starlette", "uvicorn", *packages):
        if find_spec(package) is None:
            return (
                f"{what} needs {package}, which comes with an extra: "
                'pip install "pinecall-sdk[testing]"'
            )
    return None
