"""A phone that rings until the program picks up, or not."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import ConfigurationError

from ..fronts.log import until
from .scene import CALLER, NUMBER, Scene


def ringing(scene: Scene, decide: Any = None) -> Any:
    agent = scene.agent(number=None, phone_number={"number": NUMBER, "ringing": True})
    if decide is not None:
        scene.do(agent.on, "call.ringing", decide)
    scene.emu.wait_frame("channel.add")
    return agent


def test_accept(scene: Scene) -> None:
    """The handler sees who rings; ``accept`` starts the call, and only the first word counts."""

    def decide(phone: Any) -> None:
        scene.notes((phone.from_, phone.to, phone.settled))
        phone.accept()
        phone.reject()
        scene.notes(phone.settled)

    ringing(scene, decide)
    assert scene.sent("channel.add")["ringing"] is True
    caller, call = scene.ring()
    assert scene.notes.items == [(CALLER, NUMBER, False), True]
    assert scene.sent("call.accept")["call_id"] == call.id == caller.id
    scene.got("call.ringing")
    scene.got("call.started")
    assert caller.answered
    assert not scene.frames("call.reject")


def test_reject(scene: Scene) -> None:
    """``reject`` refuses the call with its reason: it never starts."""
    ringing(scene, lambda phone: phone.reject("rejected"))
    caller = scene.emu.phone_call(to=NUMBER)
    assert caller.wait_ended() == "rejected"
    assert scene.sent("call.reject")["reason"] == "rejected"
    assert scene.got("call.rejected").reason == "rejected"
    assert "call.started" not in scene.names()


def test_busy_is_the_usual_reason(scene: Scene) -> None:
    """``reject()`` says busy; any other word than the two is refused."""
    ringing(scene, scene.notes)
    caller = scene.emu.phone_call(to=NUMBER)
    (phone,) = scene.notes.wait_count(1)
    with pytest.raises(ConfigurationError, match="busy"):
        scene.do(phone.reject, "tired")
    scene.do(phone.reject)
    assert caller.wait_ended() == "busy"
    assert phone.settled


def test_without_a_handler(scene: Scene) -> None:
    """Where nobody decides, the call is accepted at once."""
    ringing(scene)
    caller, _ = scene.ring()
    scene.sent("call.accept")
    assert caller.answered


@pytest.mark.parametrize("emu", [{"ringing_timeout": 0.1}], indirect=True)
def test_nobody_decides_in_time(scene: Scene) -> None:
    """A handler that does not decide: the server accepts by itself."""
    ringing(scene, scene.notes)
    caller, call = scene.ring()
    until(lambda: call.status == "active", "the call")
    assert caller.answered
    assert not scene.frames("call.accept")
