"""Claiming a name on the server: an agent's id or a line's number.

======== ========================================= ============================================
status   on the server                             what changes it
======== ========================================= ============================================
idle     not there: the link is down               the link comes up → asked
asked    the claim is on its way                   ack → held; conflict → waiting; refusal → refused;
                                                   no answer → asked, again
waiting  another connection has it                 the retry timer → asked; budget spent → refused
held     ours                                      the link goes down → idle; displaced → refused
refused  it will not be ours                       the user asks again → asked; the next link → asked
removed  not wanted any more                       nothing
======== ========================================= ============================================
"""

from __future__ import annotations

from typing import Any, Protocol

from ...errors import NotConnected, PinecallError, RegistrationError, ServerAtCapacityError
from ...logs import Log
from ..kernel.handlers import Handlers
from ..kernel.outcome import Outcome
from ..kernel.runtime import Runtime

__all__ = ["Claimant", "Registration"]

log = Log("agents")

#: Seconds without an answer after which a name is asked for again. Nothing else would show that an
#: ack was lost, and all that waits for it would wait for as long as the connection lasts. Less than
#: the 10 that wait_ready() waits by default, so that it can still succeed.
ASK_AGAIN = 7.0


class Claimant(Protocol):
    """The agent or line whose name is claimed."""

    @property
    def id(self) -> str: ...
    @property
    def _own_handlers(self) -> Handlers | None: ...
    @property
    def _title(self) -> str: ...
    @property
    def _gone(self) -> str:
        """How messages say that it was removed or destroyed."""
        ...

    def _claim(self) -> dict[str, Any]:
        """Return the frame that claims its name, with its whole configuration."""
        ...


class Registration:
    """One name's state in the table above; agents and lines have subclasses."""

    __slots__ = ("_ready", "_usable", "error", "owner", "runtime", "status")

    def __init__(self, runtime: Runtime, owner: Claimant) -> None:
        self.runtime = runtime
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
        """The outcome that settles with the ack, or fails with the refusal."""
        if self._ready is None:
            self._ready = Outcome(f"registration of {self.owner.id!r}")
            if self.held:
                self._ready.set(None)
            elif self.error is not None:
                self._ready.fail(self.error)
        return self._ready

    def create(self) -> None:
        """Claim the name, if the link is up."""
        if self.runtime.ready:
            self.status = "asked"
            self._renew()
            self.claim()

    def claim(self) -> None:
        """Ask the server for the name, and again while there is no answer."""
        self.runtime.transmit(self.owner._claim(), state=True)
        self.runtime.timers.set(self._claimed, ASK_AGAIN, self._unanswered)

    @property
    def _claimed(self) -> tuple[str, str]:
        """The key of the timer for an answer to the claim."""
        return ("claimed", self.owner.id)

    def _unanswered(self, _late: float) -> None:
        log.warning(
            "the server has not answered the registration of %s for %g s; asking again",
            self.owner._title,
            ASK_AGAIN,
        )
        self.claim()

    def acked(self) -> bool:
        """Handle the ack. Return False for a repeated one."""
        if self.held:
            return False
        self.runtime.timers.clear(self._claimed)
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
        """The outcome of ``wait_ready()``: settles with the ack and what belongs to it, or fails
        with the refusal."""
        outcome = self._usable
        if outcome is None:
            outcome = self._usable = Outcome(self.ready.what)
            self._look()
        return outcome

    def _look(self) -> None:
        """Settle ``usable``, if its result is known."""
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
        """Raise RegistrationError if the agent was removed, or the line destroyed."""
        if self.status == "removed":
            raise self._removed(what)

    def _removed(self, what: str) -> RegistrationError:
        message = f"{what}: {self.owner._title} was {self.owner._gone}"
        return RegistrationError(message, "AGENT_NOT_REGISTERED", agent_id=self.owner.id)

    @property
    def over_for_good(self) -> bool:
        """Whether it was refused for good; "at capacity" is not: a slot may get free."""
        return self.status == "refused" and not isinstance(self.error, ServerAtCapacityError)

    def _release(self) -> None:
        """Send what was held until the ack, in order."""
        self.runtime.send_held(self.owner.id)

    def refuse(self, error: PinecallError) -> None:
        """Refuse the claim for good: ``ready`` fails, and the ``error`` handlers are called."""
        self.over(error)
        self.runtime.report(error, agent=self.owner)

    def over(self, error: PinecallError) -> None:
        self.runtime.timers.clear(self._claimed)
        self.status = "refused"
        self.error = error
        if self._ready is not None and not self._ready.done:
            self._ready.fail(error)
        else:
            self._ready = None
        self._look()
        self.runtime.look_whether_all_are_refused()

    def link_lost(self) -> None:
        if self.held:
            self._ready = None
        self.runtime.timers.clear(self._claimed)
        self.status = "idle"
        self._renew()

    def forget(self) -> None:
        """End the claim: the owner was removed."""
        self.runtime.timers.clear(self._claimed)
        self.status = "removed"
        self.error = self._removed("wait_ready()")
        if self._ready is not None:
            self._ready.fail(self.error)  # has no effect if it is settled
        self._ready = None
        self._look()

    def link_closed(self) -> None:
        """Fail callers that wait for the ack: the link does not come back by itself."""
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
        """Reopen a refused claim."""
        self.error = None
        if self._ready is not None and self._ready.error is not None:
            self._ready = None
