"""A phone number answered by code: there is no model; the program plays, listens and routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import ConfigurationError, PinecallError
from ..config import wire_form
from ..config.options import LineOptions
from ..kernel.callables import check_function, check_result, is_coroutine
from ..kernel.job import Job
from ..kernel.runtime import Runtime
from ..kernel.usercode import text_of
from ..model.owner import Owner
from ..text.showing import shows
from .line_call import LineCallBase
from .registration import LineRegistration

__all__ = ["LineBase"]

Extension = str | Callable[..., Any]


class LineBase(Owner):
    """A number claimed as a line (wire: ``line.create``); its address is ``line:<number>``."""

    def __init__(self, runtime: Runtime, number: str) -> None:
        self._runtime = runtime
        self.number = number
        self.id = f"line:{number}"
        self.config = LineOptions()
        self._live_calls: dict[str, LineCallBase] = {}
        self._own_registration = LineRegistration(runtime, self)
        self._table: dict[str, Extension] = {}

    #: How messages say that the line was destroyed.
    _gone = "destroyed (destroy()); pc.line() claims it again"

    @property
    def _registration(self) -> LineRegistration:
        return self._own_registration

    @shows
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}: {self._registration.status}>"

    @property
    def _title(self) -> str:
        return f"line {self.number}"

    def _claim(self) -> dict[str, Any]:
        config = wire_form.encode_line(self.config)
        return {"event": "line.create", "number": self.number, "config": config}

    # -- extensions -----------------------------------------------------------------------------

    def extensions(self, table: Mapping[str, Extension]) -> None:
        """Map each extension to an agent's id, or a function that gets the call.

        ``{"10": "sales", "11": answer, "*": …}``; ``"*"`` takes every other extension, and callers
        who press none. A match takes the call; calls without a match reach the ``call`` handlers.
        """
        self._require("extensions")
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
                check_function(where, value, ["call"], coroutines=self._runtime.front.coroutines)
            checked[key] = value
        self._table = checked

    def _extension_for(self, call: LineCallBase) -> Extension | None:
        if not call.extension:
            return self._table.get("*")  # a caller who presses nothing
        return self._table.get(call.extension, self._table.get("*"))

    def _answer(self, call: LineCallBase, event: Any) -> None:
        """Give a call that came in to the extension's target, or to the ``call`` handlers."""
        target = self._extension_for(call)
        if target is None:
            self._runtime.emit("call", (call,), event=event, agent=self, call=call)
        elif isinstance(target, str):
            self._route(call, target)
        else:
            function = target
            self._runtime.run(
                Job(
                    f"extension {call.extension}",
                    lambda: function(call),
                    lambda result: check_result(result, coroutines=self._runtime.front.coroutines),
                    lambda error: self._extension_failed(call, error),
                    agent=self,
                    call=call,
                    coroutine=is_coroutine(function),
                )
            )

    def _route(self, call: LineCallBase, agent: str) -> None:
        outcome = call._place_route(agent)

        def routed() -> None:
            result = outcome.result()
            if not result.ok and not call._over:
                message = f"it could not be handed to {agent!r} ({result.reason})"
                self._extension_failed(call, PinecallError(message))

        outcome.waiters.append(routed)

    def _extension_failed(self, call: LineCallBase, error: BaseException) -> None:
        message = (
            f"line {self.number}: extension {call.extension} of call {call.id}: {text_of(error)}"
        )
        failure = PinecallError(message, "LINE_EXTENSION_ERROR", agent_id=self.id, call_id=call.id)
        failure.__cause__ = error
        self._runtime.report_failure(failure, f"extension {call.extension}", self, call)

    # -- verbs ----------------------------------------------------------------------------------

    def destroy(self) -> None:
        """Give the number back; it is not claimed again (wire: ``line.destroy``).

        Its answered calls go on. Every other verb of the line then raises RegistrationError;
        repeating this does nothing.
        """
        with self._runtime.guard:
            if not self._removed:
                if self.registered:
                    self._runtime.transmit({"event": "line.destroy", "number": self.number})
                self._runtime.line_destroyed(self)
                self._registration.forget()
                self._runtime.drop_held(self.id, self._title)
        self._runtime.wake()
