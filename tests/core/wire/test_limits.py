"""What a server can fill is bounded."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from pinecall.core.wire import limits
from pinecall.core.wire.names import SIGNATURES
from pinecall.errors import ProtocolError

from ..harness import Wire

IDS = {"agent_id": "mara", "call_id": "CA1"}
LONG = "x" * (limits.MAX_ID + 1)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


class TestNames:
    def test_unknown_events(self) -> None:
        """Nothing is kept of a name that a server thinks of; functions for * get it each time."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("*")
        own = wire.listen("*", on=call)
        agents = wire.listen("*", on=call.agent)
        for number in range(1000):
            wire.server(f"strange.{number}", **IDS)
        assert [item.name for _, item in heard] == [f"strange.{number}" for number in range(1000)]
        assert len(own) == len(agents) == 1000
        tables = (wire.engine.handlers, call.agent._handlers, call._handlers)
        kept = {name for table in tables for name in table.chains.known}
        assert kept <= set(SIGNATURES)

    def test_kinds_of_wrong_fields(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is reported once for each kind is reported for so many kinds, cut, and no more."""
        monkeypatch.setattr("pinecall.core.kernel.delivering.KINDS", 3)
        wire = Wire().up()
        told = wire.listen("error")
        for number in (1, 1, 2, 3, 4):
            wire.engine.report_once(f"{number}" * 1000, ProtocolError("odd"))
        wire.deliver()
        assert len(told) == 3
        assert {len(kind) for kind in wire.engine._reported} == {limits.KIND}


class TestIds:
    @pytest.mark.parametrize(
        "frame",
        [
            {"event": "call.started", "agent_id": "mara", "call_id": LONG},
            {"event": "call.dialing", "agent_id": "mara", "call_id": LONG, "to": "+15550001"},
            {"event": "llm.chat.started", "agent_id": "mara", "call_id": LONG},
            {"event": "whatsapp.session_started", "agent_id": "mara", "session_id": LONG},
        ],
        ids=lambda frame: frame["event"],
    )
    def test_of_calls(self, frame: dict[str, Any]) -> None:
        """A call with a long id is refused in few words, and kept nowhere."""
        wire = Wire()
        wire.agent()
        told = wire.listen("error")
        wire.server(frame)
        wire.server({**frame, "event": "call.ended", "call_id": LONG})
        ((_, error),) = told
        assert isinstance(error, ProtocolError)
        assert "an id of 257 characters, more than 256" in error.message
        assert len(error.message) < 200
        assert error.agent_id == "mara"
        assert wire.engine.registry.calls == {}
        assert wire.engine.registry.ended_owner(LONG) is None

    def test_of_the_longest_that_is_taken(self) -> None:
        """An id of 256 characters is one."""
        wire = Wire()
        assert wire.call(call_id=LONG[1:]).id == LONG[1:]

    def test_of_agents(self) -> None:
        """A long spelling of an agent's id is resolved, and not remembered."""
        wire = Wire()
        agent = wire.agent("a" * 300)
        registry = wire.engine.registry
        assert registry.owner("org:" + "a" * 300) is agent
        assert registry.owner("a" * 301) is None
        assert max(map(len, registry._spellings), default=0) <= limits.MAX_ID

    def test_of_messages(self) -> None:
        """A message with a long id is heard as one without; nothing is keyed by it."""
        wire = Wire()
        call = wire.call()
        heard = wire.listen("user.message", "message.confirmed")
        for _ in range(2):
            wire.server("user.message", **IDS, message_id=LONG, text="hi", turn_id=1)
            wire.server("message.confirmed", **IDS, message_id=LONG, text="yes")
            wire.server("message.confirmed", **IDS, message_id=LONG)
        assert len(heard) == 6
        assert [m["content"] for m in call.messages] == ["hi", "yes"] * 2
        assert call._conversation.ids() == {}

    def test_of_skills(self) -> None:
        """A call knows of so many skills, with names that can be remembered."""
        wire = Wire()
        call = wire.call()
        for number in range(limits.CALL_SKILLS + 10):
            wire.server("skill.loaded", **IDS, skill=f"s{number}")
        assert len(call.active_skills) == limits.CALL_SKILLS
        wire.server("skill.unloaded", **IDS, skill="s0")
        wire.server("skill.loaded", **IDS, skill=LONG)
        assert len(call.active_skills) == limits.CALL_SKILLS - 1


class TestCalls:
    def test_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Calls that begin and never end: beyond the bound they are reported, not taken; one that
        ends makes room."""
        monkeypatch.setattr("pinecall.core.lifecycle.LIVE_CALLS", 3)
        wire = Wire()
        wire.agent()
        told = wire.listen("error", "call.started")
        for number in range(5):
            wire.server("call.started", agent_id="mara", call_id=f"CA{number}")
        assert [name for name, *_ in told] == ["call.started"] * 3 + ["error"] * 2
        assert (told[3][1].code, told[3][1].call_id) == ("TOO_MANY_CALLS", "CA3")
        wire.server("call.ended", agent_id="mara", call_id="CA0")
        wire.server("call.started", agent_id="mara", call_id="CA9")
        assert list(wire.engine.registry.calls) == ["CA1", "CA2", "CA9"]

    def test_much_metadata(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the live calls hold of the frames that began them has a bound for all together; a call
        that ends makes room, and none is left when all have ended."""
        monkeypatch.setattr("pinecall.core.lifecycle.CALL_STARTS", 3500)
        wire = Wire()
        wire.agent()
        told = wire.listen("error")
        about = {"agent_id": "mara", "metadata": {"x": "y" * 1000}}
        for number in range(4):
            wire.server("call.started", call_id=f"CA{number}", **about)
        ((_, error),) = told
        assert (error.code, error.call_id) == ("TOO_MANY_CALLS", "CA3")
        assert "too much metadata" in error.message
        wire.server("call.ended", agent_id="mara", call_id="CA0")
        wire.server("call.dialing", agent_id="mara", call_id="CA4", to="+15550001")
        wire.server("call.started", call_id="CA4", **about)
        assert list(wire.engine.registry.calls) == ["CA1", "CA2", "CA4"]
        wire.server("call.dialing", agent_id="mara", call_id="CA5", to="+15550001")
        wire.server("call.started", call_id="CA5", **about)
        assert [error.call_id for _, error in told] == ["CA3", "CA5"]
        for call in list(wire.engine.registry.calls.values()):
            wire.server("call.ended", agent_id="mara", call_id=call.id)
        assert wire.engine.call_starts == 0

    def test_many_long_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was said on all calls has a bound too: the call that grows beyond it forgets half."""
        monkeypatch.setattr("pinecall.core.model.conversation.CALLS_TEXT", 10_000)
        wire = Wire()
        calls = [wire.call(call_id=f"CA{number}") for number in range(4)]
        for number in range(200):
            wire.server(
                "user.message",
                agent_id="mara",
                call_id=f"CA{number % 4}",
                message_id=f"u{number}",
                text="x" * 100,
                turn_id=1,
            )
        kept = sum(len(m["content"]) for call in calls for m in call.messages)
        assert 5_000 < kept <= 10_000
        assert wire.engine.call_text == kept
        for call in calls:
            wire.server("call.ended", agent_id="mara", call_id=call.id)
            call._conversation.remember("user", "late")
        assert wire.engine.call_text == 0

    def test_many_messages(self, caplog: pytest.LogCaptureFixture) -> None:
        """What was said first is forgotten, with its ids, and that is said once."""
        wire = Wire()
        call = wire.call()
        count = limits.CALL_MESSAGES + 1
        for number in range(count):
            wire.server("user.message", **IDS, message_id=f"u{number}", text=f"{number}", turn_id=1)
        kept = limits.CALL_MESSAGES // 2
        assert [m["content"] for m in call.messages] == [str(n) for n in range(count - kept, count)]
        assert len(call._conversation.ids()) == kept
        assert [w for w in warnings(caplog) if "the beginning is forgotten" in w] == [
            "call CA1 of agent 'mara': so much was said that the beginning is forgotten here"
        ]

    def test_much_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Long messages count by their length, a message that grows too; the newest one stays."""
        monkeypatch.setattr("pinecall.core.model.conversation.CALL_TEXT", 1000)
        wire = Wire()
        call = wire.call()
        for number in range(10):
            wire.server("user.message", **IDS, message_id=f"u{number}", text="x" * 300, turn_id=1)
        assert len(call.messages) <= 3
        for _ in range(10):
            wire.server("user.message", **IDS, message_id="u", text="y" * 2000 + "z", turn_id=1)
            wire.server("user.message", **IDS, message_id="u", text="y" * 2000, turn_id=1)
        assert [m["content"][0] for m in call.messages] == ["y"]

    def test_many_rounds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The rounds of tools count with what they ask and answer."""
        monkeypatch.setattr("pinecall.core.model.conversation.CALL_TEXT", 5000)
        wire = Wire()
        call = wire.call()
        for number in range(100):
            one = {"id": f"t{number}", "name": "nothing", "arguments": "x" * 500}
            wire.server("llm.tool_call", **IDS, msg_id=f"m{number}", tool_calls=[one])
        assert len(json.dumps(call.messages)) < 10_000

    def test_confirmations_without_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ids of messages of which nothing is known are forgotten too."""
        monkeypatch.setattr("pinecall.core.model.conversation.CALL_MESSAGES", 10)
        wire = Wire()
        call = wire.call()
        call._conversation.remember("user", "hello", "u1")
        for number in range(100):
            wire.server("message.confirmed", **IDS, message_id=f"b{number}")
        assert len(call._conversation.ids()) <= 11
        assert [m["content"] for m in call.messages] == ["hello"]

    @pytest.mark.parametrize("word", ["", "x" * 1000])
    def test_a_reply_without_end(self, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
        """The text of a reply so far has a bound, for empty words too; the next one begins anew."""
        monkeypatch.setattr("pinecall.core.model.call_state.BOT_TEXT", 2500)
        wire = Wire()
        call = wire.call()
        heard = wire.listen("bot.word")
        wire.server("bot.speaking", **IDS, message_id="b1", text="")
        for _ in range(3000):
            wire.server("bot.word", **IDS, message_id="b1", word=word)
        assert len(heard) == 3000
        assert len(call._bot_words) * (len(word) + 1) <= 2500
        wire.server("bot.speaking", **IDS, message_id="b2", text="")
        wire.server("bot.word", **IDS, message_id="b2", word="on")
        assert call.current_bot_text == "on"

    def test_a_chat_in_tokens(self) -> None:
        """Tokens are collected one by one, not copied with each, and bring their own spaces, on
        whatever call they come."""
        wire = Wire()
        wire.agent()
        wire.server("llm.chat.started", agent_id="mara", call_id="chat-1")
        wire.call(call_id="CA1")
        for call_id in ("chat-1", "CA1"):
            for token in ("How", " are", " you"):
                wire.server(
                    "llm.chat.chunk", agent_id="mara", call_id=call_id, message_id="b", token=token
                )
            call = wire.engine.registry.calls[call_id]
            assert call._bot_words == ["How", " are", " you"]
            assert call.current_bot_text == "How are you"


class TestChats:
    def test_an_answer_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tokens and tool calls beyond the bound are left out; the answer still comes."""
        monkeypatch.setattr("pinecall.core.calls.chat_requests.CHAT_ANSWER", 1000)
        wire = Wire().up()
        outcome = wire.engine.chats.ask("mara", "hi", session_id="s1", metadata=None, timeout=30.0)
        for _ in range(2000):
            wire.server("llm.chat.token", session_id="s1", token="ab")
            wire.server("llm.chat.tool_call", session_id="s1", tool_calls=[{"name": "n" * 100}])
        wire.server("llm.chat.done", session_id="s1")
        reply = outcome.result()
        assert len(reply.text) + len(json.dumps(reply.tool_calls)) < 1500
        assert reply.text.startswith("abab")
