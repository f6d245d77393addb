"""A framework or server that is missing is never passed over unseen."""

from __future__ import annotations

import pytest

from .serving import needs


def test_what_is_there() -> None:
    """Nothing is skipped for modules that are installed."""
    try:
        needs("json", "pytest")
    except pytest.skip.Exception as exc:  # it would show this test as skipped
        pytest.fail(f"skipped: {exc}")


def test_missing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere than in CI the tests are skipped, and it is said what is missing."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed: no_such_server"):
        needs("json", "no_such_server")


def test_missing_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI that is a failure."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not installed: no_such_server"):
        needs("json", "no_such_server")
