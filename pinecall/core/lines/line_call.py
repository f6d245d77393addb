"""A call answered by a line: the program plays to it, listens to it and routes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ...errors import CallEnded, ConfigurationError, PinecallError
from ..calls.call import CallBase
from ..calls.speech import Speech
from ..calls.verbs import prompt_vars as prompt_values
from ..config import checks, methods, nested
from ..kernel.outcome import Outcome
from ..wire.names import verb_name
from .listener import Heard, Listener

if TYPE_CHECKING:
    from ...events import Turn

__all__ = ["LineCallBase", "RouteResult"]

#: Seconds that the server may take to hand a call over.
ROUTE_TIMEOUT = 15.0

_ROUTE_FIELDS: dict[str, Callable[[checks.Place, str, object], object]] = {
    "language": checks.text,
    "voice": nested.voice,
    "stt": nested.stt,
    "greeting": checks.text,
    "context": checks.mapping,
}


@frozen
class RouteResult:
    """Whether a call was handed over. ``reason``, if not: ``offline``, ``unknown``,
    ``no_phone_config``, ``capacity``, ``swap_failed``, ``timeout``, or why the call ended."""

    ok: bool
    reason: str | None = None


class LineCallBase(CallBase):
    """A call answered by a line. ``routed`` is true once it was handed to an agent."""

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.routed = False
        self._listeners: list[Listener] = []
        self._listened = 0
        self._route: Outcome[RouteResult] | None = None

    # -- what happens to it ---------------------------------------------------------------------

    def _key_pressed(self, digit: str) -> None:
        for listener in list(self._listeners):
            listener.key(digit)

    def _turn_ended(self, turn: Turn) -> None:
        for listener in list(self._listeners):
            listener.spoken(turn)

    def _route_settled(self, result: RouteResult) -> None:
        route, self._route = self._route, None
        self._runtime.timers.clear(("route", self.id))
        self.routed = self.routed or result.ok
        if route is not None:
            route.set(result)

    def _finish(self, reason: str) -> None:
        super()._finish(reason)
        for listener in list(self._listeners):
            listener.give_up()
        self._route_settled(RouteResult(reason == "routed", None if reason == "routed" else reason))

    # -- verbs ----------------------------------------------------------------------------------

    def _require(self, verb: str) -> None:
        if self.routed and not self._over:
            # The id now belongs to the agent's call: a frame of the line must not reach that.
            raise CallEnded(
                f"{verb_name(verb)}: call {self.id} was handed over by line {self.agent.id!r}",
                agent_id=self.agent.id,
                call_id=self.id,
            )
        super()._require(verb)

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call; does nothing if it is over or handed over. Wire: ``call.hangup``."""
        if not self.routed:
            super().hangup(reason=reason)

    def _speak_as(
        self, text: str, voice: Any, language: str | None, add_to_history: bool
    ) -> Speech:
        self._override(voice=voice, language=language)
        return self._speak(text, "", None, add_to_history)

    def _override(self, **options: Any) -> None:
        given = {name: value for name, value in options.items() if value is not None}
        if given:
            self.configure(**given)

    def context(self, **values: Any) -> None:
        """Set values that survive the hand-over to an agent; None clears (``set_context``)."""
        for key, value in values.items():
            self._send({"event": "set_context", "call_id": self.id, "key": key, "value": value})

    def _place_listen(
        self,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> Outcome[Heard]:
        listener = self._listener(digits, terminator, speech, timeout, language)
        with self._runtime.guard:
            listener.start_clock()
        self._runtime.wake()
        return listener.outcome

    def _place_ask(self, text: str, **listen: Any) -> Outcome[Heard]:
        """Ask: keys count from the first syllable, the timeout runs from the prompt's end."""
        listener = self._listener(
            listen.pop("digits", None),
            listen.pop("terminator", None),
            listen.pop("speech", False),
            listen.pop("timeout"),
            listen.pop("language", None),
        )
        try:
            speech = self._speak(text, "", None)
        except PinecallError:
            listener.give_up()
            raise
        with self._runtime.guard:
            if speech.outcome.done:
                listener.start_clock()
            else:
                speech.outcome.waiters.append(listener.start_clock)
        self._runtime.wake()
        return listener.outcome

    def _listener(
        self,
        digits: int | None,
        terminator: str | None,
        speech: bool,
        timeout: float,
        language: str | None,
    ) -> Listener:
        with self._runtime.guard:
            self._require("listen")
            self._listened += 1
            listener = Listener(
                self,
                self._listened,
                digits=digits,
                terminator=terminator,
                speech=speech,
                timeout=timeout,
                on_done=self._heard,
            )
            self._override(language=language)
            self._listeners.append(listener)
        return listener

    def _heard(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _place_route(
        self,
        agent: str,
        *,
        language: str | None = None,
        voice: Any = None,
        stt: Any = None,
        greeting: str | None = None,
        prompt_vars: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        history: bool = True,
    ) -> Outcome[RouteResult]:
        methods.check_agent_id(agent)
        place = checks.Place(f"route_to({agent!r})", call_id=self.id)
        options: dict[str, Any] = {
            "language": language,
            "voice": voice,
            "stt": stt,
            "greeting": greeting,
            "prompt_vars": prompt_values(prompt_vars) if prompt_vars is not None else None,
            "context": context,
        }
        for field, check in _ROUTE_FIELDS.items():
            if options[field] is not None:
                options[field] = check(place, field, options[field])
        frame = {"event": "call.route", "call_id": self.id, "agent": agent}
        frame.update({key: value for key, value in options.items() if value is not None})
        with self._runtime.guard:
            if self._route is not None:
                raise ConfigurationError(
                    f"route_to({agent!r}): call {self.id} is being handed over already; wait for that",
                    "ROUTE_PENDING",
                    call_id=self.id,
                )
            self._send_live({**frame, "history": bool(history)})
            outcome = self._route = Outcome(f"route_to {agent}")
            self._runtime.timers.set(
                ("route", self.id),
                ROUTE_TIMEOUT,
                lambda _late: self._route_settled(RouteResult(False, "timeout")),
            )
        self._runtime.wake()
        return outcome
