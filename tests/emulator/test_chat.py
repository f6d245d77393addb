"""Chats, as the owner, the requester and a visitor see them."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.emulator.errors import EmulatorError
from pinecall.errors import CallEnded

from .test_tools import answer
from .world import LOOKUP, Client, World


def test_the_owner_sees_a_chat(world: World, client: Client) -> None:
    """The owner gets the start, the message, the tokens, the whole answer, and the end with the history."""
    client.agent(language="es")
    chat = world.chat(metadata={"userId": "u1"})
    chat.say("gracias")
    world.pump()
    chat.end("closed")
    world.pump()
    assert client.names()[3:] == [
        "llm.chat.started", "chat.message", "llm.chat.chunk", "llm.chat.chunk", "chat.response", "llm.chat.ended",
    ]  # fmt: skip
    started = client.last("llm.chat.started")
    assert (started["metadata"], started["language"]) == ({"userId": "u1"}, "es")
    assert client.last("chat.message")["message_id"] == ""
    assert "".join(f["token"] for f in client.events("llm.chat.chunk")) == "De nada."
    assert client.last("chat.response")["text"] == "De nada."
    assert [m["role"] for m in client.last("llm.chat.ended")["messages"]] == ["user", "assistant"]
    with pytest.raises(CallEnded):
        chat.say("more")


def test_the_greeting_comes_only_when_asked_for(world: World, client: Client) -> None:
    """A chat begins with the greeting only if greetingInChat is set."""
    client.agent(greeting="Hi")
    assert world.chat().heard == []
    client.agent(greeting="Hi {{x}}", greetingInChat=True, vars={"x": "you"})
    assert [h.text for h in world.chat().heard] == ["Hi you"]


def test_messages_of_a_chat_are_answered_in_order(world: World, client: Client) -> None:
    """The second message waits until the first is answered."""
    client.agent(tools=[LOOKUP])
    chat = world.chat()
    chat.say("!tool lookup_order {}")
    chat.say("thanks")
    world.pump()
    assert len(client.events("chat.message")) == 1
    answer(client, {"status": "late"})
    assert [h.text for h in chat.heard] == ["The status is late.", "You are welcome."]


def test_no_barrier_in_chats_unless_asked_for(world: World, client: Client) -> None:
    """llm.before is sent only when the agent opted in."""
    for preparing, count in ((None, 0), (True, 1)):
        client.send(
            "agent.create",
            agent_id="mara",
            llm="x",
            **({} if preparing is None else {"preparing": preparing}),
        )
        chat = world.chat()
        chat.say("hello")
        world.pump()
        assert len(client.events("llm.before")) == count
        assert chat.heard[-1].text == "Hello! How can I help you?"


def test_an_app_answers_its_own_chat(world: World, client: Client) -> None:
    """Without a model a chat is answered by bot.reply or by a stream."""
    client.agent(llm=None)
    chat = world.chat()
    chat.say("hello")
    world.pump()
    client.send("bot.reply", call_id=chat.id, message_id="msg_1", text="Hi", in_reply_to="x")
    assert client.names()[-2:] == ["chat.response", "bot.finished"]
    chat.say("and?")
    world.pump()
    for action, more in (
        ("start", {"in_reply_to": ""}),
        ("chunk", {"token": "We"}),
        ("chunk", {"token": "ll"}),
        ("end", {}),
    ):
        client.send("bot.reply.stream", call_id=chat.id, message_id="msg_2", action=action, **more)
    assert [h.text for h in chat.heard] == ["Hi", "Well"]


def ask(
    client: Client, text: str, session: str = "chat-run-x", **more: Any
) -> list[dict[str, Any]]:
    """Send llm.chat; returns the frames that came back."""
    before = len(client.inbox)
    client.send("llm.chat", agent_id="mara", session_id=session, text=text, **more)
    return client.inbox[before:]


def test_a_requester_talks_to_an_agent(world: World, client: Client) -> None:
    """It gets started once, tokens with the text so far, and done; the owner sees its id as call id."""
    client.agent()
    requester = world.client()
    frames = ask(requester, "thanks", metadata={"console": True})
    assert [f["event"] for f in frames] == [
        "llm.chat.started",
        "llm.chat.token",
        "llm.chat.token",
        "llm.chat.token",
        "llm.chat.done",
    ]
    assert {f["session_id"] for f in frames} == {"chat-run-x"}
    assert (frames[2]["token"], frames[2]["text"]) == (" are", "You are")
    assert frames[-1]["text"] == "You are welcome."
    assert client.last("llm.chat.started")["call_id"] == "chat-run-x"
    assert client.last("llm.chat.started")["metadata"] == {"console": True}
    assert ask(requester, "thanks")[0]["event"] == "llm.chat.token"


def test_the_requester_sees_the_tools(world: World, client: Client) -> None:
    """The requester gets tool calls and results to show; the owner runs the tools."""
    client.agent(tools=[LOOKUP])
    requester = world.client()
    ask(requester, '!tool lookup_order {"order_id": "A-1"}')
    answer(client, {"status": "late"})
    shown = requester.last("llm.chat.tool_call")["tool_calls"]
    assert shown == [{"name": "lookup_order", "arguments": '{"order_id": "A-1"}'}]
    assert requester.last("llm.chat.tool_result")["result"] == '{"status":"late"}'
    assert requester.last("llm.chat.done")["text"] == "The status is late."


def test_requests_that_cannot_be_are_errors(world: World, client: Client) -> None:
    """An unknown agent, another's session and a failing model are answered by errors."""
    requester = world.client()
    assert ask(requester, "hi")[0] == {
        "event": "llm.chat.error", "session_id": "chat-run-x", "error": "Agent 'mara' is not online",
    }  # fmt: skip
    client.agent()
    ask(requester, "hi")
    assert ask(world.client(), "hi")[0]["event"] == "llm.chat.error"
    assert ask(requester, "!fail no")[-1]["event"] == "llm.chat.error"
    assert ask(requester, "thanks")[-1]["event"] == "llm.chat.done"


def test_a_requester_that_leaves_ends_its_chats(world: World, client: Client) -> None:
    """Its chats end, and the owner is notified."""
    client.agent()
    requester = world.client()
    ask(requester, "hi")
    requester.gone()
    assert client.names()[-1] == "llm.chat.ended"


def test_a_visitor_needs_something_to_say(world: World, client: Client) -> None:
    """Empty text is refused."""
    client.agent()
    with pytest.raises(EmulatorError, match="needs a text"):
        world.chat().say("  ")
