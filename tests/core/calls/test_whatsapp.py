"""The object of a WhatsApp session."""

from __future__ import annotations

from pinecall.core.calls.whatsapp import WhatsAppSessionBase

from ..contact import IDS, started
from ..harness import Wire


def test_its_requests() -> None:
    """The session has the call's requests, with its id as the call's."""
    wire = Wire()
    told = wire.listen("whatsapp.session_started")
    started(wire)
    session = told[0][1]
    question, change = session._ask_history(), session._ask_change("history.clear")
    frames = wire.sent()
    assert {frame["call_id"] for frame in frames} == {"wa-1"}
    wire.server("history.data", call_id="wa-1", messages=[])
    wire.server("history.updated", call_id="wa-1", count=0)
    assert (question.result(), change.result()) == ([], 0)


def test_facts() -> None:
    """A session has the id of its call, and the contact's name."""
    wire = Wire()
    call = started(wire)
    session = WhatsAppSessionBase(call, "Ana")
    assert (session.id, session._call, session._runtime) == ("wa-1", call, wire.engine)
    assert (session.contact_name, session.contact_phone) == ("Ana", "5491155551234")
    assert repr(session) == "<WhatsAppSessionBase wa-1 with 5491155551234>"


def test_the_contact_is_known_later() -> None:
    """contact_phone is empty until the contact is known, and then the contact's number."""
    wire = Wire()
    call = started(wire, contact_phone=None)
    session = WhatsAppSessionBase(call, None)
    assert session.contact_phone == ""
    wire.server("whatsapp.message", **IDS, from_="549", text="hi")
    assert session.contact_phone == "549"
