"""The record of a call in a history store, its contact, and what a later call gets back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from attrs import field, frozen

from ...errors import ConfigurationError
from ..config import phone
from ..model.call_state import CallState
from ..model.conversation import spoken

__all__ = [
    "ConversationRecord",
    "contact_of",
    "record_from",
    "record_of",
    "restored_messages",
    "same_contact",
]

#: The most that a returning contact gets back.
CONVERSATIONS, MESSAGES = 5, 20

_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
# Caller ids of people who withhold theirs, as words or spelt on the keypad (``+266696687``). They
# are the same for all of them, so no key. The others come from web pages without a user id.
_NOBODY = {"anonymous", "blocked", "private", "restricted", "unavailable", "unknown"}
_NOBODY |= {"+" + word.translate(_KEYPAD) for word in _NOBODY}
_NOBODY |= {"", "nan", "none", "null", "undefined"}
_WHATSAPP = re.compile(r"\+?([0-9]{5,15})")


@frozen(kw_only=True)
class ConversationRecord:
    """One conversation as a store gets it: ``save(record)`` while it goes on and once at its end.

    call_id, agent_id: the call and its agent
    channel: ``phone``, ``webrtc``, ``chat``, ``whatsapp`` or ``unknown``
    direction: ``inbound`` or ``outbound``
    from_, to: numbers, SIP URIs or the words ``webrtc``/``chat``
    contact: the other side, as the key of ``find_by_contact``; None if unknown
    started_at, ended_at: epoch seconds: the server's, or this machine's until those arrive
    duration: seconds; 0 until the end
    reason: why it ended (``call.ended``); empty until then
    status: ``active`` or ``ended``; a call of a crashed process stays ``active``
    transcript: ``[{"role": "user" | "assistant", "content": str}, …]``
    messages: the same in the model's form, with the tool rounds
    metadata: the call's (``call.started``)
    language: the call's, None if it has none
    """

    call_id: str
    agent_id: str
    channel: str = "unknown"
    direction: str = "inbound"
    from_: str = ""
    to: str = ""
    contact: str | None = None
    started_at: float = 0.0
    ended_at: float = 0.0
    duration: float = 0.0
    reason: str = ""
    status: str = "active"
    transcript: list[dict[str, Any]] = field(factory=list, repr=False)
    messages: list[dict[str, Any]] = field(factory=list, repr=False)
    metadata: dict[str, Any] = field(factory=dict, repr=False)
    language: str | None = None


def transcript_of(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return copies of the messages that the user or the agent spoke."""
    return [dict(message) for message in spoken(messages)]  # type: ignore[arg-type]


def contact_of(
    channel: str, direction: str, from_: str, to: str, metadata: Mapping[str, Any]
) -> str | None:
    """Return the contact: ``metadata.userId`` if there is one, else the other side's number (phone:
    ``"+34607827824"`` or a ``sip:`` URI; WhatsApp: ``"5491155551234"``), else None.
    """
    user = _user_of(metadata)
    if user is not None:
        return user
    other = to if direction == "outbound" else from_
    if channel == "whatsapp":
        found = _WHATSAPP.fullmatch(other)
        return found[1] if found else None
    return _number(other) if channel == "phone" else None


def _user_of(metadata: Mapping[str, Any]) -> str | None:
    user = metadata.get("userId")
    if isinstance(user, bool) or not isinstance(user, (str, int)):
        return None
    user = str(user).strip()
    return None if user.lower() in _NOBODY else user


def _number(other: str) -> str | None:
    if other.startswith(("sip:", "sips:")):
        address = re.split("[;?]", other, maxsplit=1)[0]
        name, at, host = address.partition(":")[2].partition("@")
        if not at or name.lower() in _NOBODY or host.lower() == "anonymous.invalid":
            return None
        return address
    if not phone.is_phone(other):
        return None
    number = phone.normalize(other)
    return None if number in _NOBODY else number


def record_of(
    call: CallState,
    *,
    restored: Sequence[Mapping[str, Any]] = (),
    started_at: float = 0.0,
    ended_at: float = 0.0,
) -> ConversationRecord:
    """Return a snapshot of the call, which does not change with it.

    restored: what ``history.set`` put before the conversation, which is not part of it
    started_at, ended_at: this machine's epoch seconds, used if the server sent none
    """
    messages = _without(restored, [dict(message) for message in call.messages])
    started, ended = call.started_at or started_at, call.ended_at or ended_at
    if not call._over:
        ended = 0.0
    return ConversationRecord(
        call_id=call.id,
        agent_id=call.agent.id,
        channel=call.transport,
        direction=call.direction,
        from_=call.from_,
        to=call.to,
        contact=contact_of(call.transport, call.direction, call.from_, call.to, call.metadata),
        started_at=started,
        ended_at=ended,
        duration=call.duration or (max(0.0, ended - started) if started and ended else 0.0),
        reason=call.reason,
        status="ended" if call._over else "active",
        transcript=_without(restored, [dict(message) for message in call.transcript]),
        messages=messages,
        metadata=dict(call.metadata),
        language=call.language,
    )


def _without(
    restored: Sequence[Mapping[str, Any]], messages: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Remove ``restored`` from the server's final messages; it follows the server's
    instructions."""
    start = 0
    while start < len(messages) and messages[start].get("role") in ("system", "developer"):
        start += 1
    end = start + len(restored)
    if not restored or _said(messages[start:end]) != _said(restored):
        return messages
    return messages[:start] + messages[end:]


def _said(messages: Iterable[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    return [(message.get("role"), message.get("content")) for message in messages]


def record_from(value: object) -> ConversationRecord:
    """Convert a store's result, a record or a dict of its fields; raise ConfigurationError."""
    if isinstance(value, ConversationRecord):
        return value
    if isinstance(value, Mapping):
        names = {attribute.name for attribute in attrs.fields(ConversationRecord)}
        given = {key: item for key, item in value.items() if key in names}
        if isinstance(given.get("call_id"), str) and isinstance(given.get("agent_id"), str):
            return ConversationRecord(**given)
    raise ConfigurationError(
        "a history store gives back ConversationRecords, or dicts with their fields (call_id, "
        f"agent_id, contact, messages …), not {type(value).__name__}"
    )


def same_contact(record: ConversationRecord, now: ConversationRecord) -> bool:
    """Whether an earlier conversation was with the same contact and the same agent.

    A user id that looks like a phone number is not that number: the kind of key counts too.
    """
    return (
        now.contact is not None
        and record.contact == now.contact
        and record.agent_id == now.agent_id
        and record.call_id != now.call_id
        and _kind(record) == _kind(now)
    )


def _kind(record: ConversationRecord) -> str:
    return "user" if _user_of(record.metadata) is not None else record.channel


def restored_messages(records: Iterable[ConversationRecord]) -> list[dict[str, Any]]:
    """Return what a returning contact's model gets: of the last 5 conversations, oldest first, the
    last 20 messages of user and assistant: ``[{"role", "content"}, …]``."""
    # Without times to sort by, rely on stores returning the newest first.
    oldest_first = list(records)[::-1]
    ordered = sorted(oldest_first, key=lambda r: r.started_at or r.ended_at or 0.0)
    messages = [
        {"role": message["role"], "content": message["content"]}
        for record in ordered[-CONVERSATIONS:]
        for message in record.messages or record.transcript
        if message.get("role") in ("user", "assistant")
        and isinstance(message.get("content"), str)
        and message["content"]
    ]
    return messages[-MESSAGES:]
