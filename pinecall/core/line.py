"""A phone number answered by code: no model, the program plays, listens and routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..errors import CallEnded, ConfigurationError, PinecallError
from ..options import LineOptions
from . import checks, config, nested
from .call import CallBase
from .callables import check_function, check_result, is_coroutine
from .jobs import Job
from .listen import Heard, Listener
from .listening import HasHandlers
from .names import verb_name
from .outcome import Outcome
from .registration import LineRegistration
from .showing import shows
from .speech import Speech
from .usercode import text_of
from .verbs import prompt_vars as prompt_values

if TYPE_CHECKING:
    from ..events import Turn
    from .session import Session

__all__ = ["LineBase", "LineCallBase", "RouteResult"]

#: Seconds that the server may take to hand a call over.
ROUTE_TIMEOUT = 15.0

_ROUTE_FIELDS: dict[str, Callable[[checks.Place, str, object], object]] = {
    "language": checks.text,
    "voice": nested.voice,
    "stt": nested.stt,
    "greeting": checks.text,
    "context": checks.mapping,
}

Extension = str | Callable[..., Any]


@frozen
class RouteResult:
    """Whether a call was handed over. ``reason`` if not: ``offline``, ``unknown``,
    ``no_phone_config``, ``capacity``, ``swap_failed``, ``timeout``, or why the call ended."""

    ok: bool
    reason: str | None = None


class LineBase(HasHandlers):
    """A number claimed as a line (wire: ``line.create``); its address is ``line:<number>``."""

    def __init__(self, session: Session, number: str) -> None:
        self.session = session
        self.number = number
        self.id = f"line:{number}"
        self.config = LineOptions()
        self.live_calls: dict[str, CallBase] = {}
        self.registration = LineRegistration(session, self)
        self._extensions: dict[str, Extension] = {}

    #: How messages say that it is no more.
    gone = "destroyed (destroy()); pc.line() claims it again"

    @property
    def registered(self) -> bool:
        """Does the server have it now?"""
        return self.registration.held

    @property
    def events_over(self) -> bool:
        return self.registration.status == "removed"

    def require(self, verb: str) -> None:
        """Raises RegistrationError on a line that was destroyed."""
        self.registration.require(verb)

    def check_listening(self, verb: str) -> None:
        self.require(verb)

    @shows
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}: {self.registration.status}>"

    @property
    def title(self) -> str:
        return f"line {self.number}"

    def call_ended(self, call: CallBase) -> None:
        """Nothing waits on a line for a call to begin."""

    # -- extensions -----------------------------------------------------------------------------

    def extensions(self, table: Mapping[str, Extension]) -> None:
        """Who answers which extension: an agent's id, or a function that gets the call.

        ``{"10": "sales", "11": answer, "*": …}``; ``"*"`` takes every other
        extension, and callers who press none. A match
        takes the call; what is not in the table reaches the ``call`` handlers.
        """
        self.require("extensions")
        if not isinstance(table, Mapping):
            raise ConfigurationError(
                f"line {self.number}: extensions are a dict like {{'10': 'sales'}}, "
                f"not {type(table).__name__}"
            )
        checked: dict[str, Extension] = {}
        for key, value in table.items():
            if not isinstance(key, str) or not (key == "*" or key.isdigit()):
                raise ConfigurationError(
                    f"line {self.number}: an extension is digits or '*', not {key!r}"
                )
            if not callable(value) and not (isinstance(value, str) and value):
                raise ConfigurationError(
                    f"line {self.number}: extension {key!r} goes to an agent's id or a function, "
                    f"not {type(value).__name__}"
                )
            if callable(value):
                where = f"line {self.number}: extension {key!r}"
                check_function(where, value, ["call"], coroutines=self.session.front.coroutines)
            checked[key] = value
        self._extensions = checked

    def extension_for(self, call: LineCallBase) -> Extension | None:
        if not call.extension:
            return self._extensions.get("*")  # who presses nothing
        return self._extensions.get(call.extension, self._extensions.get("*"))

    def answer(self, call: LineCallBase, event: Any) -> None:
        """A call has come in: the extension's, or the ``call`` handlers'."""
        target = self.extension_for(call)
        if target is None:
            self.session.emit("call", (call,), event=event, agent=self, call=call)
        elif isinstance(target, str):
            self._route(call, target)
        else:
            function = target
            self.session.run(
                Job(
                    f"extension {call.extension}",
                    lambda: function(call),
                    lambda result: check_result(result, coroutines=self.session.front.coroutines),
                    lambda error: self._extension_failed(call, error),
                    agent=self,
                    call=call,
                    coroutine=is_coroutine(function),
                )
            )

    def _route(self, call: LineCallBase, agent: str) -> None:
        outcome = call.place_route(agent)

        def routed() -> None:
            result = outcome.result()
            if not result.ok and not call.over:
                message = f"it could not be handed to {agent!r} ({result.reason})"
                self._extension_failed(call, PinecallError(message))

        outcome.waiters.append(routed)

    def _extension_failed(self, call: LineCallBase, error: BaseException) -> None:
        message = (
            f"line {self.number}: extension {call.extension} of call {call.id}: {text_of(error)}"
        )
        failure = PinecallError(message, "LINE_EXTENSION_ERROR", agent_id=self.id, call_id=call.id)
        failure.__cause__ = error
        self.session.report_failure(failure, f"extension {call.extension}", self, call)

    # -- verbs ----------------------------------------------------------------------------------

    def destroy(self) -> None:
        """Give the number back; it is not claimed again (wire: ``line.destroy``).

        Calls that it answered go on. Every other verb of the line raises RegistrationError from now
        on; repeating this does nothing.
        """
        session = self.session
        with session.guard:
            if self.events_over:
                return
            if self.registered:
                session.transmit({"event": "line.destroy", "number": self.number})
                session.registry.leaving[self.number] = self
            session.registry.remove_line(self)
            self.registration.forget()
            session.drop_held(self)
        session.wake()


class LineCallBase(CallBase):
    """A call that a line answered. ``routed`` is true once it was handed to an agent."""

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.routed = False
        self._listeners: list[Listener] = []
        self._listened = 0
        self._route: Outcome[RouteResult] | None = None

    # -- what happens to it ---------------------------------------------------------------------

    def key_pressed(self, digit: str) -> None:
        for listener in list(self._listeners):
            listener.key(digit)

    def turn_ended(self, turn: Turn) -> None:
        for listener in list(self._listeners):
            listener.spoken(turn)

    def route_settled(self, result: RouteResult) -> None:
        route, self._route = self._route, None
        self.session.timers.clear(("route", self.id))
        self.routed = self.routed or result.ok
        if route is not None:
            route.set(result)

    def finish(self, reason: str) -> None:
        super().finish(reason)
        for listener in list(self._listeners):
            listener.give_up()
        self.route_settled(RouteResult(reason == "routed", None if reason == "routed" else reason))

    # -- verbs ----------------------------------------------------------------------------------

    def require(self, verb: str) -> None:
        if self.routed and not self.over:
            # Its id is the agent's call now: nothing of the line's may reach that.
            raise CallEnded(
                f"{verb_name(verb)}: call {self.id} was handed over by line {self.agent.id!r}",
                agent_id=self.agent.id,
                call_id=self.id,
            )
        super().require(verb)

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call; does nothing when it is over or handed over. Wire: ``call.hangup``."""
        if not self.routed:
            super().hangup(reason=reason)

    def speak_as(self, text: str, voice: Any, language: str | None, add_to_history: bool) -> Speech:
        self._override(voice=voice, language=language)
        return self.speak(text, "", None, add_to_history)

    def _override(self, **options: Any) -> None:
        given = {name: value for name, value in options.items() if value is not None}
        if given:
            self.configure(**given)

    def context(self, **values: Any) -> None:
        """Keyed values that survive the hand-over to an agent; None clears (``set_context``)."""
        for key, value in values.items():
            self._live({"event": "set_context", "call_id": self.id, "key": key, "value": value})

    def place_listen(
        self,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> Outcome[Heard]:
        listener = self._listener(digits, terminator, speech, timeout, language)
        with self.session.guard:
            listener.start_clock()
        self.session.wake()
        return listener.outcome

    def place_ask(self, text: str, **listen: Any) -> Outcome[Heard]:
        """Keys count from the first syllable; the clock starts when the prompt was heard."""
        listener = self._listener(
            listen.pop("digits", None),
            listen.pop("terminator", None),
            listen.pop("speech", False),
            listen.pop("timeout"),
            listen.pop("language", None),
        )
        try:
            speech = self.speak(text, "", None)
        except PinecallError:
            listener.give_up()
            raise
        with self.session.guard:
            if speech.outcome.done:
                listener.start_clock()
            else:
                speech.outcome.waiters.append(listener.start_clock)
        self.session.wake()
        return listener.outcome

    def _listener(
        self,
        digits: int | None,
        terminator: str | None,
        speech: bool,
        timeout: float,
        language: str | None,
    ) -> Listener:
        with self.session.guard:
            self.require("listen")
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

    def place_route(
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
        config.check_agent_id(agent)
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
        with self.session.guard:
            if self._route is not None:
                raise ConfigurationError(
                    f"route_to({agent!r}): call {self.id} is being handed over already; wait for that",
                    "ROUTE_PENDING",
                    call_id=self.id,
                )
            self.send_live({**frame, "history": bool(history)})
            outcome = self._route = Outcome(f"route_to {agent}")
            self.session.timers.set(
                ("route", self.id),
                ROUTE_TIMEOUT,
                lambda _late: self.route_settled(RouteResult(False, "timeout")),
            )
        self.session.wake()
        return outcome
