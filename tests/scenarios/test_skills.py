"""Skills, and the turn that waits for ``call.preparing``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import ConfigurationError, Skill, tool

from ..fronts.log import DEADLINE
from .scene import Scene


@tool
def reserve(day: str) -> dict[str, str]:
    """Reserve a table."""
    return {"reserved": day}


BOOKING = Skill("booking", "Tables", instructions="Ask for the day.", tools=[reserve])
QUIET = Skill("quiet", "Whisper", instructions="Whisper.", activation="manual")


def test_skills_by_hand(scene: Scene) -> None:
    """Loading a skill offers its tools and instructions from the next answer on; unloading ends it."""
    scene.model(prompt="You are Mara.", skills=[BOOKING, QUIET])
    caller, call = scene.ring()
    caller.say("!tools")
    assert "reserve" not in caller.wait_reply()
    scene.do(call.load_skill, "booking")
    assert scene.sent("skill.load")["skill"] == "booking"
    loaded = scene.got("skill.loaded")
    assert (loaded.skill, loaded.by) == ("booking", "manual")
    assert call.active_skills == ["booking"]
    caller.say("!prompt")
    assert caller.wait_reply() == "You are Mara. Ask for the day."
    caller.say('!tool reserve {"day": "Friday"}')
    assert caller.wait_reply() == "The reserved is Friday."
    scene.do(call.unload_skill, "booking")
    assert scene.sent("skill.unload")["skill"] == "booking"
    assert scene.got("skill.unloaded").skill == "booking"
    assert call.active_skills == []
    declared = scene.sent("agent.create")["skills"]
    assert [skill["activation"] for skill in declared] == ["model", "manual"]
    assert declared[0]["tools"][0]["function"]["name"] == "reserve"


def test_skills_loaded_by_the_model(scene: Scene) -> None:
    """The model's own loading never reaches the tools: only ``skill.loaded`` reports it."""
    scene.model(skills=[BOOKING, QUIET])
    caller, call = scene.ring()
    caller.say('!tool loadSkill {"name": "booking"}')
    assert caller.wait_reply() == "Done."
    assert scene.got("skill.loaded").by == "model"
    assert call.active_skills == ["booking"]
    assert "llm.tool_call" not in scene.names(call)
    caller.say('!tool loadSkill {"name": "quiet"}')
    assert caller.wait_reply().startswith("That did not work")
    assert call.active_skills == ["booking"]


def test_a_skill_that_is_added(scene: Scene) -> None:
    """``agent.skill`` adds a skill or replaces the one of its name, and sends the whole list."""
    agent = scene.model(skills=[QUIET])
    scene.do(agent.skill, BOOKING)
    frame = scene.sent("agent.configure")
    assert [skill["name"] for skill in frame["skills"]] == ["quiet", "booking"]
    scene.do(agent.skill, {"name": "quiet", "description": "Shout"})
    frame = scene.sent("agent.configure", count=2)
    assert {skill["name"]: skill["description"] for skill in frame["skills"]} == {
        "quiet": "Shout",
        "booking": "Tables",
    }
    caller, call = scene.ring()
    scene.do(call.load_skill, "unknown")
    error = scene.errors.wait_for(lambda error: error.code == "SKILL_NOT_FOUND")
    assert "unknown" in error.message
    caller.hangup()
    with pytest.raises(ConfigurationError):
        scene.do(agent.skill, "booking")


def test_preparing_holds_the_turn(scene: Scene) -> None:
    """What a preparing handler changes, and waits for, is in effect for the turn that it holds."""
    agent = scene.model(prompt="Talk to {{name}}.", preparing=True)

    def prepare(call: Any) -> Iterator[Any]:
        history = yield call.get_history
        yield lambda: call.set_prompt_vars({"name": f"caller {len(history)}"})

    scene.do(agent.on, "call.preparing", scene.handler(prepare))
    caller, call = scene.ring()
    caller.say("!prompt")
    assert caller.wait_reply() == "Talk to caller 1."
    ready = scene.sent("llm.ready")
    assert (ready["call_id"], ready["agent_id"], ready["turn"]) == (call.id, "mara", 1)
    names = [frame["event"] for frame in scene.emu.frames]
    assert names.index("history.set_vars") < names.index("llm.ready")
    scene.got("call.preparing")
    caller.say("!prompt")
    assert caller.wait_reply() == "Talk to caller 3."
    assert scene.sent("llm.ready", count=2)["turn"] == 2


def test_without_handlers_the_turn_is_not_held(scene: Scene) -> None:
    """An agent that nobody prepares says ready at once."""
    scene.model(preparing={"timeout_ms": 5000})
    caller, _ = scene.ring()
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    scene.sent("llm.ready")
    assert "call.preparing_timeout" not in scene.names()


def test_a_preparing_handler_that_raises(scene: Scene) -> None:
    """A handler that fails holds the turn no longer; its error is reported."""
    agent = scene.model(preparing={"timeout_ms": 5000})

    def prepare(call: Any) -> None:
        raise KeyError("crm")

    scene.do(agent.on, "call.preparing", prepare)
    caller, _ = scene.ring()
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    assert "crm" in scene.errors.wait_count(1)[0].message
    assert "call.preparing_timeout" not in scene.names()


def test_a_preparing_handler_that_hangs(scene: Scene) -> None:
    """A handler that hangs never holds the turn for ever: ready is said when the time is up."""
    release = threading.Event()
    agent = scene.model(preparing={"timeout_ms": 100})

    def hangs() -> None:
        release.wait(DEADLINE)

    def prepare(call: Any) -> Iterator[Any]:
        if scene.front.name == "asyncio":
            import asyncio

            yield lambda: asyncio.sleep(DEADLINE)
        else:
            yield hangs

    scene.do(agent.on, "call.preparing", scene.handler(prepare))
    caller, _ = scene.ring()
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    scene.sent("llm.ready")
    assert len(scene.frames("llm.ready")) == 1
    release.set()


def test_the_server_tells_of_a_late_ready(scene: Scene) -> None:
    """A turn that went on without ready fires ``call.preparing_timeout``."""
    scene.model(preparing={"timeout_ms": 50})
    scene.emu.fail("llm.ready", "ignore")
    caller, call = scene.ring()
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    late = scene.got("call.preparing_timeout")
    assert (late.call_id, late.turn, late.budget_ms) == (call.id, 1, 50)
    assert late.waited_ms >= 50
    scene.noticed("llm.preparing_timeout")


def test_preparing_switched_off(scene: Scene) -> None:
    """``preparing=False`` has no barrier: the handler is not asked."""
    agent = scene.model(preparing=False)
    scene.do(agent.on, "call.preparing", lambda call: scene.notes("asked"))
    caller, _ = scene.ring()
    caller.say("thanks")
    caller.wait_reply()
    assert scene.notes.items == []
    assert not scene.frames("llm.ready")
