"""The call log, followed live: ``WS /v1/attach``, resumed by cursor.

:class:`CallLog` gets the socket's input and decides what to do next. While not ``over``: without a
socket, wait ``delay`` seconds, run ``token()`` and open ``url()``; then pass every text to
``receive()``. ``entries`` are for the user.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from attrs import frozen

from ...errors import ApiError, ConfigurationError
from ..config.options import ReconnectPolicy
from ..link.backoff import reconnect_delay
from ..link.link import STABLE_AFTER, Failure
from ..text.jsontext import read
from ..wire.limits import LOG_CURSORS, MAX_ID
from .answers import filled
from .op import RestOp, handshake_status, scrub
from .tokens import Token, create_token

__all__ = ["CallLog", "LogEntry"]

#: Connections in a row without an entry, until the log counts as out of reach.
ATTEMPTS = 10

_POLICY = ReconnectPolicy()
_CONTROL = {"log.gap", "log.caught_up"}
_PASSING = {0, 404, 408, 425, 429}


@frozen(kw_only=True)
class LogEntry:
    """One entry of a call's or an agent's log.

    ``seq`` grows within its log, with holes; ``ts`` is in epoch seconds; an ``ephemeral`` entry is
    delivered live only. Two types are about the log itself: ``log.caught_up`` (the backlog is done,
    live follows) and ``log.gap`` (``data`` has ``from``, ``resume_from`` and perhaps ``snapshot``:
    entries between the two are lost, the snapshot is what they led to).
    """

    seq: int
    ts: float
    call: str | None
    agent: str
    type: str
    ephemeral: bool
    data: Mapping[str, Any]

    @property
    def call_id(self) -> str | None:
        """The call of the entry; an agent's log names it in ``data`` (wire: ``data.call``)."""
        if self.call is not None:
            return self.call
        inner = self.data.get("call")
        return inner if isinstance(inner, str) else None


class CallLog:
    """The log of either ``call`` or ``agent``; ``after`` is the last seq seen, 0 for everything;
    ``agents`` are those the token is for: the agent of the call, or several it may belong to.
    """

    def __init__(
        self,
        *,
        call: str | None = None,
        agent: str | None = None,
        after: int = 0,
        agents: str | Sequence[str] | None = None,
        random: Callable[[], float],
    ) -> None:
        if (call is None) == (agent is None):
            raise ConfigurationError("observe takes one of call= and agent=")
        if isinstance(after, bool) or not isinstance(after, int) or after < 0:
            raise ConfigurationError(f"observe: after is a seq (an int from 0), not {after!r}")
        self.call = None if call is None else filled("call", call)
        self.agent = None if agent is None else filled("agent", agent)
        sealed = self.agent if agents is None else agents
        if not sealed:
            raise ConfigurationError(
                f"observe: call {call} is not one of this client's; say which agent's it is"
            )
        self._token = create_token("stream", sealed, scope="observe", call_id=self.call)
        self._what = f"Failed to observe {'call ' + call if call else f'agent {agent}'}"
        self._cursors: dict[str | None, int] = {self.call: after}
        self._random = random
        self._attempts = 0
        self._opened: float | None = None
        self.entries: deque[LogEntry] = deque()
        self.delay = 0.0
        self.over = False
        self.error: ApiError | None = None

    @property
    def after(self) -> int:
        """The cursor: the seq of the newest entry of this log, for a later ``after=``."""
        return self._cursors[self.call]

    def token(self) -> RestOp[Token]:
        return self._token

    def url(self, token: Token) -> str:
        base = token.server.rstrip("/")
        if base.startswith("http"):
            base = "ws" + base[len("http") :]
        which = (
            f"call={quote(self.call, safe='')}"
            if self.call
            else f"agent={quote(self.agent or '', safe='')}"
        )
        return f"{base}/v1/attach?token={quote(token.token, safe='')}&{which}&after={self.after}"

    def opened(self, now: float) -> None:
        self._opened = now

    def receive(self, text: str) -> None:
        """Take a text; ignore an invalid entry, and one that was delivered already."""
        entry = _entry(text)
        if entry is None or self.over:
            return
        log = None if self.agent is not None and entry.call is None else entry.call
        if entry.type in _CONTROL:
            if entry.type == "log.gap":
                self._resume(log, entry.data.get("resume_from"))
        elif entry.seq <= self._cursors.get(log, 0):
            return
        else:
            self._set_cursor(log, entry.seq)
            self._attempts = 0
        self.entries.append(entry)
        if entry.type == "call.summary" and self.call is not None:
            self.over = True

    def _resume(self, log: str | None, seq: object) -> None:
        # The entry at resume_from itself has not been received.
        if isinstance(seq, int) and not isinstance(seq, bool):
            self._set_cursor(log, max(seq - 1, 0))

    def _set_cursor(self, log: str | None, seq: int) -> None:
        """Set a log's cursor; of the calls' logs in an agent's log, the most recent are kept."""
        cursors = self._cursors
        if log != self.call:
            if len(log or "") > MAX_ID:
                return
            cursors.pop(log, None)
        cursors[log] = seq
        if len(cursors) > LOG_CURSORS:
            oldest = iter(cursors)
            next(oldest)  # this log's own
            del cursors[next(oldest)]

    def lost(self, reason: str, now: float) -> None:
        """The socket closed; reconnect at once after ``slow_consumer`` (our own slowness)."""
        if self.over:
            return
        if self._opened is not None and now - self._opened >= STABLE_AFTER:
            self._attempts = 0
        self._again(0.0 if reason == "slow_consumer" else None)
        if self.over:
            why = scrub(reason) or "no reason given"
            self._fail(f"the connection was lost {ATTEMPTS} times in a row: {why}")

    def refused(self, failure: Failure) -> None:
        """React to a socket that could not be opened."""
        status = handshake_status(failure)
        if failure.retryable:
            self._again(None)
        else:
            self.over = True
        if self.over:
            self._fail(scrub(failure.message), failure.code, status)

    def failed(self, error: ApiError) -> None:
        """React to a refused token: final on the first connection, else retried if temporary."""
        if self._opened is not None and (error.status in _PASSING or error.status >= 500):
            self._again(None)
        else:
            self.over = True
        if self.over:
            self.error = error

    def _again(self, delay: float | None) -> None:
        self._attempts += 1
        self.over = self._attempts >= ATTEMPTS
        if delay is None or self._attempts > 1:
            delay = reconnect_delay(_POLICY, self._attempts, self._random())
        self.delay = delay

    def _fail(self, message: str, code: str | None = None, status: int = 0) -> None:
        self.error = ApiError(f"{self._what}: {message}", code or "NETWORK_ERROR", status=status)
        self.error.call_id, self.error.agent_id = self.call, self.agent

    def stop(self) -> None:
        """Stop; entries that have arrived are still delivered."""
        self.over = True


def _entry(text: str) -> LogEntry | None:
    try:
        raw = read(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(raw, dict):
        return None
    seq, ts, call = raw.get("seq"), raw.get("ts"), raw.get("call")
    kind, agent, data = raw.get("type"), raw.get("agent"), raw.get("data")
    if isinstance(seq, bool) or isinstance(ts, bool) or not isinstance(ts, (int, float)):
        return None
    if not isinstance(seq, (int, float)) or not isinstance(call, (str, type(None))):
        return None
    if not isinstance(kind, str) or not isinstance(agent, str):
        return None
    try:
        ts = float(ts)
    except OverflowError:
        return None
    return LogEntry(
        seq=int(seq),
        ts=ts,
        call=call,
        agent=agent,
        type=kind,
        ephemeral=raw.get("ephemeral") is True,
        data=data if isinstance(data, dict) else {},
    )
