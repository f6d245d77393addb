"""The built-in responder: stands in for a model. The same turn always has the same answer.

How it decides, in this order:

1. After tool results it puts them into words. ``{"status": "shipped", "eta": "Friday"}`` becomes
   ``The status is shipped and the eta is Friday.``; a result with ``error`` becomes
   ``That did not work: <error>.``
2. Lines of the user's text that begin with ``!`` are instructions:
   ``!tool name {"json": "arguments"}`` calls that tool, several such lines call several in one round;
   ``!say words`` says exactly that; ``!prompt`` says the system prompt; ``!tools`` names the tools;
   ``!history`` counts the messages; ``!words 12`` says twelve words; ``!fail why`` is a model failure.
3. It calls a tool when the text has a word of the tool's name, two words of its description, or
   something shaped like an example in a parameter's description (``like ORD-12345``). Arguments come
   from the text: ``key=value``, a value of an ``enum``, numbers, quoted text, something shaped like the
   example, and as a last resort the whole text.
4. A greeting, a farewell, thanks and "what can you do" have answers in English and Spanish.
5. Anything else: ``You said: <text>``.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .tool_arguments import arguments_for, has_example, spelled, words_of
from .types import Failure, Piece, ToolCall, ToolCalls, Turn

__all__ = ["respond"]

_PHRASES = {
    "en": {
        "hello": "Hello! How can I help you?", "bye": "Goodbye!", "thanks": "You are welcome.",
        "can": "I can {}.", "nothing": "I can talk with you.", "said": "You said: {}", "done": "Done.",
        "is": "The {} is {}", "and": " and ", "failed": "That did not work: {}", "none": "nothing",
        "yes": "yes", "no": "no",
    },
    "es": {
        "hello": "¡Hola! ¿En qué puedo ayudarle?", "bye": "¡Hasta luego!", "thanks": "De nada.",
        "can": "Puedo {}.", "nothing": "Puedo hablar con usted.", "said": "Ha dicho: {}", "done": "Hecho.",
        "is": "{}: {}", "and": " y ", "failed": "No ha funcionado: {}", "none": "nada",
        "yes": "sí", "no": "no",
    },
}  # fmt: skip
_INTENTS = (
    (
        "hello",
        re.compile(r"^(hello|hi|hey|good (morning|afternoon|evening)|hola|buen[oa]s\b.*)$", re.I),
    ),
    ("bye", re.compile(r"^(bye|goodbye|good bye|see you|ad[ií]os|hasta luego)\b", re.I)),
    ("thanks", re.compile(r"^(thanks|thank you|gracias)\b", re.I)),
    ("can", re.compile(r"what can you do|qu[eé] puede(s)? hacer", re.I)),
)
_COMMON = {
    "the", "a", "an", "of", "to", "for", "and", "or", "in", "on", "is", "it", "by", "with", "my", "your",
    "me", "you", "i", "what", "this", "that", "from", "please", "get", "look", "up", "can", "are",
}  # fmt: skip


def respond(turn: Turn) -> Piece:
    """Answer a turn: with a text, tools to call, or a failure."""
    phrases = _PHRASES.get((turn.language or "en").split("-")[0], _PHRASES["en"])
    results = _results(turn.messages)
    if results:
        return " ".join(_in_words(result, phrases) for result in results)
    if turn.text.lstrip().startswith("!"):
        return _instructed(turn)
    called = _mentioned(turn)
    if called is not None:
        return ToolCalls.of(called)
    bare = turn.text.strip().rstrip("?!.¡ ").lstrip("¡¿ ")
    for intent, pattern in _INTENTS:
        if pattern.search(bare):
            if intent != "can":
                return phrases[intent]
            names = [spelled(tool["function"]["name"]) for tool in turn.tools]
            return (
                phrases["can"].format(phrases["and"].join(names)) if names else phrases["nothing"]
            )
    return phrases["said"].format(turn.text.strip())


def _results(messages: tuple[dict[str, Any], ...]) -> list[Any]:
    """The results of the tool round that has just run."""
    found = []
    for message in reversed(messages):
        if message.get("role") != "tool":
            break
        try:
            found.append(msgspec.json.decode(str(message["content"])))
        except msgspec.DecodeError:
            found.append(message["content"])
    return found[::-1]


def _in_words(result: Any, phrases: dict[str, str]) -> str:
    if isinstance(result, dict) and result.get("error"):
        return phrases["failed"].format(_value(result["error"], phrases).rstrip(".") + ".")
    if isinstance(result, dict) and set(result) == {"ok"} | {k for k in ("skill",) if k in result}:
        return phrases["done"]
    if isinstance(result, dict) and result:
        said = [phrases["is"].format(spelled(k), _value(v, phrases)) for k, v in result.items()]
        first, *rest = said
        return phrases["and"].join([first, *(r.replace("The ", "the ", 1) for r in rest)]) + "."
    return phrases["done"] if result is None or result == {} else _value(result, phrases) + "."


def _value(value: Any, phrases: dict[str, str]) -> str:
    if value is None or value == [] or value == {}:
        return phrases["none"]
    if isinstance(value, bool):
        return phrases["yes"] if value else phrases["no"]
    if isinstance(value, dict):
        return ", ".join(f"{spelled(str(k))} {_value(v, phrases)}" for k, v in value.items())
    if isinstance(value, list):
        said = [_value(v, phrases) for v in value]
        return ", ".join(said[:-1]) + phrases["and"] * (len(said) > 1) + said[-1]
    return str(value)


def _instructed(turn: Turn) -> Piece:
    calls: list[ToolCall] = []
    said: list[str] = []
    for line in re.split(r"\n|(?=!tool )", turn.text):
        verb, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if verb == "!tool":
            name, _, arguments = rest.partition(" ")
            calls.append(ToolCall(name, arguments.strip() or "{}"))
        elif verb == "!fail":
            return Failure(rest or "the model failed")
        elif verb == "!say":
            said.append(rest)
        elif verb == "!prompt":
            said.append(turn.prompt)
        elif verb == "!tools":
            said.append(", ".join(tool["function"]["name"] for tool in turn.tools) or "no tools")
        elif verb == "!history":
            said.append(f"{sum(m['role'] != 'system' for m in turn.messages)} messages")
        elif verb == "!words":
            said.append(" ".join(f"word{n}" for n in range(1, int(rest or "10") + 1)))
        elif line.strip():
            said.append(line.strip())
    return ToolCalls(tuple(calls)) if calls else " ".join(said)


def _mentioned(turn: Turn) -> ToolCall | None:
    spoken = words_of(turn.text)
    best: tuple[int, int] | None = None
    for at, tool in enumerate(turn.tools):
        function = tool["function"]
        name = words_of(spelled(function["name"]))
        description = words_of(str(function.get("description", ""))) - _COMMON
        by_name = len((name - _COMMON) & spoken)
        by_name += has_example(function.get("parameters") or {}, turn.text)
        by_description = len(description & spoken)
        if by_name or by_description >= 2:
            score = (3 * by_name + by_description, -at)
            best = max(best, score) if best else score
    if best is None:
        return None
    function = turn.tools[-best[1]]["function"]
    return ToolCall(function["name"], arguments_for(function.get("parameters") or {}, turn.text))
