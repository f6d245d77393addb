"""The ``repr`` of objects that users hold."""

from __future__ import annotations

import pytest

from pinecall.core.agents.agent import AgentBase
from pinecall.core.agents.ringing import RingingCall
from pinecall.core.api.client import ClientBase
from pinecall.core.calls.call import CallBase
from pinecall.core.calls.speech import ReplyStream
from pinecall.core.calls.whatsapp import WhatsAppSessionBase
from pinecall.core.lines.line import LineBase
from pinecall.core.lines.line_call import LineCallBase
from pinecall.core.text import secrets
from pinecall.core.text.showing import shows
from pinecall.errors import ConnectError, PinecallError
from pinecall.events import BotWord
from pinecall.options import AgentOptions, Channel


class Door:
    def __init__(self, number: object) -> None:
        self.number = number

    @shows
    def __repr__(self) -> str:
        return f"<Door {self.number}>"


def test_repr() -> None:
    """The repr is the text that the function gives."""
    assert repr(Door(5)) == str(Door(5)) == "<Door 5>"


def test_secrets_are_blanked() -> None:
    """A secret that the text holds is blanked."""
    secrets.keep("door-secret-1")
    assert repr(Door("door-secret-1")) == "<Door ***>"


def test_text_that_utf8_cannot_hold() -> None:
    """Half a surrogate pair in the text becomes U+FFFD, so that a repr can be printed."""
    assert repr(Door("a\ud83d")) == "<Door a\ufffd>"


def test_a_missing_attribute() -> None:
    """The repr of an object whose constructor did not finish names its class."""
    assert repr(Door.__new__(Door)) == "<Door: not made>"


def test_other_errors() -> None:
    """An error other than a missing attribute is not hidden."""

    class Broken:
        @shows
        def __repr__(self) -> str:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        repr(Broken())


def test_the_function_behind() -> None:
    """The decorated function is found as ``__wrapped__``."""
    assert Door.__repr__.__wrapped__(Door(5)) == "<Door 5>"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "cls",
    [
        *(AgentBase, CallBase, ClientBase, LineBase, LineCallBase, RingingCall, ReplyStream),
        *(WhatsAppSessionBase, Channel, AgentOptions, BotWord, PinecallError, ConnectError),
    ],
    ids=lambda cls: cls.__name__,
)
def test_half_made_objects(cls: type) -> None:
    """The repr of an object whose constructor failed works: tracebacks with locals show it."""
    made = cls.__new__(cls)
    assert cls.__name__ in repr(made)
    assert isinstance(str(made), str)
