"""What a file keeps of an error."""

from __future__ import annotations

import pytest

from pinecall.core.traces.errors import as_data, from_data
from pinecall.errors import ConnectError, NotConnected, PinecallError, ProtocolError, TokenError


class TheirError(PinecallError):
    """An error of a program's own."""


@pytest.mark.parametrize(
    ("error", "cls"),
    [
        (PinecallError("no", "HANDLER_ERROR", agent_id="mara", call_id="CA1"), PinecallError),
        (ProtocolError("no"), ProtocolError),
        (NotConnected("no"), NotConnected),
        (ConnectError("no", phase="dns"), PinecallError),
        (TokenError("no"), PinecallError),
        (TheirError("no"), PinecallError),
    ],
)
def test_there_and_back(error: PinecallError, cls: type) -> None:
    """Text, code and ids come back, and the class where no other facts belong to it."""
    again = from_data(as_data(error))
    assert type(again) is cls
    assert (again.message, again.code) == (error.message, error.code)
    assert (again.agent_id, again.call_id) == (error.agent_id, error.call_id)


@pytest.mark.parametrize("cls", ["clean", "annotations", 5, None, "PinecallError"])
def test_other_names(cls: object) -> None:
    """A name that is no error of this SDK stands for a plain one."""
    error = from_data({"class": cls, "message": 7})
    assert type(error) is PinecallError
    assert (error.message, error.code) == ("7", "PINECALL_ERROR")
