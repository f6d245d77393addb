"""The keywords that editors and type checkers know."""

from __future__ import annotations

import attrs

from pinecall.core.config import option_types
from pinecall.core.config.channels import CHANNEL
from pinecall.core.config.shared import CONFIG
from pinecall.core.config.table import table_of
from pinecall.options import (
    AddChannelFields,
    AgentFields,
    AgentOptions,
    ConfigOptions,
    ConfigureChannelFields,
    DeployFields,
    DeployOptions,
    LineOptions,
)


def test_tables_agree() -> None:
    """Classes, checks and keyword types name the same fields."""

    def names(cls: type) -> set[str]:
        return {field.name for field in attrs.fields(cls)}

    assert names(ConfigOptions) == set(CONFIG) == set(option_types.ConfigFields.__annotations__)
    assert names(AgentOptions) == set(AgentFields.__annotations__)
    assert names(DeployOptions) == set(DeployFields.__annotations__)
    assert (
        names(LineOptions)
        == set(table_of(LineOptions))
        == set(option_types.LineFields.__annotations__)
    )
    extra = set(option_types.ChannelFields.__annotations__) - set(CONFIG)
    assert extra == set(CHANNEL)
    assert set(AddChannelFields.__annotations__) == {*CONFIG, *CHANNEL}
    assert set(ConfigureChannelFields.__annotations__) == set(CONFIG)
