"""What the drivers of both fronts keep, and what they hand to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..logs import Log
from .failures import check_process

if TYPE_CHECKING:
    from ..core.engine import Engine
    from ..core.link.link import Failure
    from .settings import Settings

__all__ = ["DriverBase"]

log = Log("handlers")


class DriverBase:
    """One engine, and the process that it is connected in."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        #: The process that connected; None while nothing is connected.
        self._pid: int | None = None
        #: The link's generation that the socket follows.
        self._generation = 0

    def check_process(self) -> None:
        """Raise ConfigurationError in a forked child of the process that connected."""
        check_process(self._pid)

    def now(self) -> float:
        """Return the time of the link's clock."""
        raise NotImplementedError

    def texts(self, texts: list[str]) -> None:
        """Pass on the messages of one read."""
        now, receive = self.now(), self.engine.receive
        with self.engine.guard:
            for text in texts:
                receive(text, now)

    def other(self, what: str) -> None:
        """Report a message that is not a text; ``what`` says what it was."""
        with self.engine.guard:
            self.engine.receive_other(what, self.now())

    def left_at_work(self, names: list[str], *, cancelled: bool = False) -> None:
        """Report user code that still runs when the time of disconnect() is over."""
        how = ", cancelled" if cancelled else ""
        log.warning("still running at disconnect%s: %s", how, ", ".join(names))

    def _outgoing(self) -> list[str]:
        """The texts to write now."""
        with self.engine.guard:
            return self.engine.outgoing()

    def _failed(self, generation: int, failure: Failure) -> None:
        """Report that the socket of this generation could not be opened."""
        with self.engine.guard:
            self.engine.failed(generation, failure, self.now())
