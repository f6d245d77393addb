"""Phone numbers, the balance and the agents online: how each answer is read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pinecall.core.link.link import Failure
from pinecall.core.rest.op import Exchange
from pinecall.core.rest.phones import OnlineAgent, balance, online_agents, phones
from pinecall.errors import ApiError

from .replies import read, refusal


@pytest.mark.parametrize("key", ["phones", "phoneNumbers"])
def test_both_keys(key: str) -> None:
    """The list is under either key; name falls back to the number."""
    (phone,) = read(phones(), {"success": True, key: [{"number": "+13186330963"}]})
    assert (phone.name, phone.is_sdk) == ("+13186330963", False)


def test_success_false() -> None:
    """success false is an empty list."""
    assert read(phones(), {"success": False}) == []


def test_balance() -> None:
    """The balance is an exact amount with its currency."""
    found = read(balance(), {"success": True, "balance": "12.30", "currency": "EUR"})
    assert (found.balance, found.currency) == (Decimal("12.30"), "EUR")


@pytest.mark.parametrize(
    ("body", "status"), [({"success": False}, 200), ({"balance": "much"}, 200), ({}, 500)]
)
def test_no_balance(body: Any, status: int) -> None:
    """A server that has no balance gives None."""
    assert read(balance(), body, status) is None


def test_balance_with_a_wrong_key() -> None:
    """A wrong key is an error, unlike a server that has no balance."""
    assert refusal(balance(), {"error": "no"}, 401).status == 401


def test_online_agents() -> None:
    """An online agent has its slug, its phones and the references of each channel type."""
    row = {"slug": "mara", "phones": ["+1"], "channels": {"chat": {"count": 1, "refs": ["c"]}}}
    (agent,) = read(online_agents(), {"success": True, "agents": [row]})
    assert (agent.slug, agent.phones, agent.channels) == ("mara", ("+1",), {"chat": ("c",)})


def test_online_agent_without_fields() -> None:
    """An agent is active unless the server says otherwise; other fields may be of any type."""
    rows = [{"slug": "a", "phones": "+1", "channels": ["chat"]},
            {"slug": "b", "org_id": "org_1", "channels": {"chat": 1, "sip": {}}, "active": False}]  # fmt: skip
    first, second = read(online_agents(), {"agents": rows})
    assert first == OnlineAgent(slug="a", org_id=None, phones=(), channels={}, active=True)
    assert second == OnlineAgent(
        slug="b", org_id="org_1", phones=(), channels={"sip": ()}, active=False
    )


def test_unreachable_balance() -> None:
    """A server that is out of reach is an error, unlike one that has no balance."""
    exchange = Exchange(balance(), 0.0, lambda: 0.0)
    exchange.failed(Failure("tcp", "refused", retryable=False), "https://h", 0.0)
    with pytest.raises(ApiError) as caught:
        exchange.result()
    assert (caught.value.status, caught.value.code) == (0, "NETWORK_ERROR")
