"""A REST request as a value: its contents, how to read the answer, the error for a refusal.

A front's port sends it: it makes an :class:`Exchange` and follows it. All rules for retrying, for
reading errors and for keeping secrets out of them are here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec
from attrs import field, frozen

from ...errors import ApiError, ConfigurationError
from ..link.link import Failure
from ..text import secrets
from ..text.jsontext import read, write
from ..wire.limits import ERROR_BODY, REST_BODY

__all__ = [
    "Body",
    "Exchange",
    "Reply",
    "RestOp",
    "authorization",
    "json_body",
    "path",
    "scrub",
    "unreached",
]

T = TypeVar("T")

#: Seconds for a request as a whole, retries included.
TIMEOUT = 10.0
#: How often a GET is retried.
RETRIES = 2

_RETRY_STATUS = {502, 503, 504}
_WORDS = 300
_HINTS = {
    401: "check the API key",
    403: "the API key may not do this",
    429: "too many requests: wait before the next one",
}


@frozen(kw_only=True)
class Reply:
    """An answer: the header names are in lower case, ``base`` is the URL of the request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    base: str
    key: str = field(default="", repr=False)
    #: The body was too large, and is not here.
    too_large: bool = False

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError for invalid JSON, also if nested too deeply."""
        try:
            return read(self.body)
        except (msgspec.DecodeError, RecursionError) as exc:
            # DecodeError is not a ValueError in the oldest supported msgspec.
            raise ValueError(str(exc)) from None

    def object(self) -> dict[str, Any]:
        """Return the body, a JSON object; else raise ValueError."""
        value = self.json()
        if not isinstance(value, dict):
            raise ValueError("the answer is not a JSON object")
        return value


class Body:
    """The part of an answer that is read: a success up to a limit, and the beginning of a refusal.
    Add data while it is ``wanted``.
    """

    def __init__(self, status: int, length: str | None) -> None:
        """Begin a body; ``length`` is the Content-Length header."""
        self.ok = 200 <= status < 300
        self.data = bytearray()
        self._most = REST_BODY if self.ok else ERROR_BODY
        #: A body that is announced as too large is not read.
        self.too_large = length is not None and length.isdecimal() and self._is_more(length)

    def _is_more(self, length: str) -> bool:
        return len(length) > 18 or int(length) > self._most

    @property
    def wanted(self) -> bool:
        return not self.too_large

    def add(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self._most:
            self.too_large = True
            del self.data[self._most :]


@frozen(kw_only=True)
class RestOp(Generic[T]):
    """One request. ``path`` and ``query`` are encoded; ``what`` begins every error, like ``Failed
    to list the voices``.
    """

    what: str
    path: str
    read: Callable[[Reply], T]
    method: str = "GET"
    #: ``api`` or ``playground``: which base ``path`` is added to.
    plane: str = "api"
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = TIMEOUT
    #: Public endpoints do not get the key.
    needs_key: bool = True
    error: type[ApiError] = ApiError
    #: Codes for statuses without one.
    codes: Mapping[int, str] = field(factory=dict, repr=False)
    agent_id: str | None = None
    #: Returns the value in place of an error, or raises the error.
    recover: Callable[[ApiError], T] | None = field(default=None, repr=False)

    @property
    def retryable(self) -> bool:
        return self.method == "GET"

    def url(self, base: str) -> str:
        pairs = (f"{name}={quote(value, safe='')}" for name, value in self.query)
        query = "&".join(pairs)
        return f"{base.rstrip('/')}{self.path}{'?' if query else ''}{query}"

    def parse(self, reply: Reply) -> T:
        """Return the value of an answer. Raises ``error`` with the server's words, or
        ``BAD_RESPONSE`` for an unexpected answer.
        """
        if not 200 <= reply.status < 300:
            raise self.refusal(reply)
        if reply.too_large:
            raise self.fail(
                f"the server's answer is larger than {REST_BODY} bytes",
                "BAD_RESPONSE",
                reply.status,
            )
        try:
            return self.read(reply)
        except ApiError as exc:
            raise self.named(exc) from None
        except (ValueError, TypeError, LookupError, AttributeError) as exc:
            words = scrub(str(exc), reply.key)[:_WORDS]
            raise self.fail(
                f"the server's answer could not be read: {words}", "BAD_RESPONSE", reply.status
            ) from None

    def refusal(self, reply: Reply) -> ApiError:
        """Return the error for an answer other than 2xx, in any of the platform's four dialects."""
        words, code = _dialect(reply)
        # Shortened last: a secret cut in two would not be found.
        words = scrub(words, reply.key)[:_WORDS]
        if 300 <= reply.status < 400:
            words = "the host redirects, which is not followed since the request carries the key"
        status = f"HTTP {reply.status}"
        hint = _HINTS.get(reply.status)
        text = f"{words} ({status})" if words else status
        fallback = self.codes.get(reply.status, f"HTTP_{reply.status}")
        return self.fail(f"{text}; {hint}" if hint else text, code or fallback, reply.status)

    def fail(self, message: str, code: str, status: int = 0) -> ApiError:
        return self.named(self.error(f"{self.what}: {message}", code, status=status))

    def named(self, error: ApiError) -> ApiError:
        error.agent_id = error.agent_id or self.agent_id
        return error


class Exchange(Generic[T]):
    """One op in progress. While it is ``pending``: wait ``delay`` seconds, send with ``left()`` as
    the timeout, report the answer; then ``result()``.
    """

    def __init__(self, op: RestOp[T], now: float, random: Callable[[], float]) -> None:
        self.op = op
        self.delay = 0.0
        self.pending = True
        self._random = random
        self._deadline = now + op.timeout
        self._sent = 0
        self._reply: Reply | None = None
        self._failure: tuple[Failure, str] | None = None

    def left(self, now: float) -> float:
        """Return the seconds for the next try, more than 0."""
        return max(self._deadline - now, 0.001)

    def answered(self, reply: Reply, now: float) -> None:
        self._reply, self._failure = reply, None
        after = reply.headers.get("retry-after", "")
        wait = float(after) if re.fullmatch(r"\d{1,6}", after) else 0.0
        self._again(reply.status in _RETRY_STATUS, wait, now)

    def failed(self, failure: Failure, base: str, now: float) -> None:
        self._reply, self._failure = None, (failure, base)
        self._again(failure.retryable, 0.0, now)

    def _again(self, may_pass: bool, wait: float, now: float) -> None:
        self._sent += 1
        self.delay = max(wait, 0.25 * 2**self._sent * (0.5 + 0.5 * self._random()))
        self.pending = (
            may_pass
            and self.op.retryable
            and self._sent <= RETRIES
            and now + self.delay < self._deadline
        )

    def result(self) -> T:
        """Return the op's value. Raises the op's error, unless the op has a value for it."""
        try:
            if self._reply is not None:
                return self.op.parse(self._reply)
            assert self._failure is not None
            raise unreached(self.op, *self._failure) from self._failure[0].cause
        except ApiError as exc:
            if self.op.recover is None:
                raise
            return self.op.recover(exc)


def unreached(op: RestOp[Any], failure: Failure, base: str) -> ApiError:
    """Return the error for a request without an answer: status 0."""
    if failure.code == "REQUEST_TIMEOUT":
        return op.fail(f"no answer from {base} within {op.timeout:g} s", "REQUEST_TIMEOUT")
    return op.fail(
        f"network error: {base} could not be reached: {scrub(failure.message)}", "NETWORK_ERROR"
    )


def handshake_status(failure: Failure) -> int:
    """Return the HTTP status that a WebSocket handshake was refused with, else 0."""
    kind, _, status = (failure.code or "").partition("_")
    return int(status) if kind == "HTTP" and status.isdigit() else 0


def _dialect(reply: Reply) -> tuple[str, str | None]:
    try:
        body = reply.json()
    except ValueError:
        text = " ".join(reply.text.split())
        return ("" if text.startswith("<") else text), None
    if not isinstance(body, dict):
        return "", None
    code = body.get("code")
    for key in ("error", "detail", "message"):
        words = body.get(key)
        if isinstance(words, dict):
            code = code or words.get("code")
            words = words.get("message")
        if isinstance(words, str) and words:
            break
        if words:
            words = write(words).decode()
            break
    else:
        words = ""
    return words, code if isinstance(code, str) and code else None


def scrub(text: str, key: str = "") -> str:
    """Return the text without keys and tokens, including those unknown to this program."""
    secrets.keep(key)
    return secrets.scrub(text)


def authorization(key: str) -> dict[str, str]:
    """Return the headers with the key. Raises ConfigurationError for a key that no header can hold:
    the libraries' own errors would quote it.
    """
    if not re.fullmatch(r"[!-~]+", key):
        raise ConfigurationError(
            "the API key holds a space or a character that is not ASCII; copy it again",
            "INVALID_KEY",
        )
    return {"Authorization": f"Bearer {key}"}


def json_text(what: str, value: Any) -> bytes:
    """Return compact JSON. Raises ConfigurationError for a value that JSON cannot hold."""
    try:
        return write(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise ConfigurationError(f"{what}: cannot be written as JSON: {exc}") from None


def json_body(what: str, value: Mapping[str, Any]) -> bytes:
    """Return a JSON object of the given values (not None)."""
    return json_text(what, {k: v for k, v in value.items() if v is not None})


def path(prefix: str, **segments: str) -> str:
    """Return ``prefix`` and the encoded segments. Raises ConfigurationError for an invalid name."""
    parts = [prefix]
    for name, value in segments.items():
        if not isinstance(value, str) or value.strip() in ("", ".", ".."):
            raise ConfigurationError(f"{name} is a non-empty str, not {value!r}")
        parts.append(quote(value, safe=""))
    return "/".join(parts)
