"""Outbound calls: matching the calls that begin with the dials that asked for them.

``call.dial`` carries no id, so a dial is bound to the first ``call.dialing`` to its number, or to an
outbound ``call.started`` if no such frame came, in the order of asking; from then on only that
call id settles it. An abandoned dial stays in line: if its call appears after all, it is hung up.
"""

from __future__ import annotations

from typing import Any

from ...errors import ConfigurationError, DialError, PinecallError
from ..calls.call import CallBase
from ..config import checks, methods, phone, wire_form
from ..kernel.outcome import Outcome
from ..kernel.seconds import check_unit
from ..model.owner import Owner

__all__ = ["NOT_ANSWERED", "Dials"]

#: Seconds that an abandoned dial is remembered, to hang up its call when it appears.
REMEMBERED = 60.0

_FIELDS = {"greeting": checks.text, "metadata": checks.mapping, "media": checks.mapping}

NOT_ANSWERED = frozenset({"busy", "no-answer", "failed", "canceled"})
_SPELLINGS = {"no_answer": "no-answer", "cancelled": "canceled"}


def dial_reason(reason: str) -> str:
    return _SPELLINGS.get(reason, reason)


class _Dial:
    """One ``call.dial`` or ``call.bridge`` in flight."""

    def __init__(self, number: int, verb: str, to: str, from_: str, greeting: str | None) -> None:
        self.number = number
        self.verb = verb
        self.to = to
        self.from_ = from_
        self.greeting = greeting
        self.call_id: str | None = None
        #: The frame, while the dial waits for the agent's registration.
        self.unsent: dict[str, Any] | None = None
        self.outcome: Outcome[CallBase] = Outcome(f"{verb} to {to}")

    def is_for(self, call: CallBase) -> bool:
        if self.verb == "dial":
            return call.direction == "outbound" and _same(call.to, self.to)
        # A bridge has no dialing frame, and its call's from, to and direction are not documented.
        named = (call.from_, call.to, call.metadata.get("target"), call.metadata.get("agent"))
        if self.to in named:
            return True
        if call.from_ == "webrtc":
            return False  # a call from a visitor's browser
        return call.direction == "outbound" or call.transport not in ("phone", "chat", "whatsapp")


class Dials:
    """An agent's outbound calls that have not begun yet, in the order of asking."""

    def __init__(self, agent: Owner) -> None:
        self._agent = agent
        self._runtime = agent._runtime
        self._dials: list[_Dial] = []
        self._count = 0

    def dial(
        self,
        to: str,
        from_: str,
        *,
        greeting: str | None,
        metadata: dict[str, Any] | None,
        config: dict[str, Any] | None,
        detect_turn_end: bool,
        timeout: float,
    ) -> Outcome[CallBase]:
        frame = {"event": "call.dial", "agent_id": self._agent.id, "to": to, "from": from_}
        options = {
            "greeting": greeting,
            "metadata": metadata,
            "config": self._config(config),
            "detect_turn_end": detect_turn_end or None,
        }
        return self._ask("dial", frame, options, to, from_, greeting, timeout)

    def bridge(
        self,
        target: str,
        *,
        greeting: str | None,
        detect_turn_end: bool,
        config: dict[str, Any] | None,
        media: dict[str, Any] | None,
        metadata: dict[str, Any] | None,
        timeout: float,
    ) -> Outcome[CallBase]:
        if not isinstance(target, str) or not target:
            raise ConfigurationError(
                f"bridge: target is the id of an agent of your organisation, not {target!r}",
                agent_id=self._agent.id,
            )
        frame = {"event": "call.bridge", "agent_id": self._agent.id, "target": target}
        options = {
            "greeting": greeting,
            "config": self._config(config),
            "media": media,
            "metadata": metadata,
            "detect_turn_end": detect_turn_end,
        }
        return self._ask("bridge", frame, options, target, "", greeting, timeout)

    def _config(self, given: dict[str, Any] | None) -> dict[str, object] | None:
        if given is None:
            return None
        return wire_form.encode_session(methods.session_options(given, {}, agent_id=self._agent.id))

    def _ask(
        self,
        verb: str,
        frame: dict[str, Any],
        options: dict[str, Any],
        to: str,
        from_: str,
        greeting: str | None,
        timeout: float,
    ) -> Outcome[CallBase]:
        runtime, agent = self._runtime, self._agent
        place = checks.Place(f"agent {agent.id!r}: {verb} to {to}", agent.id)
        checks.number(place, "timeout", timeout)
        check_unit(f"{place.what}: timeout", timeout, agent_id=agent.id)
        for field, check in _FIELDS.items():
            if options.get(field) is not None:
                options[field] = check(place, field, options[field])
        runtime.require_up(f"{verb} to {to}", agent.id)
        if agent._removed:
            raise DialError(
                f"{verb} to {to}: agent {agent.id!r} was removed",
                "AGENT_NOT_REGISTERED",
                reason="failed",
                agent_id=agent.id,
            )
        if agent._registration.error is not None:
            raise agent._registration.error.with_traceback(None)
        frame = {**frame, **{k: v for k, v in options.items() if v is not None}}
        self._count += 1
        dial = _Dial(self._count, verb, to, from_, greeting)
        if agent.registered:
            runtime.transmit(frame)
        else:
            dial.unsent = frame  # until the agent is registered
        self._dials.append(dial)

        def given_up() -> None:
            self._fail(dial, "canceled", "it was given up")
            self._give_up(dial)

        def nobody_answered(_late: float) -> None:
            if dial.unsent is not None:
                self._fail(dial, "timeout", f"the agent was not registered within {timeout:g} s")
            else:
                self._fail(dial, "timeout", f"nobody answered within {timeout:g} s")
            self._give_up(dial)

        dial.outcome.on_abandon = given_up

        runtime.timers.set(self._timer(dial), timeout, nobody_answered)
        return dial.outcome

    # -- the agent's registration ---------------------------------------------------------------

    def registered(self) -> None:
        """Send the dials that waited for the registration."""
        for dial in [dial for dial in self._dials if dial.unsent is not None]:
            frame, dial.unsent = dial.unsent or {}, None
            self._runtime.transmit(frame)

    def not_registered(self, error: PinecallError) -> None:
        """Fail the dials that waited for the registration, with the error that refused it."""
        for dial in [dial for dial in self._dials if dial.unsent is not None]:
            self._remove(dial)
            dial.outcome.fail(error)

    # -- what the events say --------------------------------------------------------------------

    def dialing(self, call: CallBase) -> None:
        """Handle ``call.dialing``: the number rings."""
        by_number = [d for d in self._unbound() if d.verb == "dial" and _same(d.to, call.to)]
        exact = [d for d in by_number if not call.from_ or _same(d.from_, call.from_)]
        for dial in (exact or by_number)[:1]:
            dial.call_id = call.id
            if dial.outcome.done:
                self._hang_up(call.id)

    def started(self, call: CallBase) -> None:
        """Handle ``call.started``: if the call that was answered belongs to a dial, settle it."""
        unbound = (dial for dial in self._unbound() if dial.is_for(call))
        dial = self._by_id(call.id) or next(unbound, None)
        if dial is None:
            return
        dial.call_id = call.id
        self._remove(dial)
        if dial.outcome.done:
            self._hang_up(call.id)
            return
        call._greeting = dial.greeting
        dial.outcome.set(call)

    def call_ended(self, call: CallBase) -> None:
        dial = self._by_id(call.id)
        if dial is not None:
            self._remove(dial)
            self._fail(dial, dial_reason(call.reason), call_id=call.id)

    def ended_unseen(self, call_id: str, to: str | None, reason: str) -> None:
        """Handle ``call.ended`` for a call that was never announced."""
        for dial in self._unbound():
            if not to or _same(dial.to, to):
                self._remove(dial)
                self._fail(dial, dial_reason(reason), call_id=call_id or None)
                return

    def call_error(self, call_id: str | None, text: str, code: str | None) -> None:
        """Handle ``call.error`` for the dial with this call, or else the first dial without one."""
        dial = self._by_id(call_id) if call_id else None
        dial = dial or next(iter(self._unbound()), None)
        if dial is not None:
            self._remove(dial)
            self._fail(dial, "failed", text, code=code, call_id=call_id)

    def refused(self, message: str, code: str | None) -> bool:
        """Handle an ``error`` for the agent while a dial is in flight; True if it concerned one."""
        for dial in self._dials:
            if dial.call_id is None and dial.unsent is None and not dial.outcome.done:
                self._remove(dial)
                self._fail(dial, "failed", message, code=code)
                return True
        return False

    def fail_all(self, reason: str) -> None:
        """Fail all dials: the link is lost, or the agent was removed."""
        for dial in list(self._dials):
            self._remove(dial)
            self._fail(dial, reason)

    # -- bookkeeping ----------------------------------------------------------------------------

    def _unbound(self) -> list[_Dial]:
        """Return the dials without a call, abandoned ones last."""
        unbound = (d for d in self._dials if d.call_id is None and d.unsent is None)
        return sorted(unbound, key=lambda d: d.outcome.done)

    def _by_id(self, call_id: str) -> _Dial | None:
        return next((dial for dial in self._dials if dial.call_id == call_id), None)

    def _give_up(self, dial: _Dial) -> None:
        """Abandon a dial: hang up now if it is ringing, or as soon as its call appears."""
        if dial.unsent is not None:
            self._remove(dial)
            return
        if dial.call_id is not None:
            self._hang_up(dial.call_id)
        self._runtime.timers.set(self._timer(dial), REMEMBERED, lambda _late: self._remove(dial))

    def _hang_up(self, call_id: str) -> None:
        # All dials are forgotten when the link is lost, so while there is a dial there is a link.
        self._runtime.transmit({"event": "call.hangup", "call_id": call_id})
        self._runtime.wake()

    def _fail(
        self,
        dial: _Dial,
        reason: str,
        detail: str = "",
        *,
        code: str | None = None,
        call_id: str | None = None,
    ) -> None:
        dial.outcome.fail(
            DialError(
                f"agent {self._agent.id!r}: {dial.verb} to {dial.to}: {detail or reason}",
                code,
                reason=reason,
                agent_id=self._agent.id,
                call_id=call_id or dial.call_id,
            )
        )

    def _remove(self, dial: _Dial) -> None:
        self._dials.remove(dial)
        self._runtime.timers.clear(self._timer(dial))

    def _timer(self, dial: _Dial) -> tuple[str, str, int]:
        return ("dial", self._agent.id, dial.number)


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return phone.normalize(one) == phone.normalize(other)
    except ValueError:
        return False
