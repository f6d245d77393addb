"""The conversation as a person reads it."""

from __future__ import annotations

from pinecall.core.traces.facts import End
from pinecall.core.traces.transcript import transcript_of
from pinecall.errors import PinecallError

from .script import GREETING, TABLE, back, came, made, went


def test_a_conversation() -> None:
    """A line for each who spoke, with its second; tools where they began, waits with their parts."""
    trace = made(*GREETING, *TABLE, end=End(at=62.1, reason="hangup"), agent_id="mara")
    assert trace.transcript().splitlines() == [
        "call CA1 of mara: inbound phone, +34607827824 → +13186330963",
        "    0.5  agent   How can I help?",
        "    2.0  caller  a table for two",
        '    3.6          · find(party=2) → "20:30"  (0.30 s)',
        "    4.2  agent   At 20:30.  (1.20 s: end of turn 0.20, model 0.60, tools 0.30, other 0.10)",
        "   62.1  ended   hangup",
    ]


def test_what_went_wrong() -> None:
    """Interruptions, failed and unanswered tools and errors are shown where they happened."""
    trace = made(
        came(1.0, "chat.message", text="Hi"),
        went(1.0, "a"),
        went(1.0, "b", round_="m2"),
        back(1.5, "a", result={"error": "no table"}),
        came(2.0, "bot.speaking", message_id="m", text="Sorry"),
        came(2.5, "call.ended", reason="hangup"),
    )
    trace._errors.append((1.7, PinecallError("the tool find raised")))
    assert trace.transcript().splitlines()[1:] == [
        "    1.0  caller  Hi",
        "    1.0          · find(party=2) → error: no table  (0.50 s)",
        "    1.0          · find(party=2) … no result",
        "    1.7  error   the tool find raised",
        "    2.0  agent   … –  (1.00 s: tools 1.00)",
        "    2.5  ended   hangup",
    ]


def test_a_live_call() -> None:
    """A call that goes on has no end; one of which little is known says so."""
    trace = made(came(1.0, "user.message", turn_id=1, message_id="u1", text="Hello?"))
    assert trace.transcript().splitlines() == [
        "call CA1 of an unknown agent: inbound unknown, ? → ?",
        "    0.0  caller  Hello?",
    ]


def test_nothing_to_wait_for() -> None:
    """A wait too short for any part is a number alone."""
    trace = made(came(1.0, "chat.message", text="Hi"), came(1.001, "chat.response", text="Hello"))
    assert trace.transcript().splitlines()[2] == "    1.0  agent   Hello  (0.00 s)"


def test_a_terminal() -> None:
    """Nothing that was said can move a terminal's cursor or turn its direction."""
    trace = made(came(1.0, "chat.message", text="a\x1b[2J\nb\u202ec"))
    assert trace.transcript().splitlines()[1] == "    1.0  caller  a [2J b c"


def test_long_and_strange_arguments() -> None:
    """Long values are cut, and arguments that are no object are shown as they are."""
    calls = [{"id": "a", "name": "find", "arguments": "[1]"}]
    trace = made(came(1.0, "llm.tool_call", tool_calls=calls), back(2.0, "a", result="x" * 100))
    [line] = transcript_of("title", (), trace.tools, (), None).splitlines()[1:]
    assert line == f'    1.0          · find("[1]") → "{"x" * 79}…  (1.00 s)'
