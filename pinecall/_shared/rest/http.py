"""The base of both HTTP ports: httpx's clients, and requests for them."""

from __future__ import annotations

import random as random_module
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ...core.rest.op import Exchange, RestOp, unreached
from ..settings import Settings
from .endpoints import Endpoints, Prepared, Progress, trouble

if TYPE_CHECKING:
    import httpx

__all__ = ["HttpPortBase", "Make"]

T = TypeVar("T")
#: Builds an op; its arguments are checked then.
Make: TypeAlias = Callable[[], RestOp[T]]

ClientT = TypeVar("ClientT")
StreamT = TypeVar("StreamT")


class HttpPortBase(Generic[ClientT, StreamT]):
    """Runs the core's ops. It opens nothing before the first, and may be used again after it was
    closed. ``transport`` is httpx's, for tests."""

    #: httpx's class of clients.
    _make_client: Callable[..., ClientT]
    #: Makes the content of an upload that reports to ``progress``.
    _upload: Any
    #: The errors of a request.
    _failures: tuple[type[Exception], ...]

    def __init__(
        self,
        settings: Settings,
        *,
        playground_url: str | None = None,
        transport: Any = None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.settings = settings
        self.endpoints = Endpoints(settings, playground_url)
        self.random = random
        self._transport = transport
        self._lock = threading.Lock()
        #: One for each proxy; None: for direct connections.
        self._clients: dict[str | None, ClientT] = {}
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()

    def adopt(self, stream: StreamT) -> None:
        """Close the stream with the port, unless it is closed before."""
        with self._lock:
            self._streams.add(stream)

    def _take(self) -> tuple[list[StreamT], list[ClientT]]:
        """All streams and clients, for closing; the clients are forgotten."""
        with self._lock:
            clients, self._clients = self._clients, {}
            return list(self._streams), list(clients.values())

    def _http(self, request: Prepared) -> ClientT:
        """The client for the proxy of the request."""
        with self._lock:
            self._check_owner()
            client = self._clients.get(request.proxy)
            if client is None:
                client = self.endpoints.client(self._make_client, self._transport, request.proxy)
                self._clients[request.proxy] = client
            return client

    def _check_owner(self) -> None:
        """Forget the clients of another event loop or process."""
        raise NotImplementedError

    def _build(self, request: Prepared, timeout: float, progress: Progress | None) -> httpx.Request:
        upload = None if progress is None else lambda body: self._upload(body, progress)
        return request.build(self._http(request), timeout, upload)

    @contextmanager
    def _trying(
        self, exchange: Exchange[Any], base: str, now: Callable[[], float]
    ) -> Iterator[None]:
        """For one attempt of an exchange: passes its error on to the exchange."""
        try:
            yield
        except self._failures as exc:
            exchange.failed(trouble(exc), base, now())

    @contextmanager
    def _opening(self, op: RestOp[Any], base: str) -> Iterator[None]:
        """For a request with one attempt: raises its error as an ApiError."""
        try:
            yield
        except self._failures as exc:
            raise unreached(op, trouble(exc), base) from exc
