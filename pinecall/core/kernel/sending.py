"""The half of the runtime that faces the server: frames on their way out, and the text of errors."""

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
    """``random`` gives numbers from 0 to 1; ``api_key`` the key, or raises ConfigurationError."""

    def __init__(
        self, front: Front, *, random: Callable[[], float], api_key: Callable[[], str]
    ) -> None:
        super().__init__(front)
        self.random = random
        self.timers = Timers()
        self.outbox = Outbox()
        #: When the server was last heard.
        self.heard = 0.0
        self._api_key = api_key

    @property
    def ready(self) -> bool:
        """Does the link carry frames now?"""
        raise NotImplementedError

    @property
    def state(self) -> str:
        """The link's: ``idle``, ``connecting``, ``connected``, ``reconnecting`` or ``closed``."""
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        return self.state == "closed"

    def require_up(self, what: str, agent_id: str | None = None) -> None:
        """Raise NotConnected, which names ``what``, where the link carries no frames."""
        if not self.ready:
            raise NotConnected(
                f"{what}: not connected (the link is {self.state}); connect() first, or wait for "
                "'connected'",
                agent_id=agent_id,
            )

    def transmit(self, frame: dict[str, Any], *, state: bool = False) -> None:
        """Give a frame to the socket. ``state``: the registry holds it anyway, so that the bound of
        what waits to be sent does not apply.

        Raises ConfigurationError for what is not JSON, NotConnected when the server takes nothing.
        """
        text = codec.encode(frame)
        if state:
            self.outbox.append(text)
        else:
            self.outbox.transmit(text, about=str(frame.get("event")))

    def letters(self, count: int) -> str:
        """Random letters and digits, for ids."""
        return "".join(_LETTERS[int(self.random() * 36) % 36] for _ in range(count))

    def message_id(self) -> str:
        """A new id for a message of this program's."""
        return "msg_" + self.letters(12)

    def clean(self, text: str) -> str:
        """The server's words without the secrets that it may have repeated."""
        try:
            secrets.keep(self._api_key())
        except ConfigurationError:
            pass  # there is none, now
        return secrets.clean(text)

    def preview(self, text: str, limit: int) -> str:
        """The beginning of what the server sent, for an error."""
        self.clean("")  # the key is looked for, whatever it is now
        return codec.preview(text, limit)
