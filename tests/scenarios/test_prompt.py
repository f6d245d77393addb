"""The server's model: its history and its prompt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pinecall import ConfigurationError, NotConnected, RequestRejected, RequestTimeout
from pinecall.core.kernel.requests import Requests

from .scene import Scene

TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def test_history(scene: Scene) -> None:
    """History is read, appended to, replaced and cleared; changes give the number of messages."""
    scene.model()
    _, call = scene.ring()
    assert scene.do(call.get_history) == []
    assert scene.do(call.add_history, TALK) == 2
    assert scene.do(call.add_history, TALK[0]) == 3
    assert scene.do(call.get_history) == [*TALK, TALK[0]]
    assert scene.do(call.set_history, TALK[:1]) == 1
    assert scene.do(call.clear_history) == 0
    asked = [scene.sent(f"history.{verb}") for verb in ("get", "add", "set", "clear")]
    assert len({frame["request_id"] for frame in asked}) == 4
    assert all(frame["call_id"] == call.id for frame in asked)
    scene.got("history.data")
    scene.got("history.updated", count=1)


def test_prompt(scene: Scene, tmp_path: Path) -> None:
    """Prompt, variables and context of one call are what its next answer is made from."""
    scene.model(prompt="You are Mara.", prompt_vars={"name": "nobody"})
    caller, call = scene.ring()
    scene.do(call.set_prompt, "Talk to {{name}}, {{age}}.")
    scene.do(call.set_prompt_vars, {"name": "Ana", "age": 30})
    scene.do(call.add_context, "She is a VIP.")
    scene.do(call.add_context, "She likes tea.")
    assert scene.sent("history.set_instructions")["prompt"] == "Talk to {{name}}, {{age}}."
    assert scene.sent("history.set_vars")["vars"] == {"name": "Ana", "age": "30"}
    assert scene.sent("history.add_context", count=2)["text"] == "She likes tea."
    caller.say("!prompt")
    assert caller.wait_reply() == "Talk to Ana, 30. She is a VIP. She likes tea."
    path = tmp_path / "prompt.txt"
    path.write_text("Pórtate bien.", encoding="utf-8")
    scene.do(call.set_prompt_file, path)
    assert scene.sent("history.set_instructions", count=2)["prompt"] == "Pórtate bien."
    with pytest.raises(ConfigurationError, match="missing"):
        scene.do(call.set_prompt_file, tmp_path / "missing.txt")


def test_refusal(scene: Scene) -> None:
    """A refused request raises RequestRejected with the server's reason, the call and the agent."""
    scene.agent()
    _, call = scene.ring()
    with pytest.raises(RequestRejected, match=f"get_history on call {call.id} of agent 'mara'"):
        scene.do(call.get_history)
    scene.emu.fail("history.add", error="not today")
    with pytest.raises(RequestRejected, match="not today"):
        scene.do(call.add_history, TALK)


def test_timeout(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request without an answer raises RequestTimeout; the late answer settles nobody else's."""
    scene.model()
    _, call = scene.ring()
    scene.emu.fail("history.get", "delay", delay=0.3)
    deadline = Requests._deadline
    monkeypatch.setattr(Requests, "_deadline", lambda s, request, _: deadline(s, request, 0.1))
    with pytest.raises(RequestTimeout, match=r"no history\.data within"):
        scene.do(call.get_history)
    monkeypatch.undo()
    scene.got("history.data")
    assert scene.do(call.add_history, TALK) == 2
    assert scene.do(call.get_history) == TALK


def test_answers_in_another_order(scene: Scene) -> None:
    """Requests in flight get their own answers, whatever order those come in."""
    scene.model()
    _, call = scene.ring()
    scene.emu.fail("history.add", "reorder")
    first = scene.front.begin(call.add_history, TALK)
    scene.sent("history.add")
    second = scene.front.begin(call.add_history, TALK[:1])
    assert (second.result(10), first.result(10)) == (1, 3)
    assert scene.do(call.get_history) == [TALK[0], *TALK]


def test_many_at_once(scene: Scene) -> None:
    """Twenty requests at once are all answered."""
    scene.model()
    _, call = scene.ring()
    asked = [scene.front.begin(call.add_history, TALK[:1]) for _ in range(20)]
    assert sorted(answer.result(10) for answer in asked) == list(range(1, 21))


def test_a_repeated_answer(scene: Scene) -> None:
    """An answer that comes twice settles its request only."""
    scene.model()
    _, call = scene.ring()
    scene.emu.fail("history.set", "repeat")
    assert scene.do(call.set_history, TALK) == 2
    scene.got("history.updated", count=2)
    assert scene.do(call.add_history, TALK) == 4


def test_a_forgotten_await(scene: Scene) -> None:
    """A request is on its way when its method returns: nobody has to wait for the answer."""
    scene.model()
    _, call = scene.ring()

    def forget() -> None:
        call.set_prompt("Be brief.")

    scene.do(forget)
    assert scene.sent("history.set_instructions")["prompt"] == "Be brief."
    assert scene.emu.calls[call.id].prompt == "Be brief."


def test_requests_in_a_handler(scene: Scene) -> None:
    """A handler may wait for the server; the next event of its call comes after it."""
    agent = scene.model()

    def started(call: Any) -> Iterator[Any]:
        yield lambda: call.set_prompt("Talk to Ana.")
        scene.notes((yield call.get_history))

    scene.do(agent.on, "call.started", scene.handler(started))
    caller, _ = scene.ring()
    scene.notes.wait_for([])
    caller.say("!prompt")
    assert caller.wait_reply() == "Talk to Ana."


@pytest.mark.parametrize("front", ["asyncio"], indirect=True)
def test_a_cancelled_request(scene: Scene) -> None:
    """A task (a thread cannot be) that waits for an answer is cancelled; the link goes on."""
    scene.model()
    _, call = scene.ring()
    scene.emu.fail("history.get", "delay", delay=0.2)
    waiting = scene.front.begin(call.get_history)
    scene.sent("history.get")
    waiting.cancel()
    scene.got("history.data")
    assert scene.do(call.add_history, TALK) == 2


def test_requests_without_a_link(scene: Scene) -> None:
    """A question needs the link; a change is kept, sent after the reconnect, and answered then."""
    scene.model()
    _, call = scene.ring()
    scene.cut()
    with pytest.raises(NotConnected):
        scene.do(call.get_history)
    answer = scene.front.begin(call.add_history, TALK)
    scene.mend()
    assert answer.result(10) == 2
    assert len(scene.frames("history.add")) == 1


def test_requests_of_an_ended_call(scene: Scene) -> None:
    """The end of the call fails what still waits for an answer, at once."""
    scene.model()
    caller, call = scene.ring()
    scene.emu.fail("history.get", "ignore")
    waiting = scene.front.begin(call.get_history)
    scene.sent("history.get")
    caller.hangup()
    with pytest.raises(scene.front.module.CallEnded, match="is over"):
        waiting.result(10)


@pytest.mark.parametrize("messages", ["Hi", [{"content": "Hi"}], 7])
def test_bad_messages(scene: Scene, messages: Any) -> None:
    """What is not a list of messages is refused before anything is sent."""
    scene.model()
    _, call = scene.ring()
    with pytest.raises(ConfigurationError, match=r"role"):
        scene.do(call.add_history, messages)
    assert not scene.frames("history.add")
