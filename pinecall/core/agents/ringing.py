"""An inbound phone call that rings, to be accepted or rejected."""

from __future__ import annotations

from ...errors import ConfigurationError
from ..kernel.runtime import Runtime
from ..model.owner import Owner
from ..text.showing import shows

__all__ = ["RingingCall"]


class RingingCall:
    """An inbound call on a phone channel with ``ringing=True`` (wire: ``call.ringing``).

    The first call of :meth:`accept` or :meth:`reject` counts. Without either, the server accepts by
    itself after about 5 s.
    """

    def __init__(self, runtime: Runtime, agent: Owner, call_id: str, from_: str, to: str) -> None:
        self.id = call_id
        self.agent = agent
        self.from_ = from_
        self.to = to
        #: Whether the call was accepted or rejected.
        self.settled = False
        self._runtime = runtime

    def accept(self) -> None:
        """Pick up; ``call.started`` follows (wire: ``call.accept``)."""
        self._settle("call.accept")

    def reject(self, reason: str = "busy") -> None:
        """Do not pick up; reason ``"busy"`` or ``"rejected"`` (wire: ``call.reject``)."""
        if reason not in ("busy", "rejected"):
            raise ConfigurationError(
                f"reject({reason!r}): the reason is 'busy' or 'rejected'", call_id=self.id
            )
        self._settle("call.reject", reason=reason)

    def _settle(self, event: str, **fields: str) -> None:
        with self._runtime.guard:
            if self.settled:
                return
            self._runtime.require_up(f"{event} of {self.id}", self.agent.id)
            self._runtime.transmit(
                {"event": event, "agent_id": self.agent.id, "call_id": self.id, **fields}
            )
            self.settled = True
        self._runtime.wake()

    @shows
    def __repr__(self) -> str:
        state = "settled" if self.settled else "ringing"
        return f"<RingingCall {self.id} from {self.from_} to {self.to}: {state}>"
