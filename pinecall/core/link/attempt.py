"""An attempt to connect: what it needs, how it can fail, and whether to try again."""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import field, frozen

from ...errors import ConfigurationError
from ..config.options import ReconnectPolicy

__all__ = ["Failure", "LinkSettings", "closed_early"]

_RETRY_CLOSE_CODES = {1001, 1006, 1012, 1013, 1014}
#: Close codes before ``connected`` that mean a refused key. 4401 and 4403 are HTTP's 401 and 403.
_REFUSAL_CLOSE_CODES = {1008, 4401, 4403}
_REFUSAL_WORDS = re.compile(r"\bkey\b|unauthori[sz]ed|unauthenticated|forbidden|credential", re.I)
#: Error codes before ``connected`` that do not concern the key.
_NOT_A_REFUSAL = {
    "CONNECTION_TIMEOUT",
    "CONNECTION_FAILED",
    "INTERNAL_ERROR",
    "RATE_LIMITED",
    "SERVER_ERROR",
    "UPSTREAM_ERROR",
    "UPSTREAM_TIMEOUT",
}


@frozen
class LinkSettings:
    """``url`` and ``api_key`` are called anew for each attempt."""

    url: Callable[[], str]
    api_key: Callable[[], str]
    reconnect: ReconnectPolicy | None = field(factory=ReconnectPolicy)
    ping_interval: float | None = 30.0
    connect_timeout: float = 10.0
    log_words: bool = False


@frozen
class Failure:
    """Why an attempt failed, as the front saw it. ``phase``: see :class:`~pinecall.ConnectError`."""

    phase: str
    message: str
    retryable: bool = True
    code: str | None = None
    cause: BaseException | None = None

    @property
    def refusal(self) -> bool:
        """Whether the server refused the key."""
        return self.phase == "authentication" and self.code not in _NOT_A_REFUSAL

    @property
    def dropped(self) -> bool:
        """Whether the host accepted the connection, and then dropped it or went silent."""
        reached = self.phase in ("tls", "handshake", "authentication", "capacity")
        return reached and not (self.code or "").startswith("HTTP_")

    def is_final(self, *, known: bool) -> bool:
        """Whether another attempt is pointless. ``known``: the client was connected before."""
        if self.retryable or not known:
            return not self.retryable
        return self.refusal or isinstance(self.cause, ConfigurationError)


def closed_early(code: int | None, reason: str) -> Failure:
    """Return the failure of a socket closed before ``connected``; ``code`` None: no close frame."""
    said = f"closed before 'connected' (code {code or 1006}{', ' + reason if reason else ''})"
    if code in _REFUSAL_CLOSE_CODES or _REFUSAL_WORDS.search(reason):
        return Failure("authentication", reason or said, retryable=False, code="INVALID_KEY")
    return Failure(
        "authentication",
        said,
        retryable=code is None or code in _RETRY_CLOSE_CODES,
        code="CONNECTION_FAILED",
    )
