"""Claiming a name on the server: an agent's id or a line's number.

======== ========================================= ============================================
status   on the server                             what changes it
======== ========================================= ============================================
idle     not there: the link is down               the link comes up → asked
asked    the claim is on its way                   ack → held; conflict → waiting; refusal → refused
waiting  another connection has it                 the retry timer → asked; budget spent → refused
held     ours                                      the link goes down → idle; displaced → refused
refused  it will not be ours                       the user asks again → asked; the next link → asked
removed  not wanted any more                       nothing
======== ========================================= ============================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import (
    AgentConflictError,
    NotConnected,
    PhoneInUseError,
    PinecallError,
    RegistrationError,
    ServerAtCapacityError,
)
from ..events import ErrorFrame, LineError
from ..logs import Log
from ..options import Channel
from . import encode, phone
from .backoff import CONFLICT_BUDGET, ConflictEpisode
from .outcome import Outcome

if TYPE_CHECKING:
    from .agent import AgentBase
    from .line import LineBase
    from .session import Session

__all__ = ["AgentRegistration", "LineRegistration", "Registration", "not_registered"]

log = Log("agents")

#: Seconds between tries for a name that is being let go, and how many of them there are.
SOON, HURRIED = 0.3, 5

#: Seconds that the server may take to give or refuse an agent's phone numbers; not every server
#: confirms a channel.
NUMBERS_WITHIN = 1.0


class Registration:
    """What agents and lines have in common."""

    __slots__ = ("_ready", "_usable", "error", "owner", "session", "status")

    def __init__(self, session: Session, owner: AgentBase | LineBase) -> None:
        self.session = session
        self.owner = owner
        self.status = "idle"
        self.error: PinecallError | None = None
        self._ready: Outcome[None] | None = None
        self._usable: Outcome[None] | None = None

    @property
    def held(self) -> bool:
        return self.status == "held"

    @property
    def ready(self) -> Outcome[None]:
        """Settles with the ack, or with what refused it."""
        if self._ready is None:
            self._ready = Outcome(f"registration of {self.owner.id!r}")
            if self.held:
                self._ready.set(None)
            elif self.error is not None:
                self._ready.fail(self.error)
        return self._ready

    def create(self) -> None:
        """Claim it, if the link is up."""
        if self.session.link.ready:
            self.status = "asked"
            self._renew()
            self.claim()

    def claim(self) -> None:
        raise NotImplementedError

    def acked(self) -> bool:
        """False for a repeated ack."""
        if self.held:
            return False
        self.status = "held"
        self.error = None
        if self._ready is not None and self._ready.error is not None:
            self._ready = None
        if self._ready is not None:
            self._ready.set(None)
        self._look()
        return True

    @property
    def usable(self) -> Outcome[None]:
        """What ``wait_ready()`` waits for: settles with the ack and with what belongs to it, or with
        what refused it."""
        outcome = self._usable
        if outcome is None:
            outcome = self._usable = Outcome(self.ready.what)
            self._look()
        return outcome

    def _look(self) -> None:
        """Settle ``usable``, if it is known."""
        if self.error is not None:
            self._settle(self.error)
        elif self.held:
            self._settle(None)

    def _settle(self, error: PinecallError | None) -> None:
        outcome, self._usable = self._usable, None
        if outcome is not None:
            if error is None:
                outcome.set(None)
            else:
                outcome.fail(error)

    def require(self, what: str) -> None:
        """Raises RegistrationError when the agent was removed, or the line destroyed."""
        if self.status == "removed":
            raise self._removed(what)

    def _removed(self, what: str) -> RegistrationError:
        message = f"{what}: {self.owner.title} was {self.owner.gone}"
        return RegistrationError(message, "AGENT_NOT_REGISTERED", agent_id=self.owner.id)

    @property
    def over_for_good(self) -> bool:
        """Was it refused, and is nothing to come that could change that? Slots get free."""
        return self.status == "refused" and not isinstance(self.error, ServerAtCapacityError)

    def _release(self) -> None:
        """What was held until the ack, in order."""
        self.session.send_held(self.owner.id)

    def refuse(self, error: PinecallError) -> None:
        """For good: ``ready`` fails, and the ``error`` handlers hear of it."""
        self.over(error)
        self.session.report(error, agent=self.owner)

    def over(self, error: PinecallError) -> None:
        self.status = "refused"
        self.error = error
        if self._ready is not None and not self._ready.done:
            self._ready.fail(error)
        else:
            self._ready = None
        self._look()
        self.session.look_whether_all_are_refused()

    def link_lost(self) -> None:
        if self.held:
            self._ready = None
        self.status = "idle"
        self._renew()

    def forget(self) -> None:
        """The owner was removed."""
        self.status = "removed"
        self.error = self._removed("wait_ready()")
        if self._ready is not None:
            self._ready.fail(self.error)  # changes nothing when it is done
        self._ready = None
        self._look()

    def link_closed(self) -> None:
        """The link does not come back by itself: whoever waits for the ack is told."""
        error = NotConnected(
            f"{self.owner.id!r} is not registered: the connection was closed; connect() again",
            agent_id=self.owner.id,
        )
        ready = self._ready
        if ready is not None and not ready.done:
            self._ready = None
            ready.fail(error)
        self._settle(error)

    def _renew(self) -> None:
        """What was refused is open again."""
        self.error = None
        if self._ready is not None and self._ready.error is not None:
            self._ready = None


class AgentRegistration(Registration):
    __slots__ = ("_conflict_error", "_episode", "_hurry", "_number_error", "_numbers", "_sent")

    owner: AgentBase

    def __init__(self, session: Session, owner: AgentBase) -> None:
        super().__init__(session, owner)
        self._sent: Any = None
        self._episode: ConflictEpisode | None = None
        self._hurry = 0
        #: The last refusal of the present conflict.
        self._conflict_error: AgentConflictError | None = None
        #: Phone numbers that the server has neither given nor refused yet.
        self._numbers: frozenset[str] = frozenset()
        #: What refused the last of its numbers, in this registration.
        self._number_error: PhoneInUseError | None = None

    def hurry(self) -> None:
        """Who holds the name lets it go now: the next tries do not wait as the server asks."""
        self._hurry = HURRIED

    @property
    def _timer(self) -> tuple[str, str]:
        return ("conflict", self.owner.id)

    def claim(self) -> None:
        agent = self.owner
        self._sent = agent.config
        self.session.transmit(encode.encode_create(agent.id, agent.config), state=True)

    def acked(self) -> bool:
        """The server has it: what depends on it goes out, in the wire's order."""
        numbers = [
            channel.key for channel in self.owner.channel_table.values() if _is_number(channel)
        ]
        if not self.held and numbers:
            self._ask_numbers(numbers)
        if not super().acked():
            return False
        agent, session = self.owner, self.session
        self._end_conflict()
        if self._sent is not agent.config:
            # Configured between the claim and its ack.
            changes = encode.encode_configure(self._sent, agent.config, only_changed=True)
            if changes:
                frame = {"event": "agent.configure", "agent_id": agent.id, **changes}
                session.transmit(frame, state=True)
        for channel in agent.channel_table.values():
            agent.send_channel(channel, state=True)
        if agent.callers:
            frame = {"event": "dev.config", "callers": list(agent.callers)}
            session.transmit(frame, state=True)
        for scope in agent.pauses:
            agent.send_pause(scope, state=True)
        self._release()
        if agent.has_dials:
            agent.dials.registered()
        return True

    def link_lost(self) -> None:
        super().link_lost()
        self._end_conflict()
        self._numbers = frozenset()
        self._number_error = None

    def over(self, error: PinecallError) -> None:
        super().over(error)
        self._end_conflict()
        if self.owner.has_dials:
            self.owner.dials.not_registered(error)

    def forget(self) -> None:
        super().forget()
        self._end_conflict()

    def _end_conflict(self) -> None:
        self.session.timers.clear(self._timer)
        self._episode = self._conflict_error = None
        self._hurry = 0

    # -- its phone numbers ----------------------------------------------------------------------

    def _ask_numbers(self, numbers: Iterable[str]) -> None:
        self._number_error = None
        self._numbers = self._numbers.union(numbers)
        self.session.timers.set(("numbers", self.owner.id), NUMBERS_WITHIN, self._numbers_late)

    def channel_sent(self, channel: Channel) -> None:
        if _is_number(channel):
            self._ask_numbers([channel.key])

    def number_answered(self, number: str | None) -> None:
        """The server gave it or refused it; None: it did not say which."""
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
        agent = self.owner
        number = _normalized(event.phone) if event.phone else None
        refused = agent.channel_table.pop(number, None) if number else None
        left = sum(map(_is_number, agent.channel_table.values()))
        owner = f" (held by {event.owner!r})" if event.owner else ""
        error = PhoneInUseError(
            f"agent {agent.id!r} did not get {number or 'its number'}: {text}{owner}; the agent "
            "stays, without that channel",
            phone=number,
            owner=event.owner,
            agent_id=agent.id,
        )
        if (refused is not None and not left) or (number is None and left <= 1):
            self._number_error = error
        self.number_answered(number)
        self.session.report(error, agent=agent)

    def _conflict(self, event: ErrorFrame, code: str, text: str) -> None:
        session, agent = self.session, self.owner
        now = session.now
        waiting = self._timer in session.timers
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
            random=session.random(),
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
        self.status = "waiting"
        session.timers.set(self._timer, delay, self._retry)
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
        self.session.emit("error", (error,), event=error, agent=agent)

    @property
    def conflict(self) -> AgentConflictError | None:
        """Who holds the name, and what is being tried; None where there is no conflict."""
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
        if self.session.link.ready:
            self.status = "asked"
            self.claim()


class LineRegistration(Registration):
    __slots__ = ()

    owner: LineBase

    def claim(self) -> None:
        line = self.owner
        body = encode.encode_line(line.config)
        frame = {"event": "line.create", "number": line.number, "config": body}
        self.session.transmit(frame, state=True)

    def acked(self) -> bool:
        if not super().acked():
            return False
        self._release()
        return True

    def refused(self, event: LineError) -> None:
        code = self.session.clean(event.code or "LINE_CONFIG_ERROR")
        text = self.session.clean(event.error or code)
        number = self.owner.number
        message = f"line {number} was refused: {text} ({code})"
        self.refuse(RegistrationError(message, code, agent_id=self.owner.id))


def _is_number(channel: Channel) -> bool:
    return channel.type == "phone"


def _normalized(number: str) -> str:
    try:
        return phone.normalize(number)
    except ValueError:
        return number


def _holder(event: ErrorFrame) -> str:
    """What the server says of whoever holds the name."""
    known = [f"of {event.owner!r}"] if event.owner else []
    if event.holder_alive is not None:
        known.append("which answers" if event.holder_alive else "which no longer answers")
    return f" ({', '.join(known)})" if known else ""


def not_registered(registration: Registration, timeout: float) -> RegistrationError:
    """It is not registered after ``timeout`` seconds, and nothing has refused it for good."""
    owner = registration.owner.id
    if isinstance(registration, AgentRegistration) and registration.conflict is not None:
        return registration.conflict
    return RegistrationError(
        f"{owner!r} was not registered within {timeout:g} s (link: {registration.session.state}, "
        f"registration: {registration.status}); is the client connected?",
        "AGENT_NOT_REGISTERED",
        agent_id=owner,
    )
