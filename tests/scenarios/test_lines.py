"""Numbers answered by the program: keys, words, extensions, and the hand-over to an agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pinecall import CallEnded, ConfigurationError, Heard, RegistrationError

from ..fronts.log import until
from .scene import CALLER, NUMBER, Scene


def answering(scene: Scene, steps: Callable[[Any], Iterator[Any]], **options: Any) -> Any:
    """A line whose calls are answered by ``steps``."""
    line = scene.line(**options)
    scene.do(line.on, "call", scene.handler(steps))
    return line


def test_a_line(scene: Scene) -> None:
    """A line claims its number with its configuration; its calls know who rang."""
    line = answering(scene, _say("Welcome"), stt="soniox", voice="elevenlabs/sarah", language="en")
    config = scene.sent("line.create")["config"]
    assert (config["stt"], config["voice"], config["language"]) == (
        "soniox",
        "elevenlabs/sarah",
        "en",
    )
    assert config["extension_window_ms"] == 2500
    assert scene.got("line.created").number == NUMBER
    caller = scene.emu.phone_call(to=NUMBER, from_=CALLER)
    assert caller.wait_reply() == "Welcome"
    scene.got("call")
    call = scene.call(caller.id)
    assert line.calls[caller.id] is call
    assert (call.from_, call.to, call.agent, call.routed) == (CALLER, NUMBER, line, False)
    assert call.extension is None
    caller.hangup()
    until(lambda: not line.calls, "the end")
    assert scene.pc.line(NUMBER) is line


def rung(scene: Scene, line: Any) -> tuple[Any, Any]:
    """A caller and the line's call: its handler may be at work already, and hold up others."""
    caller = scene.emu.phone_call(to=NUMBER, from_=CALLER)
    return caller, until(lambda: line.calls.get(caller.id), "the line's call")


def _say(text: str) -> Callable[[Any], Iterator[Any]]:
    def steps(call: Any) -> Iterator[Any]:
        yield lambda: call.say(text)

    return steps


def test_what_a_line_refuses(scene: Scene) -> None:
    """A line has no model: its options are refused where they are given."""
    scene.connected()
    for option in ("llm", "prompt", "tools", "greeting"):
        with pytest.raises(ConfigurationError, match=option):
            scene.pc.line(NUMBER, **{option: "x"})
    with pytest.raises(ConfigurationError):
        scene.pc.line("not a number")
    assert not scene.frames("line.create")


def test_keys(scene: Scene) -> None:
    """``listen`` ends with the number of keys, or with the terminator, which is not one of them."""

    def steps(call: Any) -> Iterator[Any]:
        scene.notes((yield lambda: call.listen(digits=2, timeout=10)))
        scene.notes((yield lambda: call.listen(terminator="#", timeout=10)))

    line = answering(scene, steps, extension_window=0)
    caller, call = rung(scene, line)
    until(lambda: call._listeners, "the listen")
    caller.press("42")
    assert scene.notes.wait_count(1) == [Heard("keypad", "2", "42")]
    until(lambda: call._listeners, "the second listen")
    caller.press("123#")
    assert scene.notes.wait_count(2)[1] == Heard("keypad", "#", "123")
    assert scene.sent("line.create")["config"]["extension_window_ms"] == 0


def test_words(scene: Scene) -> None:
    """With ``speech`` the end of a turn ends ``listen``, with the words and how sure they are."""

    def steps(call: Any) -> Iterator[Any]:
        scene.notes((yield lambda: call.listen(speech=True, timeout=10, language="es")))

    line = answering(scene, steps, extension_window=0)
    caller, call = rung(scene, line)
    until(lambda: call._listeners, "the listen")
    assert scene.sent("session.configure")["language"] == "es"
    caller.say("ventas por favor")
    (heard,) = scene.notes.wait_count(1)
    assert (heard.by, heard.text, heard.confidence) == ("speech", "ventas por favor", 1.0)


def test_silence(scene: Scene) -> None:
    """After its time ``listen`` gives the keys so far; the end of the call ends it as well."""

    def steps(call: Any) -> Iterator[Any]:
        scene.notes((yield lambda: call.ask("Your number?", digits=5, timeout=0.5)))
        scene.notes((yield lambda: call.listen(digits=5, timeout=10)))

    line = answering(scene, steps, extension_window=0)
    caller, call = rung(scene, line)
    caller.wait_reply()
    caller.press("12")
    assert scene.notes.wait_count(1) == [Heard("timeout", "2", "12")]
    until(lambda: call._listeners, "the second listen")
    caller.hangup()
    assert scene.notes.wait_count(2)[1].by == "timeout"


def test_ask(scene: Scene) -> None:
    """``ask`` takes keys pressed while it still speaks."""
    scene.emu.pace = 0.1

    def steps(call: Any) -> Iterator[Any]:
        text = " ".join(["press"] * 20)
        scene.notes((yield lambda: call.ask(text, digits=1, timeout=10)))

    line = answering(scene, steps, extension_window=0)
    caller, call = rung(scene, line)
    until(lambda: call.current_bot_text, "the first word")
    caller.press("7")
    assert scene.notes.wait_count(1) == [Heard("keypad", "7", "7")]
    assert caller.heard == []


def test_say_in_another_voice(scene: Scene) -> None:
    """A voice or language of one sentence is set before it is spoken."""

    def steps(call: Any) -> Iterator[Any]:
        yield lambda: call.say("Buenos días", voice="elevenlabs/marta", language="es")

    answering(scene, steps, extension_window=0)
    caller, call = scene.ring()
    assert caller.wait_reply() == "Buenos días"
    frame = scene.sent("session.configure")
    assert (frame["session_id"], frame["voice"]) == (call.id, "elevenlabs/marta")
    events = [frame["event"] for frame in scene.emu.frames]
    assert events.index("session.configure") < events.index("bot.reply")


def test_extensions(scene: Scene) -> None:
    """An extension goes to its agent or its function; "*" catches the rest, and who presses nothing."""
    sales = scene.agent("sales", None)
    line = answering(scene, _say("Welcome"), extension_window=0.2)
    scene.do(
        line.extensions,
        {"10": "sales", "11": lambda call: call.say("Eleven"), "*": lambda call: call.say("Who?")},
    )
    for extension, text in (("11", "Eleven"), ("99", "Who?"), (None, "Who?")):
        caller = scene.emu.phone_call(to=NUMBER, extension=extension)
        assert caller.wait_reply() == text
        caller.hangup()
    caller = scene.emu.phone_call(to=NUMBER, extension="10")
    until(lambda: caller.id in sales.calls, "the agent's call")
    assert scene.sent("call.route")["agent"] == "sales"
    with pytest.raises(ConfigurationError, match="digits"):
        scene.do(line.extensions, {"ten": "sales"})


def test_keys_in_the_window_are_the_extension(scene: Scene) -> None:
    """Keys pressed before the line answers are the call's extension, not keys for ``listen``."""
    scene.emu.pace = 0.5
    line = scene.line(extension_window=0.4)
    scene.do(line.on, "call", lambda call: scene.notes(call.extension))
    caller = scene.emu.phone_call(to=NUMBER)
    caller.press("20")
    caller.press("4")
    assert scene.notes.wait_count(1) == ["204"]
    assert "call.dtmf_received" not in scene.names()


def test_an_extension_that_fails(scene: Scene) -> None:
    """An agent that is not there, or a function that raises, is reported on the line."""
    line = scene.line()
    scene.do(line.on, "error", lambda error: scene.notes((error.code, error.call_id)))
    scene.do(line.extensions, {"10": "nobody", "11": lambda call: 1 / 0})
    for extension in ("10", "11"):
        caller = scene.emu.phone_call(to=NUMBER, extension=extension)
        scene.notes.wait_for(("LINE_EXTENSION_ERROR", caller.id))


def test_route_to(scene: Scene) -> None:
    """The caller is handed to an agent, with what was said, as one call that goes on there."""
    sales = scene.model("ventas", None, prompt="Talk to {{name}}.", preparing=False)

    def steps(call: Any) -> Iterator[Any]:
        yield lambda: call.context(reason="billing")
        heard = yield lambda: call.ask("Who is it?", speech=True, timeout=10)
        scene.notes(
            (
                yield lambda: call.route_to(
                    "ventas", language="es", voice="elevenlabs/marta", greeting="Dígame",
                    prompt_vars={"name": heard.text}, context={"k": 1},
                )
            )
        )  # fmt: skip
        scene.notes((call.routed, call.status, call.reason))

    line = answering(scene, steps, extension_window=0)
    caller, ours = rung(scene, line)
    assert caller.wait_reply() == "Who is it?"
    caller.say("Ana")
    assert caller.wait_reply() == "Dígame"
    routed, state = scene.notes.wait_count(2)
    assert (routed.ok, routed.reason) == (True, None)
    assert state[0] is True
    frame = scene.sent("call.route")
    assert (frame["agent"], frame["history"], frame["context"]) == ("ventas", True, {"k": 1})
    assert scene.sent("set_context")["value"] == "billing"
    assert scene.got("call.routed").agent == "ventas"
    theirs = until(lambda: sales.call(caller.id), "the agent's call")
    assert theirs is not ours
    assert (theirs.routed_from, theirs.language) == (line.id, "es")
    assert [entry["text"] for entry in theirs.line_transcript] == ["Who is it?", "Ana"]
    assert (ours.status, ours.reason) == ("ended", "routed")
    scene.got("call.ended")
    ended = [item for item in scene.items if item.name == "call.ended"]
    assert [item.call for item in ended] == [ours]
    caller.say("!prompt")
    assert caller.wait_reply() == "Talk to Ana. reason: billing k: 1"
    with pytest.raises(CallEnded):
        scene.do(ours.say, "Still here?")


def test_a_route_that_fails(scene: Scene) -> None:
    """A failed hand-over says why, and the line still has the call."""
    scene.agent("sales", None)

    def steps(call: Any) -> Iterator[Any]:
        scene.notes((yield lambda: call.route_to("nobody")))
        scene.notes((yield lambda: call.route_to("sales", history=False)))
        yield lambda: call.say("Nobody is there")

    line = answering(scene, steps, extension_window=0)
    scene.emu.fail("call.route", code="capacity", times=2)
    caller, call = rung(scene, line)
    first, second = scene.notes.wait_count(2)
    assert [(first.ok, first.reason), (second.ok, second.reason)] == [(False, "capacity")] * 2
    assert scene.got("call.route_failed").reason == "capacity"
    assert scene.sent("call.route", count=2)["history"] is False
    assert caller.wait_reply() == "Nobody is there"
    assert (call.routed, call.status) == (False, "active")


def test_a_second_route_waits_its_turn(scene: Scene) -> None:
    """While a call is being handed over, a second hand-over is refused."""
    line = scene.line(extension_window=0)
    caller, call = scene.ring()
    scene.emu.fail("call.route", "ignore")
    waiting = scene.front.begin(call.route_to, "sales")
    scene.sent("call.route")
    with pytest.raises(ConfigurationError, match="being handed over already"):
        scene.do(call.route_to, "other")
    caller.hangup()
    assert waiting.result(10).ok is False
    until(lambda: not line.calls, "the end")


def test_hangup_with_a_reason(scene: Scene) -> None:
    """A line's call is hung up with a reason that the caller's side sees."""
    line = scene.line(extension_window=0)
    scene.do(line.on, "call", lambda call: call.hangup(reason="closed today"))
    caller = scene.emu.phone_call(to=NUMBER)
    assert caller.wait_ended() == "closed today"


def test_lines_come_back(scene: Scene) -> None:
    """A line and its calls survive a reconnect."""
    line = scene.line(extension_window=0, language="es")
    caller, call = scene.ring()
    scene.emu.drop()
    assert scene.sent("line.create", count=2)["config"]["language"] == "es"
    until(lambda: call.status == "active" and line.registered, "the return")
    scene.do(call.say, "Still here")
    assert caller.wait_reply() == "Still here"
    assert scene.names().count("call") == 1


def test_destroy(scene: Scene) -> None:
    """A line that was given back answers no more, and is not claimed again."""
    line = scene.line()
    scene.do(line.destroy)
    assert scene.sent("line.destroy")["number"] == NUMBER
    assert scene.got("line.destroyed").number == NUMBER
    scene.emu.drop()
    scene.agent("other", None)
    assert len(scene.frames("line.create")) == 1
    assert not scene.emu.lines


def test_a_refused_line(scene: Scene) -> None:
    """A number held elsewhere fails ``wait_ready`` and is an ``error`` event, with its code."""
    scene.connected()
    scene.emu.fail("line.create", code="LINE_CONFLICT", error="held elsewhere")
    line = scene.do(scene.pc.line, NUMBER)
    with pytest.raises(RegistrationError, match="held elsewhere") as caught:
        scene.do(line.wait_ready)
    assert caught.value.code == "LINE_CONFLICT"
    assert scene.errors.wait_count(1)[0].code == "LINE_CONFLICT"
    scene.noticed("line.error")
