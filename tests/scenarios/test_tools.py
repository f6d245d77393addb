"""Tools: what the model may call, with which arguments, and what it gets back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest
from attrs import frozen

from pinecall import ConfigurationError, ToolResult, tool

from ..fronts.driving import Asyncio
from ..fronts.log import DEADLINE, until
from .scene import Scene


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@frozen
class Address:
    street: str
    number: int = 1


class Guest(TypedDict):
    name: str


def call_tool(name: str, **arguments: Any) -> str:
    """What the built-in responder reads as a tool call."""
    return f"!tool {name} {msgspec.json.encode(arguments).decode()}"


def both(function: Callable[..., Any], scene: Scene, **options: Any) -> Any:
    """The function as a tool; on the asyncio front as a coroutine function."""
    if not isinstance(scene.front, Asyncio):
        return tool(**options)(function)

    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__wrapped__ = function  # type: ignore[attr-defined]
    wrapped.__annotations__ = function.__annotations__
    return tool(**options)(wrapped)


def result_of(scene: Scene, count: int = 1) -> Any:
    """The result that the ``count``-th round of one tool sent."""
    (result,) = scene.sent("llm.tool_result", count=count)["results"]
    return result["result"]


def test_a_tool_of_every_type(scene: Scene) -> None:
    """Arguments arrive as the hints say: numbers, enums, lists, classes, defaults, and the call."""
    seen = scene.notes

    def book(
        day: str,
        guests: int,
        price: float,
        terrace: bool,
        meal: Literal["lunch", "dinner"],
        size: Size,
        names: list[str],
        extras: dict[str, int],
        address: Address,
        guest: Guest,
        note: Annotated[str | None, "anything else"] = None,
        either: int | str = 7,
        *,
        call: Any,
    ) -> dict[str, Any]:
        """Book a table."""
        seen((day, guests, price, terrace, meal, size, names, extras, address, guest, note, either))
        seen(call)
        return {"booked": day}

    scene.model(tools=[tool(book)])
    caller, call = scene.ring()
    caller.say(
        call_tool(
            "book",
            day="Friday",
            guests=4,
            price=2,
            terrace=True,
            meal="lunch",
            size="large",
            names=["Ana"],
            extras={"cake": 1},
            address={"street": "Mayor"},
            guest={"name": "Ana"},
        )
    )
    assert caller.wait_reply() == "The booked is Friday."
    assert seen.items == [
        ("Friday", 4, 2.0, True, "lunch", Size.LARGE, ["Ana"], {"cake": 1}, Address("Mayor"),
         {"name": "Ana"}, None, 7),
        call,
    ]  # fmt: skip
    (declared,) = scene.sent("agent.create")["tools"]
    properties = declared["function"]["parameters"]["properties"]
    assert declared["function"]["description"] == "Book a table."
    assert "call" not in properties
    assert properties["meal"]["enum"] == ["lunch", "dinner"]
    assert properties["note"]["description"] == "anything else"
    asked = scene.got("llm.tool_call")
    assert asked.tool_calls[0]["name"] == "book"


def test_coroutines_on_the_asyncio_front(scene: Scene) -> None:
    """A coroutine function is awaited on the loop; the blocking front refuses it."""

    @tool
    async def lookup(order: str) -> str:
        return f"{order} in {threading.current_thread().name}"

    if not isinstance(scene.front, Asyncio):
        with pytest.raises(ConfigurationError, match="async"):
            scene.model(tools=[lookup])
        return
    scene.model(tools=[lookup])
    caller, _ = scene.ring()
    caller.say(call_tool("lookup", order="A1"))
    assert caller.wait_reply() == "A1 in test-loop."


def test_a_plain_tool_does_not_block(scene: Scene) -> None:
    """While a plain tool works, its thread may use the call, and other callers are answered."""
    release, started = threading.Event(), threading.Event()

    def slow(call: Any) -> str:
        call.say("I am looking")
        started.set()
        return "found" if release.wait(DEADLINE) else "late"

    scene.model(tools=[tool(slow)], greeting="Hi")
    one, _ = scene.ring()
    one.say(call_tool("slow"))
    assert started.wait(DEADLINE)
    two, _ = scene.ring()
    assert two.wait_reply() == "Hi"
    two.say("thanks")
    assert two.wait_reply() == "You are welcome."
    release.set()
    until(lambda: "found." in one.heard, "the tool's result")
    assert "I am looking" in one.heard


@pytest.mark.parametrize("value", [0, [], False, None, "", {}, 0.0])
def test_falsy_results(scene: Scene, value: Any) -> None:
    """A falsy result arrives at the model as it is."""

    def nothing() -> Any:
        return value

    scene.model(tools=[both(nothing, scene)])
    caller, call = scene.ring()
    caller.say(call_tool("nothing"))
    caller.wait_reply()
    assert result_of(scene) == value
    assert type(result_of(scene)) is type(value)
    assert scene.emu.calls[call.id].messages[-2]["content"] == msgspec.json.encode(value).decode()


def test_errors_the_model_can_read(scene: Scene) -> None:
    """Exception, bad arguments, bad JSON and an unknown tool are results and ``error`` events."""

    def divide(a: int, b: int) -> float:
        return a / b

    scene.model(tools=[both(divide, scene)])
    caller, call = scene.ring()
    said = [
        (call_tool("divide", a=1, b=0), "division by zero"),
        (call_tool("divide", a="one", b=2), "expected int, got str"),
        (call_tool("divide", a=1), "b: "),
        ("!tool divide {not json", "JSON"),
        (call_tool("multiply", a=1, b=2), "Unknown tool: multiply"),
    ]
    for count, (text, error) in enumerate(said, 1):
        caller.say(text)
        assert caller.wait_reply().startswith("That did not work")
        assert error in result_of(scene, count)["error"]
    failures = scene.errors.wait_count(5)
    assert [(error.agent_id, error.call_id) for error in failures] == [("mara", call.id)] * 5
    assert "ZeroDivisionError" in failures[0].message
    assert "tool divide" in failures[1].message
    assert failures[4].code == "UNKNOWN_TOOL"


def test_timeout(scene: Scene) -> None:
    """A tool that takes too long is an error result; the others of its round are not lost."""
    release = threading.Event()

    @tool(timeout=0.05)
    def slow() -> str:
        release.wait(DEADLINE)
        return "too late"

    @tool
    def quick() -> str:
        return "here"

    scene.model(tools=[slow, quick])
    caller, _ = scene.ring()
    caller.say("!tool slow {}\n!tool quick {}")
    results = scene.sent("llm.tool_result")["results"]
    release.set()
    assert results[0]["result"] == {"error": "the tool slow gave no answer within 0.05 s"}
    assert results[1]["result"] == "here"
    assert scene.errors.wait_count(1)[0].code == "TOOL_TIMEOUT"


def test_several_in_one_round(scene: Scene) -> None:
    """The tools of a round run side by side; one frame answers them in the order of the calls."""
    barrier = threading.Barrier(3, timeout=DEADLINE)

    @tool
    def wait(n: int) -> int:
        barrier.wait()
        return n

    scene.model(tools=[wait])
    caller, _ = scene.ring()
    caller.say("\n".join(call_tool("wait", n=n) for n in (3, 1, 2)))
    caller.wait_reply()
    results = scene.sent("llm.tool_result")["results"]
    assert [result["result"] for result in results] == [3, 1, 2]
    asked = scene.got("llm.tool_call").tool_calls
    assert [result["tool_call_id"] for result in results] == [call["id"] for call in asked]
    assert len(scene.frames("llm.tool_result")) == 1


def test_ephemeral_and_no_followup(scene: Scene) -> None:
    """The flags travel with the result: the round leaves no trace, and the model says nothing."""

    def note(text: str) -> str:
        return text

    def end(text: str) -> None:
        """Say nothing more."""

    scene.model(
        tools=[both(note, scene, ephemeral=True), both(end, scene, no_followup=True)],
    )
    caller, call = scene.ring()
    caller.say(call_tool("note", text="secret"))
    assert caller.wait_reply() == "secret."
    (result,) = scene.sent("llm.tool_result")["results"]
    assert result["ephemeral"] is True
    assert "no_followup" not in result
    assert [m["role"] for m in scene.emu.calls[call.id].messages] == ["user", "assistant"]
    assert not [m for m in call.messages if m["role"] == "tool" or m.get("tool_calls")]
    caller.say(call_tool("end", text="x"))
    (result,) = scene.sent("llm.tool_result", count=2)["results"]
    assert result["no_followup"] is True
    assert "ephemeral" not in result
    caller.say("thanks")
    assert caller.wait_reply() == "You are welcome."
    assert caller.heard == ["secret.", "You are welcome."]


def test_a_repeated_call_runs_once(scene: Scene) -> None:
    """The server repeats a tool call, at once and after its answer: the function runs once, and the
    result is sent again."""
    runs = scene.notes
    scene.model(tools=[tool(name="count")(lambda: runs("run"))])
    caller, _ = scene.ring()
    scene.emu.fail("llm.tool_call", "repeat")
    caller.say(call_tool("count"))
    caller.wait_reply()
    # A repeat that comes while the function runs is answered with it, a later one on its own.
    event = scene.got("llm.tool_call")
    first = scene.sent("llm.tool_result")
    answered = len(scene.frames("llm.tool_result"))
    scene.emu.send(event.raw, agent="mara")
    until(lambda: len(scene.frames("llm.tool_result")) > answered, "the result again")
    assert all(frame == first for frame in scene.frames("llm.tool_result"))
    assert runs.items == ["run"]


def test_a_call_answered_by_hand_is_asked_once(scene: Scene) -> None:
    """The same where a handler answers: it is called once, and its answer is sent again."""
    agent = scene.model(tools=[{"type": "function", "function": {"name": "count"}}])

    def asked(event: Any, call: Any) -> None:
        scene.notes("asked")
        call.tool_result(event.msg_id, [ToolResult(event.tool_calls[0]["id"], 7)])

    scene.do(agent.on, "llm.tool_call", asked)
    caller, call = scene.ring()
    caller.say(call_tool("count"))
    assert caller.wait_reply() == "7."
    event = scene.got("llm.tool_call")
    scene.emu.send(event.raw, agent="mara")
    assert scene.sent("llm.tool_result", count=2) == scene.sent("llm.tool_result")
    assert scene.notes.items == ["asked"]
    assert [m["role"] for m in call.messages if m["role"] == "tool"] == ["tool"]


def test_a_call_repeated_after_a_reconnect(scene: Scene) -> None:
    """A tool that ran while the link was lost is not run again; its result is sent on the new link."""
    release, runs = threading.Event(), scene.notes

    @tool
    def charge(amount: int) -> dict[str, int]:
        runs(amount)
        release.wait(DEADLINE)
        return {"charged": amount}

    scene.model(tools=[charge])
    caller, call = scene.ring()
    caller.say(call_tool("charge", amount=10))
    runs.wait_count(1)
    scene.cut()
    assert call.status == "detached"
    release.set()
    scene.mend()
    assert caller.wait_reply() == "The charged is 10."
    assert runs.items == [10]
    assert {
        frame["results"][0]["result"]["charged"] for frame in scene.frames("llm.tool_result")
    } == {10}


def test_a_tool_of_an_ended_call(scene: Scene) -> None:
    """What a tool gives after its call has ended is not sent."""
    release, started = threading.Event(), threading.Event()

    @tool
    def slow() -> str:
        started.set()
        release.wait(DEADLINE)
        scene.notes("done")
        return "late"

    scene.model(tools=[slow])
    caller, _ = scene.ring()
    caller.say(call_tool("slow"))
    assert started.wait(DEADLINE)
    caller.hangup()
    scene.got("call.ended")
    release.set()
    scene.notes.wait_for("done")
    scene.agent("other", None)
    assert not scene.frames("llm.tool_result")


def test_ready_made_tools_by_hand(scene: Scene) -> None:
    """A ready-made schema goes out as it is; its calls come to llm.tool_call, answered by hand."""
    schema = {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    agent = scene.model(tools=[schema])

    def asked(event: Any, call: Any) -> None:
        (tool_call,) = event.tool_calls
        city = msgspec.json.decode(tool_call["arguments"])["city"]
        call.tool_result(event.msg_id, [ToolResult(tool_call["id"], f"{city} is sunny")])

    scene.do(agent.on, "llm.tool_call", asked)
    caller, _ = scene.ring()
    caller.say(call_tool("weather", city="Madrid"))
    assert caller.wait_reply() == "Madrid is sunny."
    assert scene.sent("agent.create")["tools"] == [schema]


def test_tool_results_are_checked(scene: Scene) -> None:
    """``tool_result`` takes a list of results; dicts are fine, anything else is refused."""
    scene.model()
    _, call = scene.ring()
    scene.do(call.tool_result, "m_1", [{"tool_call_id": "c_1", "result": 0, "ephemeral": True}])
    frame = scene.sent("llm.tool_result")
    assert frame["results"] == [{"tool_call_id": "c_1", "result": 0, "ephemeral": True}]
    for wrong in ({"tool_call_id": "c_1"}, ["x"], [{"tool_call_id": "c_1", "resutl": 1}]):
        with pytest.raises(ConfigurationError):
            scene.do(call.tool_result, "m_1", wrong)


def test_tools_in_chats(scene: Scene) -> None:
    """A chat's tools run like a call's."""

    def order(number: int) -> dict[str, int]:
        return {"order": number}

    scene.model(number=None, tools=[both(order, scene)])
    chat = scene.emu.chat("mara")
    chat.say(call_tool("order", number=7))
    assert chat.wait_reply() == "The order is 7."


def test_tools_changed_while_a_call_runs(scene: Scene) -> None:
    """``configure(tools=…)`` offers the new tools to live calls, and runs them."""
    agent = scene.model()
    caller, _ = scene.ring()

    @tool
    def later() -> str:
        return "I came later"

    scene.do(agent.configure, tools=[later])
    assert scene.sent("agent.configure")["tools"][0]["function"]["name"] == "later"
    scene.got("agent.configured")
    caller.say("!tools")
    assert caller.wait_reply() == "later"
    caller.say(call_tool("later"))
    assert caller.wait_reply() == "I came later."


def test_a_failing_model(scene: Scene) -> None:
    """A failure of the server's model is an ``llm.error`` event."""
    scene.model()
    caller, call = scene.ring()
    caller.say("!fail out of order")
    event = scene.got("llm.error")
    assert (event.error, event.call_id) == ("out of order", call.id)
