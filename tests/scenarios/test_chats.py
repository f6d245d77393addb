"""Chats: the agent's side, and a program that writes to an agent itself."""

from __future__ import annotations

from typing import Any

from fronts.log import until

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
    scene.do(scene.call(chat.id).hangup)
    chat.wait_ended()
    scene.got("call.ended")


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
    """A chat that the server gives up ends with ``chat_error``, and the error's text is told."""
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
    """A program may write to an agent by a raw frame, and sees the answer as it is made."""
    agent = scene.model(number=None)
    frame = {"event": "llm.chat", "agent_id": "mara", "session_id": "chat-run-1", "text": "thanks"}
    scene.do(scene.pc.send, frame)
    assert scene.sent("llm.chat")["text"] == "thanks"
    assert scene.got("llm.chat.token").session_id == "chat-run-1"
    done = scene.got("llm.chat.done")
    assert (done.text, done.session_id) == ("You are welcome.", "chat-run-1")
    until(lambda: agent.call("chat-run-1"), "the agent's side")
    scene.do(scene.pc.send, {**frame, "text": '!tool lookup {"id": 1}'})
    assert scene.got("llm.chat.tool_call").tool_calls[0]["name"] == "lookup"
    assert "Unknown tool" in scene.got("llm.chat.tool_result").result
