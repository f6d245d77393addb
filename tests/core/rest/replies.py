"""Answers of the REST API, made by hand, and what an op makes of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pinecall.core.rest.op import Exchange, Reply, RestOp
from pinecall.errors import ApiError

__all__ = ["BASE", "KEY", "read", "refusal", "reply"]

BASE = "https://voice.example"
KEY = "pk_live_0123456789"


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """An answer; a body that is not bytes is written as JSON."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Reply(status=status, headers=headers, body=data, base=BASE, key=KEY)


def read(op: RestOp[Any], body: Any, status: int = 200, **headers: str) -> Any:
    """The op's result for this answer, through an exchange, as the fronts do it."""
    exchange = Exchange(op, 0.0, lambda: 0.0)
    exchange.answered(reply(body, status, **headers), 100.0)
    return exchange.result()


def refusal(op: RestOp[Any], body: Any, status: int) -> ApiError:
    """The op's error for this answer."""
    with pytest.raises(ApiError) as caught:
        read(op, body, status)
    return caught.value
