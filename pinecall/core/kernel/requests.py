"""Requests that the server answers (``history.*``), matched by ``request_id``.

A server that does not echo the id answers in order, so an answer without one goes to the oldest
request that waits for that event on that call. A late answer, to a request that timed out or was
abandoned, is discarded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ...errors import NotConnected, RequestRejected, RequestTimeout
from ...events import HistoryData, HistoryUpdated
from ..wire.names import verb_name
from .handlers import Handlers, Source
from .outcome import Outcome

if TYPE_CHECKING:
    from .proofs import Proofs
    from .sending import Sending

__all__ = ["REQUEST_TIMEOUT", "Requests"]

T = TypeVar("T")

#: Seconds.
REQUEST_TIMEOUT = 10.0


class Asker(Protocol):
    """The call that a request is about."""

    @property
    def id(self) -> str: ...
    @property
    def _own_handlers(self) -> Handlers | None: ...
    @property
    def agent(self) -> Source: ...
    @property
    def _live(self) -> bool: ...
    @property
    def _over(self) -> bool: ...
    def _send_live(self, frame: dict[str, Any]) -> None: ...
    def _send_durable(self, frame: dict[str, Any], *, request_id: str | None = None) -> None: ...


class _Request(Generic[T]):
    __slots__ = ("call", "durable", "id", "mark", "outcome", "parse", "reply", "verb")

    def __init__(
        self,
        id: str,
        call: Asker,
        verb: str,
        reply: str,
        parse: Callable[[Any], T],
        durable: bool,
    ) -> None:
        self.id = id
        self.durable = durable
        #: How many durable frames its connection had been given when it was sent.
        self.mark = 0
        self.call = call
        self.verb = verb_name(verb)
        self.reply = reply
        self.parse = parse
        self.outcome: Outcome[T] = Outcome(self.verb)


class Requests:
    def __init__(self, sending: Sending, proofs: Proofs) -> None:
        self._sending = sending
        self._proofs = proofs
        self._waiting: dict[str, _Request[Any]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(
        self,
        call: Asker,
        verb: str,
        reply: str,
        parse: Callable[[Any], T],
        *,
        durable: bool,
        timeout: float = REQUEST_TIMEOUT,
        **fields: Any,
    ) -> Outcome[T]:
        """Send ``verb`` for ``call``; the outcome is ``parse(reply event)``."""
        self._count += 1
        request_id = f"rq_{self._count}_{self._sending.letters(6)}"
        request = _Request(request_id, call, verb, reply, parse, durable)
        frame = {"event": verb, "call_id": call.id, "request_id": request.id, **fields}
        if durable:
            call._send_durable(frame, request_id=request.id)
        else:
            call._send_live(frame)
        outbox = self._sending.outbox
        if outbox.held_request(call.agent.id, request.id) is None:
            request.mark = outbox.number
        self._waiting[request.id] = request
        request.outcome.on_abandon = lambda: self._abandon(request)
        self._deadline(request, timeout)
        return request.outcome

    def _deadline(self, request: _Request[Any], timeout: float) -> None:
        def expired(_late: float) -> None:
            if not request.outcome.waiters and not request.call._live and not request.call._over:
                # No caller waits for the answer, but the change itself is still to be made.
                self._deadline(request, timeout)
                return
            self._forget(request)
            call = request.call
            request.outcome.fail(
                RequestTimeout(
                    f"{request.verb} on call {call.id} of agent {call.agent.id!r}: no "
                    f"{request.reply} within {timeout:g} s (link: {self._sending.state})",
                    agent_id=call.agent.id,
                    call_id=call.id,
                )
            )

        self._sending.timers.set(("request", request.id), timeout, expired)

    def answered(self, event: HistoryData | HistoryUpdated) -> None:
        request = self._match(event)
        if request is None:
            return
        if event.request_id:
            self._sending.outbox.prove(request.mark)
        self._forget(request)
        if event.error:
            call = request.call
            request.outcome.fail(
                RequestRejected(
                    f"{request.verb} on call {call.id} of agent {call.agent.id!r} was refused: "
                    f"{self._sending.clean(event.error)}",
                    agent_id=call.agent.id,
                    call_id=call.id,
                )
            )
        else:
            request.outcome.set(request.parse(event))

    def refused(self, request_id: str, text: str, code: str | None) -> bool:
        """Handle an ``error`` frame that names a request; True if that request was waiting."""
        request = self._waiting.get(request_id)
        if request is None:
            return False
        self._sending.outbox.prove(request.mark)
        self._forget(request)
        call = request.call
        request.outcome.fail(
            RequestRejected(
                f"{request.verb} on call {call.id} of agent {call.agent.id!r} was refused: {text}",
                code,
                agent_id=call.agent.id,
                call_id=call.id,
            )
        )
        return True

    def _match(self, event: HistoryData | HistoryUpdated) -> _Request[Any] | None:
        if event.request_id:
            request = self._waiting.get(event.request_id)
            return request if request is not None and request.reply == event.EVENT else None
        for request in self._waiting.values():
            if request.reply == event.EVENT and request.call.id == event.call_id:
                return request
        return None

    def fail_all(self, why: str, *, report: bool) -> None:
        """Fail what was sent: with the link lost, no answer will come.

        Requests still in the queue stay there. So does a change that was sent, if it may be
        repeated and no caller waits for it. Waiting callers get the error at once, and nothing is
        repeated. ``report``: also report the loss of a change that no caller waits for.
        """
        for request in list(self._waiting.values()):
            request.mark = 0
            call = request.call
            held = self._sending.outbox.held_request(call.agent.id, request.id)
            unheard = not request.outcome.waiters
            if held is not None and (unheard or not held.written):
                continue
            self._forget(request)
            error = NotConnected(
                f"{request.verb} on call {call.id}: the link was lost before the server answered "
                f"({why})",
                agent_id=call.agent.id,
                call_id=call.id,
            )
            request.outcome.fail(error)
            if report and request.durable and unheard:
                self._sending.report(error, agent=call.agent, call=call)

    def end_call(self, call: Asker, error: Exception) -> None:
        for request in [r for r in self._waiting.values() if r.call is call]:
            self._forget(request)
            request.outcome.fail(error)

    def _abandon(self, request: _Request[Any]) -> None:
        self._forget(request)
        # A caller that waits for it again must not wait forever.
        request.outcome.fail(
            RequestTimeout(
                f"{request.verb} on call {request.call.id}: it was given up before the answer came",
                agent_id=request.call.agent.id,
                call_id=request.call.id,
            )
        )

    def _forget(self, request: _Request[Any]) -> None:
        del self._waiting[request.id]
        self._sending.timers.clear(("request", request.id))
        self._sending.outbox.drop_request(request.call.agent.id, request.id)
        self._proofs.settle()
