"""The built-in responder, the arguments it finds, and external responders."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pinecall.emulator import Emulator, Failure, OpenAIResponder, ToolCall, ToolCalls, Turn
from pinecall.emulator.responders.builtin import respond
from pinecall.emulator.responders.tool_arguments import arguments_for

from .test_sockets import NUMBER, register
from .world import LOOKUP


def turn(
    text: str, *tools: dict[str, Any], results: list[Any] | None = None, language: str = "en"
) -> Turn:
    """A turn with that last user text, or after these tool results."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "P"},
        {"role": "user", "content": text},
    ]
    for result in results or []:
        messages.append({"role": "tool", "tool_call_id": "c", "content": json.dumps(result)})
    return Turn("mara", "CA1", "phone", language, text, "P", tuple(messages), tools, {}, "m")


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    """A tool with those properties, all required."""
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("Hello!", "en", "Hello! How can I help you?"),
        ("hola", "es-MX", "¡Hola! ¿En qué puedo ayudarle?"),
        ("goodbye then", "en", "Goodbye!"),
        ("Thanks a lot", "fr", "You are welcome."),
        ("What can you do?", "en", "I can talk with you."),
        ("Is it raining?", "en", "You said: Is it raining?"),
        ("!say one two", "en", "one two"),
        ("!prompt", "en", "P"),
        ("!tools", "en", "no tools"),
        ("!history", "en", "1 messages"),
        ("!words 3", "en", "word1 word2 word3"),
    ],
)
def test_what_it_says(text: str, language: str, answer: str) -> None:
    """Each text has its answer, the same every time."""
    assert respond(turn(text, language=language)) == answer


def test_it_can_fail() -> None:
    """``!fail`` makes a model failure."""
    assert respond(turn("!fail why")) == Failure("why")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"status": "shipped", "eta": "Friday"}, "The status is shipped and the eta is Friday."),
        ({"orderItems": ["a", "b", "c"]}, "The order items is a, b and c."),
        ({"ok": True}, "Done."),
        (None, "Done."),
        (
            {"found": False, "n": None},
            "The found is no and the n is none.".replace("none", "nothing"),
        ),
        ({"error": "no such order"}, "That did not work: no such order."),
        (0, "0."),
        ("ready", "ready."),
        ([], "nothing."),
    ],
)
def test_results_in_words(result: Any, words: str) -> None:
    """Any JSON result is put into words."""
    assert respond(turn("x", LOOKUP, results=[result])) == words


def test_it_says_what_it_can_do() -> None:
    """The answer lists the tools' names as words."""
    answer = respond(turn("what can you do", LOOKUP, tool("bookTable")))
    assert answer == "I can lookup order and book table."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("book a table please", "bookTable"),
        ("where is my order", "lookup_order"),
        ("what about ORD-7", "lookup_order"),
        ("will it rain tomorrow in town", "weather"),
        ("nice day", None),
    ],
)
def test_which_tool_is_meant(text: str, name: str | None) -> None:
    """A tool is chosen by a word of its name, two of its description, or an example's shape."""
    tools = (LOOKUP, tool("bookTable"), tool("weather", "Tells whether it will rain tomorrow"))
    answer = respond(turn(text, *tools))
    assert (answer.calls[0].name if isinstance(answer, ToolCalls) else None) == name


def test_explicit_calls() -> None:
    """Several lines are several calls of one round, with arguments as written."""
    answer = respond(turn('!tool a {"x": 1}\n!tool b'))
    assert answer == ToolCalls.of(ToolCall("a", '{"x": 1}'), ToolCall("b", "{}"))


@pytest.mark.parametrize(
    ("property_", "text", "value"),
    [
        ({"type": "string", "description": "like ORD-12345"}, "it is ORD-9 there", "ORD-9"),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "fly to MAD now", "MAD"),
        ({"type": "string"}, 'say "good day" to him', "good day"),
        ({"type": "string"}, "name=Ana and more", "Ana"),
        ({"type": "string"}, "just this", "just this"),
        ({"type": "string", "enum": ["small", "large"]}, "a LARGE one", "large"),
        ({"enum": ["small", "large"]}, "whatever", "small"),
        ({"const": 5}, "whatever", 5),
        ({"type": "integer"}, "for 4 people", 4),
        ({"type": "number"}, "costs 2.5 euros", 2.5),
        ({"type": "integer"}, "nobody", 0),
        ({"type": "boolean"}, "yes please", True),
        ({"type": "boolean"}, "hm", False),
        ({"type": "array"}, "x", []),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "table 7", 7),
        ({"type": ["integer", "null"]}, "table 7", 7),
        ({"$ref": "#/$defs/Size"}, "make it large", "large"),
    ],
)
def test_arguments_come_from_the_text(property_: dict[str, Any], text: str, value: Any) -> None:
    """The schema decides which part of the text is the argument."""
    schema = {
        "properties": {"name": property_},
        "required": ["name"],
        "$defs": {"Size": {"enum": ["small", "large"]}},
    }
    assert arguments_for(schema, text) == {"name": value}


def test_optional_arguments_stay_out() -> None:
    """The text has nothing for them; each number is used once."""
    schema = {
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "integer"},
            "c": {"type": "integer"},
        },
        "required": ["a"],
    }
    assert arguments_for(schema, "2 of 3") == {"a": 2, "b": 3}


@pytest.fixture
def model() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An OpenAI-compatible server: it calls a tool, then answers in two pieces."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append({"path": self.path, "key": self.headers["Authorization"], **body})
            if body["messages"][-1]["content"] == "break":
                self.send_error(500, "no")
                return
            parts = [
                {"function": {"name": "weather", "arguments": '{"ci'}},
                {"function": {"arguments": 'ty":"Rome"}'}},
            ]
            deltas: list[Any] = [{"tool_calls": [{"index": 0, **part}]} for part in parts]
            if body["messages"][-1]["role"] == "tool":
                deltas = [{"content": "It "}, {"content": "rains."}]
            self.send_response(200)
            self.end_headers()
            for delta in deltas:
                self.wfile.write(
                    f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode()
                )
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_can_answer(model: tuple[str, list[dict[str, Any]]]) -> None:
    """Text and tool calls are streamed; the server's failure is the model's."""
    url, seen = model

    async def scenario() -> None:
        async with Emulator(responder=OpenAIResponder(url, api_key="sk")) as emu:
            raw = await register(emu, llm="openai/gpt-x", prompt="P", tools=[tool("weather")])
            call = await emu.phone_call(to=NUMBER)
            call.say("rain?")
            assert await call.wait_reply() == "It rains."
            call.say("break")
            while not (errors := [f for f in raw.inbox if f["event"] == "llm.error"]):
                await asyncio.sleep(0)
            assert "500" in errors[0]["error"]
            await raw.socket.close()

    asyncio.run(scenario())
    assert (seen[0]["path"], seen[0]["key"], seen[0]["model"]) == (
        "/v1/chat/completions",
        "Bearer sk",
        "gpt-x",
    )
    assert seen[0]["messages"][0] == {"role": "system", "content": "P"}
    assert seen[0]["tools"][0]["function"]["name"] == "weather"
    assert json.loads(seen[1]["messages"][-1]["content"]) == "weather"


def _fails_at_once(exc: type[BaseException]) -> Any:
    def respond_badly(turn: Turn) -> Any:
        raise exc

    return respond_badly


def _fails_later(exc: type[BaseException]) -> Any:
    async def respond_badly(turn: Turn) -> Any:
        yield "Well, "
        raise exc

    return respond_badly


@pytest.mark.parametrize("exc", [ValueError, SystemExit, StopIteration, asyncio.CancelledError])
@pytest.mark.parametrize("make", [_fails_at_once, _fails_later])
def test_a_responder_that_fails(make: Any, exc: type[BaseException]) -> None:
    """Any exception becomes the model's failure, and the server goes on."""

    async def scenario() -> None:
        async with Emulator(responder=make(exc)) as emu:
            raw = await register(emu, llm="openai/gpt-x", prompt="P")
            call = await emu.phone_call(to=NUMBER)
            for count in (1, 2):
                call.say("hello")
                while len([f for f in raw.inbox if f["event"] == "llm.error"]) < count:
                    await asyncio.sleep(0.01)
            failures = [f for f in raw.inbox if f["event"] == "llm.error"]
            assert [f["call_id"] for f in failures] == [call.id, call.id]
            assert exc.__name__ in failures[0]["error"]
            await raw.socket.close()

    asyncio.run(asyncio.wait_for(scenario(), 15))


def test_the_blocking_front_loads_its_emulator_on_demand() -> None:
    """``import pinecall_sync`` alone does not import it."""
    code = "import sys, pinecall_sync; assert 'pinecall.emulator' not in sys.modules"
    done = asyncio.run(_run(code))
    assert done == 0


async def _run(code: str) -> int | None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    return await process.wait()
