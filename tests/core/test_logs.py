"""The SDK's loggers: an application's filters and handlers cannot stop what writes to them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from pinecall.logs import Log


class Raising(logging.Filter):
    def __init__(self, exc: BaseException) -> None:
        super().__init__()
        self.exc = exc

    def filter(self, record: logging.LogRecord) -> bool:
        raise self.exc


class Unshowable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("pinecall.link")
    yield logger
    for one in list(logger.filters):
        logger.removeFilter(one)


@pytest.mark.parametrize(
    "exc", [ValueError("bad"), SystemExit(2), GeneratorExit(), Unshowable()], ids=repr
)
def test_what_a_filter_raises_is_shown_and_stops_nothing(
    logger: logging.Logger, exc: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    """A filter that raises, however badly, is shown on stderr, and the SDK goes on."""
    logger.addFilter(Raising(exc))
    Log("link").warning("reconnecting")
    shown = capsys.readouterr().err
    assert "Logging error in pinecall" in shown
    assert type(exc).__name__ in shown


def test_ctrl_c_inside_a_filter_gets_out(logger: logging.Logger) -> None:
    """KeyboardInterrupt is the one exception that is not the filter's own."""
    logger.addFilter(Raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        Log("link").warning("reconnecting")


def test_a_closed_stderr_is_survived(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a stderr, or with one that cannot be written, nothing is shown and nothing raised."""
    logger.addFilter(Raising(ValueError("bad")))
    monkeypatch.setattr("sys.stderr", None)
    Log("link").warning("reconnecting")
    monkeypatch.undo()
    monkeypatch.setattr("sys.stderr.write", lambda text: 1 / 0, raising=False)
    Log("link").warning("reconnecting")
    monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_ctrl_c_while_it_is_shown_gets_out(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KeyboardInterrupt gets out also while the filter's exception is shown."""

    def interrupted(text: str) -> int:
        raise KeyboardInterrupt

    logger.addFilter(Raising(ValueError("bad")))
    monkeypatch.setattr("sys.stderr.write", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        Log("link").warning("reconnecting")


def test_a_record_says_who_wrote_it(caplog: pytest.LogCaptureFixture) -> None:
    """A record names this file's line, not the SDK's own wrapper, and its area's logger."""
    with caplog.at_level(logging.DEBUG, "pinecall"):
        log = Log("agents")
        assert log.enabled(logging.DEBUG)
        log.debug("%s waits", "mara")
        log.info("ready")
    assert [(r.name, r.filename, r.getMessage()) for r in caplog.records] == [
        ("pinecall.agents", "test_logs.py", "mara waits"),
        ("pinecall.agents", "test_logs.py", "ready"),
    ]
