"""Changes of an agent's configuration: what is sent, what is kept, and what runs."""

from __future__ import annotations

from contextvars import ContextVar

import pytest

from pinecall.errors import (
    NotConnected,
)
from pinecall.tools import tool

from ..harness import Wire


@tool
def lookup(order: str) -> str:
    """Look it up."""
    return order


class TestConfiguration:
    def test_local_options_send_nothing(self) -> None:
        """An option that stays in this process is kept and not sent."""
        wire = Wire()
        mara = wire.agent()
        mara.configure(name="Mara")
        assert wire.sent() == []
        assert mara.name == "Mara"
        assert wire.agent("leo").name == "leo"

    def test_configure_while_down(self) -> None:
        """configure() while the link is down changes what is claimed next."""
        wire = Wire()
        mara = wire.pc.agent("mara")
        mara.configure(prompt="Hi")
        wire.connect()
        wire.opened()
        wire.server("connected")
        assert wire.sent()[1]["prompt"] == "Hi"

    def test_configure_session(self) -> None:
        """configure_session() changes one live call, by its id."""
        wire = Wire()
        mara = wire.agent()
        mara.configure_session("CA1", voice="elevenlabs/sarah", stt="soniox:v5")
        assert wire.sent() == [
            {
                "event": "session.configure",
                "agent_id": "mara",
                "session_id": "CA1",
                "voice": "elevenlabs/sarah",
                "stt": {"provider": "soniox", "model": "v5"},
            }
        ]

    def test_configure_session_while_down(self) -> None:
        """configure_session() raises while the link is down."""
        with pytest.raises(NotConnected):
            Wire().pc.agent("mara").configure_session("CA1", language="es")

    def test_tools_of_an_openai_form(self) -> None:
        """A tool given as a dict is declared to the server, and this process does not run it."""
        wire = Wire()
        given = {"type": "function", "function": {"name": "find", "parameters": {}}}
        mara = wire.agent(tools=[given, lookup])
        assert set(mara._tools) == {"lookup"}

    def test_the_context_of_functions(self) -> None:
        """Functions run in the context in which they were given; options without functions change
        nothing in it."""
        where: ContextVar[str] = ContextVar("where", default="nowhere")
        mara = Wire().agent()
        assert mara._context is None
        where.set("main")
        mara.configure(tools=[lookup])
        where.set("later")
        mara.configure(prompt="Hi")
        assert mara._context is not None
        assert mara._context[where] == "main"
