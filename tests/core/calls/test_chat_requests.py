"""What this client asks agents itself: ``llm.chat`` and its answers."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall import ChatReply, ConfigurationError, NotConnected, RequestRejected, RequestTimeout
from pinecall.core.kernel.outcome import Outcome

from ..harness import Wire


def ask(wire: Wire, text: str = "Hi", **options: Any) -> Outcome[ChatReply]:
    options = {"session_id": "chat-x", "metadata": None, "timeout": 30.0, **options}
    outcome = wire.pc._place_chat("mara", text, **options)
    wire.settle()
    return outcome


def texts(wire: Wire) -> list[str]:
    return [frame["text"] for frame in wire.sent() if frame["event"] == "llm.chat"]


def test_the_frame() -> None:
    """One frame, with a new session's id unless one is given, and metadata only when given."""
    wire = Wire().up()
    ask(wire, metadata={"console": True})
    assert wire.sent() == [
        {
            "event": "llm.chat",
            "agent_id": "mara",
            "session_id": "chat-x",
            "text": "Hi",
            "metadata": {"console": True},
        }
    ]
    ask(wire, session_id=None)
    (frame,) = wire.sent()
    assert frame["session_id"].startswith("chat-")
    assert len(frame["session_id"]) == len("chat-") + 12
    assert "metadata" not in frame


def test_the_answer() -> None:
    """The text, model and tool calls of the answer, by its session."""
    wire = Wire().up()
    outcome = ask(wire)
    wire.server("llm.chat.started", session_id="chat-x", agent_id="mara", model="small")
    wire.server("llm.chat.token", session_id="chat-x", token="Hel", text="Hel")
    wire.server("llm.chat.tool_call", session_id="chat-x", tool_calls=[{"name": "a"}])
    wire.server("llm.chat.tool_result", session_id="chat-x", result="1")
    wire.server("llm.chat.tool_call", session_id="chat-x", tool_calls=[{"name": "b"}])
    assert not outcome.done
    wire.server("llm.chat.done", session_id="chat-other", text="not mine")
    assert not outcome.done
    wire.server("llm.chat.done", session_id="chat-x", text="Hello!", model="large")
    assert outcome.result() == ChatReply(
        "Hello!", "large", "chat-x", [{"name": "a"}, {"name": "b"}]
    )
    assert wire.engine.stats()["requests"] == 0
    assert len(wire.engine.timers) == len(Wire().up().engine.timers)


def test_an_answer_without_its_text() -> None:
    """Where the whole text is empty or missing, the tokens are it; the model is the first frame's."""
    wire = Wire().up()
    outcome = ask(wire)
    wire.server("llm.chat.started", session_id="chat-x", model="small")
    for token in ("Hel", "lo"):
        wire.server("llm.chat.token", session_id="chat-x", token=token)
    wire.server("llm.chat.done", session_id="chat-x", text="")
    assert outcome.result() == ChatReply("Hello", "small", "chat-x", [])
    again = ask(wire)
    for so_far in ("Hel", "Hello", None):
        wire.server("llm.chat.token", session_id="chat-x", text=so_far)
    wire.server("llm.chat.token", session_id="chat-x", text="Hello")
    wire.server("llm.chat.done", session_id="chat-x")
    assert again.result() == ChatReply("Hello", None, "chat-x", [])


@pytest.mark.parametrize("prefix", ["", "llm."])
def test_names_with_and_without_the_prefix(prefix: str) -> None:
    """``chat.token`` and the other answers are read like those that begin with ``llm.``."""
    wire = Wire().up()
    told = wire.listen("llm.chat.token", "llm.chat.done", "llm.chat.tool_call")
    outcome = ask(wire)
    wire.server(f"{prefix}chat.token", session_id="chat-x", token="Hel")
    wire.server(f"{prefix}chat.tool_call", session_id="chat-x", tool_calls=[{"name": "a"}])
    wire.server(f"{prefix}chat.done", session_id="chat-x")
    assert outcome.result() == ChatReply("Hel", None, "chat-x", [{"name": "a"}])
    assert [name for name, _, _ in told] == [
        "llm.chat.token",
        "llm.chat.tool_call",
        "llm.chat.done",
    ]
    failing = ask(wire)
    wire.server(f"{prefix}chat.error", session_id="chat-x", error="no")
    assert isinstance(failing.error, RequestRejected)


def test_a_garbled_token() -> None:
    """A token of another type than announced is reported as that, with or without the prefix."""
    wire = Wire().up()
    errors = wire.listen("error")
    wire.server("chat.token", session_id="chat-x", token=3)
    assert "chat.token" in errors[0][1].message


def test_a_garbled_answer() -> None:
    """An answer with a wrong field is an answer all the same."""
    wire = Wire().up()
    outcome = ask(wire)
    wire.server("llm.chat.done", session_id="chat-x", text="Hello!", model=7)
    assert outcome.result() == ChatReply("Hello!", None, "chat-x", [])


def test_a_refusal() -> None:
    """``llm.chat.error`` fails the message with the server's words; the session goes on."""
    wire = Wire().up()
    outcome = ask(wire)
    wire.server("llm.chat.error", session_id="chat-x", agent_id="mara", error="no model")
    with pytest.raises(RequestRejected, match=r"chat chat-x with agent 'mara' failed: no model"):
        outcome.result()
    assert isinstance(outcome.error, RequestRejected)
    assert outcome.error.agent_id == "mara"
    ask(wire, "again")
    assert texts(wire) == ["Hi", "again"]


def test_an_error_nobody_asked_for() -> None:
    """An error for a chat that was begun by a raw frame reaches the ``error`` handlers; one that
    names no chat only those of everything."""
    wire = Wire().up()
    errors = wire.listen("error")
    everything = wire.listen("*")
    wire.server("llm.chat.error", error="?")
    assert (errors, [item.name for _, item in everything]) == ([], ["llm.chat.error"])
    wire.server("llm.chat.error", session_id="s1")
    assert [(error.code, error.message) for _, error in errors] == [
        ("CHAT_ERROR", "chat s1 failed: no reason given")
    ]


def test_one_after_the_other() -> None:
    """Messages of one session wait for the answer of the one before; other sessions do not."""
    wire = Wire().up()
    first, second, third = ask(wire, "1"), ask(wire, "2"), ask(wire, "3")
    ask(wire, "other", session_id="chat-y")
    assert texts(wire) == ["1", "other"]
    assert wire.engine.stats()["requests"] == 4
    wire.server("llm.chat.done", session_id="chat-x", text="one")
    assert texts(wire) == ["2"]
    wire.server("llm.chat.error", session_id="chat-x", error="no")
    assert texts(wire) == ["3"]
    wire.server("llm.chat.done", session_id="chat-x", text="three")
    assert (first.result().text, third.result().text) == ("one", "three")
    assert isinstance(second.error, RequestRejected)


def test_silence() -> None:
    """No answer in time is a RequestTimeout, also for a message that waits for another."""
    wire = Wire().up()
    first, second = ask(wire, "1"), ask(wire, "2", timeout=10.0)
    wire.after(10)
    with pytest.raises(RequestTimeout, match="the one before it was not answered within 10 s"):
        second.result()
    wire.after(20)
    with pytest.raises(RequestTimeout, match="no answer within 30 s"):
        first.result()
    assert texts(wire) == ["1"]


def test_a_message_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    """A message that was not sent in its time, and is not waited for, leaves a line in the log."""
    wire = Wire().up()
    ask(wire, "1")
    waited_for = ask(wire, "2", timeout=5.0)
    waited_for.waiters.append(lambda: None)
    wire.after(5)
    assert not caplog.records
    ask(wire, "3", timeout=5.0)
    wire.after(5)
    assert "a message was not sent" in caplog.text


def test_a_late_answer_is_nobody_elses() -> None:
    """The answer to a message given up is discarded, and the next of its session waits for that."""
    wire = Wire().up()
    ask(wire, "1", timeout=5.0)
    wire.after(5)
    second = ask(wire, "2")
    assert texts(wire) == ["1"]
    wire.server("llm.chat.token", session_id="chat-x", token="late")
    wire.server("llm.chat.done", session_id="chat-x", text="late")
    assert texts(wire) == ["2"]
    wire.server("llm.chat.done", session_id="chat-x", text="two")
    assert second.result().text == "two"


def test_a_late_error_is_nobody_elses() -> None:
    """A late error is not taken for the next one's either; it is counted as dropped."""
    wire = Wire().up()
    errors = wire.listen("error")
    ask(wire, "1", timeout=5.0)
    wire.after(5)
    second = ask(wire, "2")
    wire.server("llm.chat.error", session_id="chat-x", error="late")
    assert (errors, second.done, wire.engine.stats()["dropped"]) == ([], False, 1)


def test_an_answer_that_never_comes() -> None:
    """A minute after the message was given up, its session is free again."""
    wire = Wire(ping_interval=None).up()
    ask(wire, "1", timeout=5.0)
    wire.after(5)
    ask(wire, "2", timeout=120.0)
    wire.after(59)
    assert texts(wire) == ["1"]
    wire.after(2)
    assert texts(wire) == ["2"]


def test_given_up() -> None:
    """A wait that is cancelled takes back an unsent message; a sent one's answer is discarded."""
    wire = Wire().up()
    first, second, third = ask(wire, "1"), ask(wire, "2"), ask(wire, "3")
    for outcome in (first, second):

        def wake() -> None: ...

        outcome.waiters.append(wake)
        outcome.leave(wake)
    with pytest.raises(RequestTimeout, match="given up"):
        second.result()
    wire.server("llm.chat.done", session_id="chat-x", text="one")
    assert texts(wire) == ["1", "3"]
    wire.server("llm.chat.done", session_id="chat-x", text="three")
    assert third.result().text == "three"


def test_the_link_is_lost() -> None:
    """Messages fail at once when the link is lost, sent or not; none can be asked while it is down."""
    wire = Wire().up()
    first, second = ask(wire, "1"), ask(wire, "2")
    wire.lost()
    for outcome in (first, second):
        with pytest.raises(NotConnected, match="the link was lost before the agent answered"):
            outcome.result()
    with pytest.raises(NotConnected, match="chat with mara"):
        ask(wire)
    wire.server("llm.chat.done", session_id="chat-x", text="late")
    assert wire.engine.stats()["requests"] == 0


def test_disconnecting() -> None:
    """disconnect() fails the messages that wait for an answer."""
    wire = Wire().up()
    outcome = ask(wire)
    wire.engine.disconnect()
    with pytest.raises(NotConnected, match="client_disconnect"):
        outcome.result()


def test_a_server_that_stops_reading() -> None:
    """A queued message whose turn comes while nothing can be written fails; nothing is stuck."""
    wire = Wire().up()
    ask(wire, "1")
    second, third = ask(wire, "2" * (4 << 20)), ask(wire, "3")
    wire.sent()
    wire.engine.outbox.transmit("{}", about="filler")
    wire.server("llm.chat.done", session_id="chat-x", text="one")
    with pytest.raises(NotConnected, match="stopped reading"):
        second.result()
    wire.server("llm.chat.done", session_id="chat-x", text="three")
    assert third.result().text == "three"
    assert wire.engine.stats()["requests"] == 0


def test_the_last_one_cannot_be_written() -> None:
    """The same for the last one of its session, which is free afterwards."""
    wire = Wire().up()
    ask(wire, "1")
    second = ask(wire, "2" * (4 << 20))
    wire.sent()
    wire.engine.outbox.transmit("{}", about="filler")
    wire.server("llm.chat.done", session_id="chat-x", text="one")
    assert isinstance(second.error, NotConnected)
    wire.engine.outgoing()
    ask(wire, "3")
    assert texts(wire) == ["3"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"text": ""}, "text is empty"),
        ({"text": 3}, "text must be a str"),
        ({"agent_id": ""}, "agent_id is empty"),
        ({"agent_id": None}, "agent_id must be a str"),
        ({"session_id": " "}, "session_id is empty"),
        ({"metadata": {"a": object()}}, "which JSON cannot carry"),
        ({"metadata": "x"}, "metadata must be a dict"),
        ({"timeout": None}, "timeout must be a number"),
    ],
)
def test_what_cannot_be_asked(wrong: dict[str, Any], message: str) -> None:
    """A wrong argument is refused before anything is sent, and named."""
    wire = Wire().up()
    options: dict[str, Any] = {
        "agent_id": "mara",
        "text": "Hi",
        "session_id": None,
        "metadata": None,
        "timeout": 30.0,
        **wrong,
    }
    with pytest.raises(ConfigurationError, match=message):
        wire.pc._place_chat(options.pop("agent_id"), options.pop("text"), **options)
    assert wire.sent() == []


def test_owner_and_requester_on_one_socket() -> None:
    """``call_id`` is the owner's and ``session_id`` the requester's: neither touches the other's."""
    wire = Wire()
    wire.agent()
    outcome = ask(wire)
    told = wire.listen("chat.started", "call.ended", "*")
    wire.server("llm.chat.started", session_id="chat-x", agent_id="mara", model="small")
    assert wire.engine.registry.calls == {}
    wire.server("llm.chat.started", call_id="chat-x", agent_id="mara")
    call = wire.engine.registry.calls["chat-x"]
    wire.server("llm.chat.error", session_id="chat-x", agent_id="mara", error="no answer")
    assert isinstance(outcome.error, RequestRejected)
    assert not call._over
    second = ask(wire)
    wire.server("llm.chat.error", call_id="chat-x", agent_id="mara", error="it is over")
    assert call.reason == "chat_error"
    assert not second.done
    named = [entry for entry in told if entry[0] != "*"]
    assert named == [("chat.started", call), ("call.ended", call, "chat_error")]


def test_an_agent_of_another_process() -> None:
    """Answers of an agent that is not here settle the message, and reach the handlers."""
    wire = Wire().up()
    told = wire.listen("llm.chat.token", "llm.chat.tool_result", "*")
    outcome = ask(wire)
    wire.server("llm.chat.started", session_id="chat-x", agent_id="mara")
    wire.server("llm.chat.token", session_id="chat-x", agent_id="mara", token="Hi")
    wire.server("llm.chat.tool_result", session_id="chat-x", agent_id="mara", result="1")
    wire.server("llm.chat.done", session_id="chat-x", agent_id="mara", text="Hi")
    assert outcome.result().text == "Hi"
    names = [entry[1].name if entry[0] == "*" else entry[0] for entry in told]
    assert names.count("llm.chat.token") == 2
    assert wire.engine.stats()["dropped"] == 0


def test_a_drain_waits_for_answers() -> None:
    """Draining lets what was asked be answered."""
    wire = Wire().up()
    outcome = ask(wire)
    drained = wire.pc._place_drain(30.0)
    wire.after(1)
    assert not drained.done
    wire.server("llm.chat.done", session_id="chat-x", text="Hi")
    wire.after(1)
    assert drained.done
    assert outcome.result().text == "Hi"


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("llm.chat.started", {"model": "gpt"}),
        ("llm.chat.token", {"token": "x"}),
        ("llm.chat.token", {"text": "x"}),
        ("llm.chat.tool_call", {"tool_calls": [{"name": "x"}]}),
        ("llm.chat.done", {"text": "x"}),
    ],
)
@pytest.mark.parametrize("session", ["s2", None])
def test_answers_of_other_sessions(event: str, fields: dict[str, Any], session: str | None) -> None:
    """An answer that names another session, or none, is no part of the answer that is awaited."""
    wire = Wire().up()
    outcome = ask(wire, session_id="s1")
    wire.server(event, session_id=session, **fields)
    assert not outcome.done
    wire.server("llm.chat.done", session_id="s1", text="Hello", model="mine")
    assert outcome.result() == ChatReply("Hello", "mine", "s1", [])
