"""Turns as flat rows."""

from __future__ import annotations

from .script import GREETING, TABLE, made


def test_rows() -> None:
    """Each turn is a row, all have the same keys, and every value is a plain one."""
    greeting, table = made(*GREETING, *TABLE, agent_id="mara").rows()
    assert list(greeting) == list(table) == [
        "call_id", "agent_id", "transport", "direction", "started_at",
        "turn", "heard", "heard_from", "heard_to", "said", "said_from", "said_to", "interrupted",
        "tools", "wait", "wait_end_of_turn", "wait_model", "wait_tools", "wait_voice", "wait_other",
    ]  # fmt: skip
    assert (greeting["wait"], greeting["wait_model"], greeting["tools"]) == (None, None, "")
    assert (table["call_id"], table["turn"], table["tools"]) == ("CA1", 1, "find")
    assert {type(value) for row in (greeting, table) for value in row.values()} <= {
        str, int, float, bool, type(None),
    }  # fmt: skip
