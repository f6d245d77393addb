"""The options of agents, lines, channels and reconnecting.

Every option may be given as a keyword, in the attrs class, or in a dict with Python or camelCase
keys.
"""

from __future__ import annotations

from .core.config.options import (
    AddChannelFields,
    AgentFields,
    AgentOptions,
    Channel,
    ConfigOptions,
    ConfigureChannelFields,
    DeployFields,
    DeployOptions,
    LineOptions,
    ReconnectPolicy,
)

__all__ = [
    "AddChannelFields",
    "AgentFields",
    "AgentOptions",
    "Channel",
    "ConfigOptions",
    "ConfigureChannelFields",
    "DeployFields",
    "DeployOptions",
    "LineOptions",
    "ReconnectPolicy",
]
