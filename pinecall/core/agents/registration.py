"""Claiming an agent's id: handling the server's answer and conflicts over the name.

The states are those of :mod:`pinecall.core.model.registration`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from ...errors import (
    AgentConflictError,
    PhoneInUseError,
    PinecallError,
    RegistrationError,
    ServerAtCapacityError,
)
from ...events import ErrorFrame
from ...logs import Log
from ..config import phone
from ..kernel.runtime import Runtime
from ..link.backoff import CONFLICT_BUDGET, ConflictEpisode
from ..model.registration import Claimant, Registration

__all__ = ["AgentClaimant", "AgentRegistration", "not_registered"]

log = Log("agents")

#: Seconds between tries for a name that is being released, and how many such tries there are.
SOON, HURRIED = 0.3, 5

#: Seconds allowed for the server to grant or refuse an agent's phone numbers; not every server
#: confirms a channel.
NUMBERS_WITHIN = 1.0


class AgentClaimant(Claimant, Protocol):
    """The agent whose id is claimed."""

    def _replay(self) -> Iterable[dict[str, Any]]:
        """Return the frames of the agent's state beyond its claim, in the wire's order."""
        ...

    def _numbers(self) -> list[str]:
        """Return the phone numbers that the agent asks for."""
        ...

    def _number_refused(self, number: str) -> bool:
        """Drop a number that was refused. Return False if the agent did not ask for it."""
        ...

    def _registration_ended(self, error: PinecallError | None) -> None:
        """Continue what waited for the registration, which succeeded or (``error``) was refused."""
        ...


class AgentRegistration(Registration):
    __slots__ = ("_agent", "_conflict_error", "_episode", "_hurry", "_number_error", "_numbers")

    def __init__(self, runtime: Runtime, agent: AgentClaimant) -> None:
        super().__init__(runtime, agent)
        self._agent = agent
        self._episode: ConflictEpisode | None = None
        self._hurry = 0
        #: The last refusal in the current conflict.
        self._conflict_error: AgentConflictError | None = None
        #: Phone numbers that the server has neither granted nor refused yet.
        self._numbers: frozenset[str] = frozenset()
        #: The error that refused the last of its numbers, in this registration.
        self._number_error: PhoneInUseError | None = None

    def hurry(self) -> None:
        """Speed up the next tries: the holder is releasing the name."""
        self._hurry = HURRIED

    @property
    def _timer(self) -> tuple[str, str]:
        return ("conflict", self.owner.id)

    def acked(self) -> bool:
        """Handle the ack: send what depends on it, in the wire's order."""
        numbers = self._agent._numbers()
        if not self.held and numbers:
            self.ask_numbers(numbers)
        if not super().acked():
            return False
        self._end_conflict()
        for frame in self._agent._replay():
            self.runtime.transmit(frame, state=True)
        self._release()
        self._agent._registration_ended(None)
        return True

    def link_lost(self) -> None:
        super().link_lost()
        self._end_conflict()
        self._numbers = frozenset()
        self._number_error = None

    def over(self, error: PinecallError) -> None:
        super().over(error)
        self._end_conflict()
        self._agent._registration_ended(error)

    def forget(self) -> None:
        super().forget()
        self._end_conflict()

    def _end_conflict(self) -> None:
        self.runtime.timers.clear(self._timer)
        self._episode = self._conflict_error = None
        self._hurry = 0

    # -- its phone numbers ----------------------------------------------------------------------

    def ask_numbers(self, numbers: Iterable[str]) -> None:
        """Note the numbers asked for; ``wait_ready()`` waits a moment longer for the answer."""
        self._number_error = None
        self._numbers = self._numbers.union(numbers)
        self.runtime.timers.set(("numbers", self.owner.id), NUMBERS_WITHIN, self._numbers_late)

    def number_answered(self, number: str | None) -> None:
        """Note that the server granted or refused ``number``; None if it did not say which."""
        self._numbers -= {_normalized(number)} if number else self._numbers
        self._look()

    def _numbers_late(self, _late: float) -> None:
        self.number_answered(None)

    def _look(self) -> None:
        if self.held and self._numbers:
            return
        if self.held and self._number_error is not None:
            self._settle(self._number_error)
        else:
            super()._look()

    # -- refusals, by code ----------------------------------------------------------------------

    def refused(self, event: ErrorFrame, code: str, text: str) -> None:
        agent_id = self.owner.id
        if code == "PHONE_IN_USE":
            self._phone_in_use(event, text)
        elif code in ("AGENT_CONFLICT", "AGENT_IN_USE"):
            self._conflict(event, code, text)
        elif code == "AGENT_CONFLICT_FATAL":
            self.refuse(
                AgentConflictError(
                    f"agent {agent_id!r} is held by another live connection: {text}; stop that "
                    "process, or use another agent id",
                    code,
                    agent_id=agent_id,
                )
            )
        elif code == "SERVER_AT_CAPACITY":
            self.refuse(
                ServerAtCapacityError(
                    f"agent {agent_id!r}: {text}; free a slot, then ask for the agent again",
                    code,
                    used=event.used,
                    limit=event.limit,
                    agent_id=agent_id,
                )
            )
        else:
            message = f"agent {agent_id!r} was refused: {text} ({code})"
            self.refuse(RegistrationError(message, code, agent_id=agent_id))

    def _phone_in_use(self, event: ErrorFrame, text: str) -> None:
        agent = self._agent
        number = _normalized(event.phone) if event.phone else None
        refused = number is not None and agent._number_refused(number)
        left = len(agent._numbers())
        owner = f" (held by {event.owner!r})" if event.owner else ""
        error = PhoneInUseError(
            f"agent {agent.id!r} did not get {number or 'its number'}: {text}{owner}; the agent "
            "stays, without that channel",
            phone=number,
            owner=event.owner,
            agent_id=agent.id,
        )
        if (refused and not left) or (number is None and left <= 1):
            self._number_error = error
        self.number_answered(number)
        self.runtime.report(error, agent=agent)

    def _conflict(self, event: ErrorFrame, code: str, text: str) -> None:
        runtime, agent = self.runtime, self.owner
        now = runtime.now
        waiting = self._timer in runtime.timers
        episode = self._episode
        if episode is None:
            episode = self._episode = ConflictEpisode(now)
        if waiting:
            if event.holder_alive is False:
                episode.forgive(now)
            self._tell_conflict(event, code, text)
            return
        hurried = self._hurry > 0
        self._hurry -= hurried
        delay = episode.delay(
            now,
            retry_after=SOON if hurried else event.retry_after_s,
            holder_alive=event.holder_alive,
            random=runtime.random(),
        )
        if delay is None:
            self.refuse(
                AgentConflictError(
                    f"agent {agent.id!r} is still held by another connection after "
                    f"{now - episode.started_at:.0f} s of trying: {text}; stop the other process, "
                    "or use another agent id",
                    "AGENT_CONFLICT_FATAL",
                    reason="retry_budget_exhausted",
                    agent_id=agent.id,
                )
            )
            return
        runtime.timers.clear(self._claimed)
        self.status = "waiting"
        runtime.timers.set(self._timer, delay, self._retry)
        if hurried:
            return
        if not episode.announced:
            episode.announced = True
            log.warning(
                "agent %r is held by another connection; trying again in %.1f s and for "
                "at most 90 s",
                agent.id,
                delay,
            )
        self._tell_conflict(event, code, text)

    def _tell_conflict(self, event: ErrorFrame, code: str, text: str) -> None:
        agent = self.owner
        error = self._conflict_error = AgentConflictError(
            f"agent {agent.id!r} is held by another connection{_holder(event)}: {text}; trying again",
            code,
            reason="retrying",
            agent_id=agent.id,
        )
        self.runtime.emit("error", (error,), event=error, agent=agent)

    @property
    def conflict(self) -> AgentConflictError | None:
        """The current conflict: who holds the name and what is tried; None if there is none."""
        last, episode = self._conflict_error, self._episode
        if last is None or episode is None:
            return None
        return AgentConflictError(
            f"{last.message}: {episode.attempt} more tries so far or planned, for at most "
            f"{CONFLICT_BUDGET:g} s in all; stop the other process, or use another agent id",
            last.code,
            reason="retrying",
            agent_id=last.agent_id,
        )

    def _retry(self, _late: float) -> None:
        self.status = "asked"
        self.claim()


def _normalized(number: str) -> str:
    try:
        return phone.normalize(number)
    except ValueError:
        return number


def _holder(event: ErrorFrame) -> str:
    """Return what the server says about the holder of the name."""
    known = [f"of {event.owner!r}"] if event.owner else []
    if event.holder_alive is not None:
        known.append("which answers" if event.holder_alive else "which no longer answers")
    return f" ({', '.join(known)})" if known else ""


def not_registered(registration: Registration, timeout: float) -> RegistrationError:
    """Return the error for ``timeout`` seconds without registration or final refusal."""
    owner = registration.owner.id
    if isinstance(registration, AgentRegistration) and registration.conflict is not None:
        return registration.conflict
    return RegistrationError(
        f"{owner!r} was not registered within {timeout:g} s (link: {registration.runtime.state}, "
        f"registration: {registration.status}); is the client connected?",
        "AGENT_NOT_REGISTERED",
        agent_id=owner,
    )
