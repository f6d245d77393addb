"""Chats: the agent's side, and a program that writes to an agent itself."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import NotConnected, RequestRejected, RequestTimeout

from ..fronts.log import DEADLINE, until
from .scene import Scene


def test_a_chat(scene: Scene) -> None:
    """A chat is a call without a voice: started, messages, the answer in pieces, ended."""
    agent = scene.model(number=None)
    chat = scene.emu.chat("mara", metadata={"userId": "u1"}, language="es")
    started = scene.got("chat.started")
    call = agent.call(chat.id)
    assert started.call_id == chat.id
    assert (call.transport, call.from_, call.to) == ("chat", "chat", "mara")
    assert (call.metadata, call.language) == ({"userId": "u1"}, "es")
    chat.say("gracias")
    assert chat.wait_reply() == "De nada."
    message = scene.got("user.message", text="gracias")
    assert (message.confidence, message.turn_id, message.raw["event"]) == (1.0, 0, "chat.message")
    assert scene.got("bot.speaking").raw["event"] == "llm.chat.chunk"
    chat.close()
    scene.got("call.ended")
    assert call.reason == "chat_completed"
    assert call.transcript == [
        {"role": "user", "content": "gracias"},
        {"role": "assistant", "content": "De nada."},
    ]
    assert "call.started" not in scene.names()
    scene.noticed("chat.response")


def test_an_answer_by_the_program(scene: Scene) -> None:
    """Without a model the program answers a chat: by ``reply``, or in pieces."""
    agent = scene.agent(number=None)

    def answer(event: Any, call: Any) -> None:
        if event.text == "stream":
            with call.reply_stream() as stream:
                for token in ("One ", "two."):
                    stream.write(token)
        else:
            call.reply(f"You wrote {event.text}")

    scene.do(agent.on, "user.message", answer)
    chat = scene.emu.chat("mara")
    chat.say("one")
    assert chat.wait_reply() == "You wrote one"
    answered = scene.items.wait_for(lambda item: item.name == "bot.speaking").event
    assert (answered.text, answered.raw["event"]) == ("You wrote one", "chat.response")
    chat.say("stream")
    assert chat.wait_reply() == "One two."


def test_greeting_in_chat(scene: Scene) -> None:
    """An agent greets in chats only where it was asked to."""
    scene.model(number=None, greeting="Hello", greeting_in_chat=True)
    assert scene.emu.chat("mara").wait_reply() == "Hello"
    assert scene.sent("agent.create")["greetingInChat"] is True


def test_hanging_up_a_chat(scene: Scene) -> None:
    """``hangup`` ends a chat."""
    scene.model(number=None)
    chat = scene.emu.chat("mara")
    call = scene.call(chat.id)
    scene.do(call.hangup)
    chat.wait_ended()
    scene.got("call.ended")
    assert call.status == "ended"


def test_history_of_a_chat(scene: Scene) -> None:
    """The requests of a call work on a chat."""
    scene.model(number=None, prompt="Be kind.")
    chat = scene.emu.chat("mara")
    call = scene.call(chat.id)
    scene.do(call.set_prompt, "Be brief.")
    chat.say("!prompt")
    assert chat.wait_reply() == "Be brief."
    assert len(scene.do(call.get_history)) == 2


def test_a_chat_that_fails(scene: Scene) -> None:
    """A chat that the server gives up ends with ``chat_error``, and handlers get the error's text."""
    scene.model(number=None)
    chat = scene.emu.chat("mara")
    call = scene.call(chat.id)
    frame = {"event": "llm.chat.error", "agent_id": "mara", "call_id": chat.id, "error": "no model"}
    scene.emu.send(frame)
    scene.got("call.ended")
    assert call.reason == "chat_error"
    assert "no model" in scene.errors.wait_count(1)[0].message


def test_a_chat_whose_start_was_missed(scene: Scene) -> None:
    """A chat that began before this process is taken up with its first piece."""
    agent = scene.model(number=None)
    scene.emu.fail("llm.chat.started", "ignore")
    chat = scene.emu.chat("mara")
    chat.say("thanks")
    chat.wait_reply()
    scene.items.wait_for(lambda item: item.name == "chat.started")
    scene.got("bot.speaking", text=" welcome.")
    assert agent.call(chat.id) is not None
    assert scene.names().count("chat.started") == 1


def test_writing_to_an_agent(scene: Scene) -> None:
    """``chat`` gives the agent's answer and the tools it used; the answer's id goes on with it."""
    agent = scene.model(number=None)
    reply = scene.do(scene.pc.chat, "mara", "thanks", metadata={"console": True})
    frame = scene.sent("llm.chat", text="thanks")
    assert frame["metadata"] == {"console": True}
    assert (reply.text, reply.model, reply.tool_calls) == ("You are welcome.", "emulator", [])
    assert reply.session_id == frame["session_id"]
    until(lambda: agent.call(reply.session_id), "the agent's side")
    assert agent.call(reply.session_id).metadata == {"console": True}
    again = scene.do(scene.pc.chat, "mara", '!tool x {"id": 1}', session_id=reply.session_id)
    assert again.tool_calls == [{"name": "x", "arguments": '{"id": 1}'}]
    assert again.session_id == reply.session_id
    assert len(agent.calls) == 1
    assert scene.got("llm.chat.token").session_id == reply.session_id
    assert scene.got("llm.chat.done").text == "You are welcome."
    assert scene.got("llm.chat.tool_call").tool_calls == again.tool_calls
    assert "Unknown tool" in scene.got("llm.chat.tool_result").result


def test_writing_to_an_agent_of_another_process(scene: Scene) -> None:
    """The agent may be any of the organisation's that is online."""
    scene.model(number=None)
    other = scene.front.client(scene.emu.url, scene.emu.api_key)
    scene.do(other.connect)
    assert scene.do(other.chat, "mara", "!say hello").text == "hello"
    assert scene.got("chat.started").call_id
    with pytest.raises(RequestRejected, match="Agent 'nobody' is not online"):
        scene.do(other.chat, "nobody", "thanks")


def test_an_agent_that_answers_itself(scene: Scene) -> None:
    """One process may be both: a handler of the agent may even ask another agent of its own."""
    scene.model("expert", None)
    agent = scene.agent("desk", None)

    def passed_on(event: Any, call: Any) -> Any:
        reply = yield lambda: scene.pc.chat("expert", event.text)
        call.reply(f"The expert says: {reply.text}")

    scene.do(agent.on, "user.message", scene.handler(passed_on))
    assert scene.do(scene.pc.chat, "desk", "thanks").text == "The expert says: You are welcome."


def test_messages_of_one_session(scene: Scene) -> None:
    """Several at once are sent one after the other, and each gets its own answer."""
    scene.model(number=None)
    words = ("one", "two", "three")
    pending = [
        scene.front.begin(scene.pc.chat, "mara", f"!say {word}", session_id="chat-one")
        for word in words
    ]
    assert [one.result(DEADLINE).text for one in pending] == list(words)
    assert len(scene.frames("llm.chat")) == 3


def test_no_answer_to_a_chat(scene: Scene) -> None:
    """A message fails: refused, not answered in time, or with the link, and then at once."""
    scene.model(number=None)
    scene.emu.fail("llm.chat", error="not today")
    with pytest.raises(RequestRejected, match="not today"):
        scene.do(scene.pc.chat, "mara", "thanks")
    scene.emu.fail("llm.chat", "ignore")
    with pytest.raises(RequestTimeout, match=r"no answer within 0\.05 s"):
        scene.do(scene.pc.chat, "mara", "thanks", timeout=0.05)
    scene.emu.fail("llm.chat", "ignore")
    pending = scene.front.begin(scene.pc.chat, "mara", "thanks", timeout=10 * DEADLINE)
    scene.sent("llm.chat", count=3)
    scene.cut()
    with pytest.raises(NotConnected, match="the link was lost"):
        pending.result(DEADLINE)
    with pytest.raises(NotConnected):
        scene.do(scene.pc.chat, "mara", "thanks")


def test_writing_by_a_raw_frame(scene: Scene) -> None:
    """``send`` does it too; its answers, and an error, are events only."""
    scene.model(number=None)
    frame = {"event": "llm.chat", "agent_id": "mara", "session_id": "chat-run-1", "text": "thanks"}
    scene.do(scene.pc.send, frame)
    assert scene.got("llm.chat.done").session_id == "chat-run-1"
    scene.do(scene.pc.send, {**frame, "text": "!fail no model"})
    assert "no model" in scene.errors.wait_count(1)[0].message
    assert scene.got("llm.chat.error").session_id == "chat-run-1"
