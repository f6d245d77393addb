"""A phone number answered by code: no model, the program plays, listens and routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PinecallError, RegistrationError
from ..events import LineError
from ..options import LineOptions
from . import encode
from .call import CallBase
from .handlers import Chains, Function, Handlers
from .registration import Registration

if TYPE_CHECKING:
    from .session import Session

__all__ = ["LineBase", "LineCallBase"]


class LineRegistration(Registration):
    owner: LineBase

    def claim(self) -> None:
        line = self.owner
        self.session.transmit(
            {
                "event": "line.create",
                "number": line.number,
                "config": encode.encode_line(line.config),
            }
        )

    def acked(self) -> bool:
        if not super().acked():
            return False
        for text in self.session.outbox.release(self.owner.id):
            self.session.outbox.transmit(text, about=self.owner.id)
        return True

    def refused(self, event: LineError) -> None:
        code = event.code or "LINE_CONFIG_ERROR"
        text = self.session.clean(event.error or code)
        line = self.owner
        error: PinecallError = RegistrationError(
            f"line {line.number} was refused: {text} ({code})", code, agent_id=line.id
        )
        self.refuse(error)


class LineBase:
    """A number claimed as a line (wire: ``line.create``); its address is ``line:<number>``."""

    def __init__(self, session: Session, number: str) -> None:
        self.session = session
        self.number = number
        self.id = f"line:{number}"
        self.config = LineOptions()
        self.live_calls: dict[str, CallBase] = {}
        self.registration = LineRegistration(session, self)
        self.chains = Chains()
        self.own_handlers: Handlers | None = None

    @property
    def registered(self) -> bool:
        return self.registration.held

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}: {self.registration.status}>"

    @property
    def handlers(self) -> Handlers:
        if self.own_handlers is None:
            self.own_handlers = self.session.new_handlers(f"line {self.number}")
        return self.own_handlers

    def add_handler(self, event: str, handler: Function, *, once: bool = False) -> Function:
        with self.session.guard:
            return self.handlers.add(event, handler, once=once)

    def call_ended(self, call: CallBase) -> None:
        """Nothing waits on a line for a call to begin."""


class LineCallBase(CallBase):
    """A call that a line answered."""
