"""Options that type checkers refuse on both fronts: each line marked ``# E``, and no other."""

from __future__ import annotations

import pinecall
import pinecall_sync
from pinecall.options import DeployFields

pc = pinecall.Pinecall()
agent = pc.agent("mara")
call = agent.calls["CA1"]
bpc = pinecall_sync.Pinecall()
bagent = bpc.agent("mara")
bcall = bagent.calls["CA1"]

# Misspelt.
pc.deploy("mara", promt="You are Mara.")  # E
bpc.deploy("mara", promt="You are Mara.")  # E
pc.agent("mara", promt="You are Mara.")  # E
bpc.agent("mara", promt="You are Mara.")  # E
pc.line("+12186633772", voise="elevenlabs/sarah")  # E
bpc.line("+12186633772", voise="elevenlabs/sarah")  # E
agent.configure(promt="You are Mara.")  # E
bagent.configure(promt="You are Mara.")  # E
agent.configure_session("CA1", promt="You are Mara.")  # E
bagent.configure_session("CA1", promt="You are Mara.")  # E
agent.add_channel("chat", promt="You are Mara.")  # E
bagent.add_channel("chat", promt="You are Mara.")  # E
agent.configure_channel("chat", promt="You are Mara.")  # E
bagent.configure_channel("chat", promt="You are Mara.")  # E
call.configure(promt="You are Mara.")  # E
bcall.configure(promt="You are Mara.")  # E
pinecall.Channel("chat", promt="You are Mara.")  # E

# The platform's spelling belongs in a dict.
pc.deploy("mara", allowedOrigins=["https://example.com"])  # E
bagent.configure(promptVars={"name": "Mara"})  # E

# Of another method.
pc.agent("mara", channels=["chat"])  # E
bpc.agent("mara", model="gpt-4.1-mini")  # E
pc.line("+12186633772", prompt="You are Mara.")  # E
bagent.configure(allowed_origins=["https://example.com"])  # E
call.configure(history=None)  # E
bcall.configure(name="Mara")  # E
agent.configure_channel("chat", ringing=True)  # E

# Of another type.
pc.deploy("mara", prompt=1)  # E
bpc.deploy("mara", channels="chat", tools=3)  # E
pc.line("+12186633772", extension_window="2.5")  # E
agent.add_channel("phone", "+12186633772", ringing="yes")  # E
pc.deploy("mara", "You are Mara.")  # E
settings: DeployFields = {"promt": "You are Mara."}  # E
