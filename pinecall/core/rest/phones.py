"""The organisation's phone numbers, balance and online agents: ``GET /api/sdk/…``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import frozen

from ...errors import ApiError
from .answers import flag, optional, rows, text
from .op import Reply, RestOp

__all__ = ["Balance", "OnlineAgent", "Phone", "balance", "online_agents", "phones"]


@frozen(kw_only=True)
class Phone:
    """A phone number in E.164 form. ``is_sdk``: calls to it go to this SDK's agents."""

    number: str
    name: str
    sid: str | None = None
    is_sdk: bool = False


@frozen(kw_only=True)
class Balance:
    """The balance at the telephone company, in ``currency`` (like ``USD``)."""

    balance: Decimal
    currency: str


@frozen(kw_only=True)
class OnlineAgent:
    """An agent that is connected, from any process. ``channels``: references by type."""

    slug: str
    org_id: str | None
    phones: tuple[str, ...]
    channels: Mapping[str, tuple[str, ...]]
    active: bool


def phones() -> RestOp[list[Phone]]:
    def read(reply: Reply) -> list[Phone]:
        body = reply.object()
        if body.get("success") is False:
            return []
        return rows(body.get("phones") or body.get("phoneNumbers"), _phone)

    return RestOp(what="Failed to list the phones", path="/api/sdk/phone-numbers", read=read)


def balance() -> RestOp[Balance | None]:
    """Return the balance; None if the server has none (no telephone account, or it is out of
    reach). A wrong key and an unreachable server raise ApiError.
    """

    def read(reply: Reply) -> Balance | None:
        body = reply.object()
        amount = optional(body, "balance")
        if body.get("success") is False or amount is None:
            return None
        try:
            value = Decimal(amount)
        except InvalidOperation:
            return None
        return Balance(balance=value, currency=text(body, "currency", default="USD"))

    def recover(error: ApiError) -> Balance | None:
        if error.status in (0, 401, 403):
            raise error
        return None

    return RestOp(
        what="Failed to get the balance",
        path="/api/sdk/twilio-balance",
        read=read,
        recover=recover,
    )


def online_agents() -> RestOp[list[OnlineAgent]]:
    def read(reply: Reply) -> list[OnlineAgent]:
        return rows(reply.object().get("agents"), _agent)

    return RestOp(what="Failed to list the agents", path="/api/sdk/agents", read=read)


def _phone(row: Mapping[str, Any]) -> Phone:
    number = text(row, "number")
    return Phone(
        number=number,
        name=optional(row, "name") or number,
        sid=optional(row, "sid"),
        is_sdk=flag(row, "isSdk"),
    )


def _agent(row: Mapping[str, Any]) -> OnlineAgent:
    channels = row.get("channels")
    found = channels if isinstance(channels, dict) else {}
    return OnlineAgent(
        slug=text(row, "slug"),
        org_id=optional(row, "org_id"),
        phones=_texts(row.get("phones")),
        channels={
            kind: _texts(one.get("refs")) for kind, one in found.items() if isinstance(one, dict)
        },
        active=row.get("active") is not False,
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
