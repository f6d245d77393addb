"""Reading configurations in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinecall.core.config.methods import (
    agent_options,
    deploy_options,
)
from pinecall.errors import ConfigurationError
from pinecall.options import (
    AgentOptions,
    Channel,
)

TOKEN = "EAAGm0PX4ZCpsBAKZ"


class Tool:
    """Stands for a decorated function."""

    def __init__(self, name: str) -> None:
        self.name = name

    def to_wire(self) -> dict[str, object]:
        return {"type": "function", "function": {"name": self.name}}


def plain_function() -> None:
    """A function that nobody decorated."""


def agent(config: object = None, /, **options: Any) -> AgentOptions:
    return agent_options(config, options, agent_id="mara")[0]


def channels(config: object = None, /, **options: Any) -> list[Channel]:
    return agent_options(config, options, agent_id="mara")[1]


def deploy(config: object = None, /, **options: Any) -> AgentOptions:
    return deploy_options(config, options, agent_id="mara")[0]


def deployed(*given: object) -> list[Channel]:
    return deploy_options(None, {"channels": list(given)}, agent_id="mara")[1]


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as err:
        call()
    assert isinstance(err.value, ValueError)
    return str(err.value)
