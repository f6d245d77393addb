"""A WhatsApp session of an agent, as its server starts it."""

from __future__ import annotations

from typing import Any

from pinecall.core.agents.agent import AgentBase
from pinecall.core.calls.call import CallBase

from .harness import Wire

IDS = {"agent_id": "support", "session_id": "wa-1"}
WHATSAPP = {"phone_number_id": "w1", "access_token": "t"}


def support(wire: Wire, name: str = "support") -> AgentBase:
    return wire.agent(name, whatsapp={**WHATSAPP, "phone_number_id": name})


def started(wire: Wire, **fields: Any) -> CallBase:
    if "support" not in wire.engine.registry.agents:
        support(wire)
    wire.server(
        "whatsapp.session_started",
        **{**IDS, "contact_phone": "5491155551234", "contact_name": "Ana", **fields},
    )
    return wire.engine.registry.calls["wa-1"]
