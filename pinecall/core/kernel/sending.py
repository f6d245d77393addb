"""The half of the runtime that faces the server: outgoing frames, and the text of errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, NotConnected
from ..text import secrets
from ..wire import codec
from .delivering import Delivering
from .outbox import Outbox
from .timers import Timers

if TYPE_CHECKING:
    from .front import Front

__all__ = ["Sending"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Sending(Delivering):
    """``random`` returns numbers from 0 to 1; ``api_key`` the key, or raises ConfigurationError."""

    def __init__(
        self, front: Front, *, random: Callable[[], float], api_key: Callable[[], str]
    ) -> None:
        super().__init__(front)
        self.random = random
        self.timers = Timers()
        self.outbox = Outbox()
        #: When the server was last heard from.
        self.heard = 0.0
        self._api_key = api_key

    @property
    def ready(self) -> bool:
        """Whether the link carries frames now."""
        raise NotImplementedError

    @property
    def state(self) -> str:
        """The link's state: ``idle``, ``connecting``, ``connected``, ``reconnecting``,
        ``closed``."""
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        return self.state == "closed"

    def require_up(self, what: str, agent_id: str | None = None) -> None:
        """Raise NotConnected, naming ``what``, if the link carries no frames."""
        if not self.ready:
            raise NotConnected(
                f"{what}: not connected (the link is {self.state}); connect() first, or wait for "
                "'connected'",
                agent_id=agent_id,
            )

    def transmit(self, frame: dict[str, Any], *, state: bool = False) -> None:
        """Give a frame to the socket. ``state``: the registry holds it anyway, so the limit on
        unsent bytes does not apply.

        Raises ConfigurationError if it cannot be JSON, NotConnected if the server has stopped
        reading.
        """
        text = codec.encode(frame)
        if state:
            self.outbox.append(text)
        else:
            self.outbox.transmit(text, about=str(frame.get("event")))

    def letters(self, count: int) -> str:
        """Return random letters and digits, for ids."""
        return "".join(_LETTERS[int(self.random() * 36) % 36] for _ in range(count))

    def message_id(self) -> str:
        """Return a new id for a message of this program."""
        return "msg_" + self.letters(12)

    def clean(self, text: str) -> str:
        """Return the server's text without any secrets it repeats."""
        try:
            secrets.keep(self._api_key())
        except ConfigurationError:
            pass  # no key at the moment
        return secrets.clean(text)

    def preview(self, text: str, limit: int) -> str:
        """Return the beginning of what the server sent, for an error."""
        self.clean("")  # registers the key as a secret, in case it has changed
        return codec.preview(text, limit)
