"""What fails inside the engine is reported, and the engine goes on."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.errors import PinecallError

from .harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}


def test_our_own_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the SDK itself fail over a frame, it is reported and the stream goes on."""
    wire = Wire()
    call = wire.call()
    told = wire.listen("error", "bot.word")
    monkeypatch.setattr(call, "_skill_changed", None)
    wire.server("skill.loaded", **IDS, skill="x")
    wire.server("bot.word", **IDS, word="x")
    assert "the SDK's own handling of skill.loaded" in told[0][1].message
    assert told[1][0] == "bot.word"


def test_a_full_buffer() -> None:
    """An answer that finds no room is reported, and raises nothing at the reader."""
    wire = Wire().up()
    told = wire.listen("error")
    for size in ((4 << 20) - 100, 10):
        wire.pc.send({"event": "x", "text": "x" * size})
    for _ in range(10):
        wire.server("ping")
    assert {error.code for _, error in told} == {"SEND_BUFFER_FULL"}


def test_timers_that_fail() -> None:
    """Should a timer's action fail, it is reported, and the other deadlines are kept."""
    wire = Wire().up()
    told = wire.listen("error")
    rang: list[str] = []

    def raises(exc: Exception) -> Any:
        def action(late: float) -> None:
            raise exc

        return action

    for key, action in (
        ("a", raises(PinecallError("no room"))),
        ("b", raises(ValueError("ours"))),
        ("c", lambda late: rang.append("c")),
    ):
        wire.engine.timers.set(key, 1.0, action)
    wire.after(1.0)
    assert rang == ["c"]
    assert [error.message for _, error in told] == [
        "no room",
        "a timer of the SDK raised ValueError: ours",
    ]
