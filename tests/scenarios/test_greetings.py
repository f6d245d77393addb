"""What a caller hears first."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import ConfigurationError

from ..fronts.driving import Asyncio
from .scene import Scene


def test_a_text(scene: Scene) -> None:
    """A text is spoken by the server, with the agent's variables filled in."""
    scene.model(greeting="Hello, {{who}} here", prompt_vars={"who": "Mara"})
    caller, _ = scene.ring()
    assert caller.wait_reply() == "Hello, Mara here"
    assert not scene.frames("bot.reply")


@pytest.mark.parametrize(("language", "text"), [("es", "Hola"), ("en", "Hello"), (None, "Hello")])
def test_a_text_for_each_language(scene: Scene, language: str | None, text: str) -> None:
    """A map goes out whole, and the call's language chooses."""
    scene.model(greeting={"en": "Hello", "es": "Hola"}, language="en")
    caller, _ = scene.ring(language=language)
    assert caller.wait_reply() == text
    assert scene.sent("agent.create")["greeting"] == {"en": "Hello", "es": "Hola"}


def test_a_function(scene: Scene) -> None:
    """A function gets the call and gives the text; it is asked for each call and never sent."""
    scene.model(greeting=lambda call: f"Hello {call.from_}")
    for _ in range(2):
        caller, call = scene.ring()
        assert caller.wait_reply() == f"Hello {call.from_}"
    assert "greeting" not in scene.sent("agent.create")
    assert scene.sent("bot.reply")["add_to_history"] is True


def test_a_function_that_waits(scene: Scene) -> None:
    """A coroutine function is awaited; the blocking front refuses it, with the way out."""

    async def greeting(call: Any) -> dict[str, Any]:
        return {"text": f"Hello {call.transport}", "add_to_history": False}

    if not isinstance(scene.front, Asyncio):
        with pytest.raises(ConfigurationError, match="async def"):
            scene.model(greeting=greeting)
        return
    scene.model(greeting=greeting)
    caller, _ = scene.ring()
    assert caller.wait_reply() == "Hello phone"
    assert "add_to_history" not in scene.sent("bot.reply")


def test_a_function_that_fails(scene: Scene) -> None:
    """A greeting that raises, or gives no text, is reported; the call goes on."""

    def greeting(call: Any) -> Any:
        return 7 if call.language == "es" else 1 / 0

    scene.model(greeting=greeting)
    caller, _ = scene.ring()
    assert "ZeroDivisionError" in scene.errors.wait_count(1)[0].message
    scene.ring(language="es")
    assert "not a str" in scene.errors.wait_count(2)[1].message
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."


def test_no_greeting_on_calls_we_made(scene: Scene) -> None:
    """A greeting function is for callers: a dialled number hears what ``dial`` was given."""
    agent = scene.model(greeting=lambda call: "Hello caller")

    scene.do(agent.dial, "+14155551234", greeting="Hello callee")
    callee = scene.emu.wait_dialled("+14155551234")
    assert callee.wait_reply() == "Hello callee"
    assert callee.heard == ["Hello callee"]
