"""Errors in a trace: what a file keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import errors
from ...errors import PinecallError

__all__ = ["as_data", "from_data"]

_KEYS = ("message", "code", "agent_id", "call_id")


def as_data(error: PinecallError) -> dict[str, Any]:
    """Return what a file keeps of an error."""
    kept = {key: getattr(error, key, None) for key in _KEYS}
    return {"class": type(error).__name__, **{k: str(v) for k, v in kept.items() if v is not None}}


def from_data(data: Mapping[str, Any]) -> PinecallError:
    """Return the error, of its class where nothing but that is needed to make one."""
    cls = getattr(errors, str(data.get("class")), PinecallError)
    kept = {key: str(data[key]) for key in _KEYS[1:] if data.get(key) is not None}
    message = str(data.get("message", ""))
    plain = isinstance(cls, type) and issubclass(cls, PinecallError)
    if not plain or cls.__init__ is not PinecallError.__init__:
        cls = PinecallError
    error: PinecallError = cls(message, **kept)
    return error
