"""Options of agents, deploys, lines and of reconnecting."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.options import (
    ReconnectPolicy,
)

from .reading import refusal


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial": 0}, "initial must be more than 0 seconds, got 0"),
        ({"initial": "1"}, "initial must be a number, got str"),
        ({"initial": True}, "initial must be a number, got bool True"),
        ({"maximum": 0.1}, "maximum must not be less than initial, got 0.1"),
        ({"factor": 0.5}, "factor must be 1 or more, got 0.5"),
        ({"jitter": 2}, "jitter must be between 0 and 1, got 2"),
        ({"jitter": float("nan")}, "jitter must be between 0 and 1, got nan"),
        ({"max_attempts": 0}, "max_attempts must be 1 or more, got 0; None means for ever"),
        ({"max_attempts": 1.5}, "max_attempts must be an int or None, got float 1.5"),
    ],
)
def test_reconnect_policy_refused(options: dict[str, Any], message: str) -> None:
    """A policy that would never or always retry is refused where it is written."""
    assert refusal(lambda: ReconnectPolicy(**options)) == f"ReconnectPolicy: {message}"


def test_reconnect_policy() -> None:
    """A number of attempts, or none, is taken; a wait of more than an hour is not."""
    assert ReconnectPolicy(max_attempts=3).max_attempts == 3
    assert ReconnectPolicy().max_attempts is None
    assert "in seconds, an hour at most" in refusal(lambda: ReconnectPolicy(maximum=30000))
