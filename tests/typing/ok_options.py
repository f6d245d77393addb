"""Options that users of both fronts give, all of them correct."""

from __future__ import annotations

from typing import Any

import pinecall
import pinecall_sync
from pinecall import Channel, tool
from pinecall.options import AgentOptions, ConfigOptions, DeployFields, DeployOptions, LineOptions


@tool
def look_up(order: str) -> str:
    """Look up an order."""
    return order


class Store:
    def save(self, record: Any) -> None: ...


def greet(call: object) -> str:
    return "Hello"


settings: DeployFields = {"prompt": "You are Mara.", "channels": ["chat"]}
anything: dict[str, Any] = {"prompt": "You are Mara."}
texts = {"en": "Hello", "es": "Hola"}

for pc in (pinecall.Pinecall(), pinecall_sync.Pinecall()):
    pc.deploy("mara")
    pc.deploy("mara", prompt="You are Mara.", model="gpt-4.1-mini", channels=["webrtc", "chat"])
    pc.deploy("mara", channels=["+12186633772", Channel("mic"), {"type": "chat"}])
    pc.deploy("mara", channels=(Channel("chat"),), tools=[look_up], history=Store(), name="Mara")
    pc.deploy("mara", **settings)
    pc.deploy("mara", **anything)
    pc.deploy("mara", {"allowedOrigins": ["https://example.com"]}, prompt="You are Mara.")
    pc.deploy("mara", DeployOptions(prompt="You are Mara."))
    pc.agent("mara", AgentOptions(prompt="You are Mara."), language=None)
    pc.agent("mara", llm={"provider": "openai", "model": "gpt-4.1"}, voice="elevenlabs/sarah")
    pc.agent("mara", phone_number="+12186633772", greeting=greet, allowed_origins=["a.com"])
    pc.agent("mara", phone_numbers=[Channel("phone", "+12186633772"), {"number": "+12186633773"}])
    pc.agent("mara", whatsapp={"phone_number_id": "1", "access_token": "t"}, greeting=texts)
    pc.agent("mara", interruption=False, preparing={"enabled": True}, session_limits={})
    pc.line("+12186633772", voice="elevenlabs/sarah", extension_window=1)
    pc.line("+12186633772", LineOptions(language="en"))
    pc.line("+12186633772", {"extensionWindow": 1.5})

    agent = pc.agent("mara")
    agent.configure(prompt="You are Mara.", prompt_vars={"name": "Mara"}, name="Mara")
    agent.configure({"promptVars": {"name": "Mara"}})
    agent.configure(ConfigOptions(language="es"))
    agent.configure_session("CA1", language="es")
    agent.configure_session("CA1", {"language": "es"})
    agent.add_channel("chat")
    agent.add_channel("+12186633772", ringing=True, voice="polly/Lupe")
    agent.add_channel("whatsapp", "1", access_token="t", config={"language": "es"})
    agent.add_channel(Channel("webrtc"))
    agent.configure_channel("chat", greeting="Hi", config=ConfigOptions(language="es"))
    agent.calls["CA1"].configure(voice={"provider": "polly", "voice_id": "Lupe"})
    agent.calls["CA1"].configure({"language": "es"})
