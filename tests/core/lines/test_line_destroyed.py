"""A destroyed line: its verbs raise, and its calls go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.lines.line import LineBase
from pinecall.errors import (
    RegistrationError,
)

from ..harness import Wire


def nothing(*_args: Any) -> None:
    """A handler."""


NUMBER = "+13186330963"


class TestDestroyedLines:
    @pytest.mark.parametrize(
        ("verb", "use"),
        [
            ("extensions", lambda line: line.extensions({"1": "mara"})),
            ("on", lambda line: line._add_handler("call", nothing)),
            ("once", lambda line: line._add_once("call", nothing)),
        ],
    )
    def test_verbs(self, verb: str, use: Callable[[LineBase], Any]) -> None:
        """Every verb of a destroyed line raises but destroy(), which does nothing more."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        wire.server("line.created", number=NUMBER)
        line.destroy()
        with pytest.raises(RegistrationError, match=rf"^{verb}: line .* was destroyed"):
            use(line)
        wire.sent()
        line.destroy()
        assert wire.sent() == []
        assert line._events_over
        assert isinstance(line._registration.usable.error, RegistrationError)

    def test_its_calls(self) -> None:
        """A call of a destroyed line goes on."""
        wire = Wire().up()
        line = wire.pc.line(NUMBER)
        wire.server("line.created", number=NUMBER)
        wire.server("call.started", agent_id=f"line:{NUMBER}", call_id="CL1", direction="inbound")
        call = wire.engine.registry.calls["CL1"]
        line.destroy()
        wire.sent()
        call.hangup()
        assert wire.sent_events() == ["call.hangup"]
