"""Text to event and frame to text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinecall.core.wire import codec
from pinecall.core.wire.codec import Malformed, decode, encode, encode_value, preview, salvage
from pinecall.errors import ConfigurationError
from pinecall.events import EVENTS, BotWord, CallEnded, CallStarted, UnknownEvent
from pinecall.events._base import Event

from ..harness import COMMANDS, check_command

HALF = "\\ud83d"


class TestEncoding:
    @pytest.mark.parametrize("event", sorted(COMMANDS))
    def test_every_command(self, event: str) -> None:
        """Every command of the platform survives the encoding, compact."""
        example = COMMANDS[event]["example"]
        text = encode(example)
        assert json.loads(text) == example
        assert text == json.dumps(example, separators=(",", ":"), ensure_ascii=False)

    def test_the_examples_are_as_announced(self) -> None:
        """The check on what the tests send knows the platform's own examples."""
        for event in COMMANDS:
            check_command(COMMANDS[event]["example"])

    @pytest.mark.parametrize("value", [object(), {1j}, {"a": {"b": print}}])
    def test_what_is_no_json(self, value: Any) -> None:
        """What JSON cannot hold is refused; the message names the event, not the value."""
        with pytest.raises(ConfigurationError, match=r"^x: cannot be written as JSON") as caught:
            encode({"event": "x", "call_id": "CA1", "value": value})
        assert caught.value.call_id == "CA1"

    def test_loops(self) -> None:
        """A value that holds itself is refused."""
        loop: list[Any] = []
        loop.append(loop)
        with pytest.raises(ConfigurationError):
            encode({"event": "x", "value": loop})

    def test_half_a_character(self) -> None:
        """Half a surrogate pair is written as U+FFFD, in values and in keys."""
        assert encode({"event": "x", "text": "a\ud800"}) == '{"event":"x","text":"a\ufffd"}'
        assert encode({"event": "x", "\ud800": ["\udfff"]}) == '{"event":"x","\ufffd":["\ufffd"]}'

    def test_values(self) -> None:
        """A value for the history is text as it is, anything else its JSON."""
        assert encode_value("a") == "a"
        assert encode_value({"a": [1, None]}) == '{"a":[1,null]}'


class TestDecoding:
    @pytest.mark.parametrize(
        "text",
        [
            '{"event":"bot.word","word":"a"}',
            '{"event": "bot.word", "word": "a"}',
            '{ "event" : "bot.word", "word": "a"}',
            '{"word": "a", "event": "bot.word"}',
            '\n{"event":"bot\\u002eword","word":"a"}',
            '{"event":"bot\\u002eword","word":"a"}',
        ],
    )
    def test_any_json(self, text: str) -> None:
        """Order, spaces and escapes do not matter."""
        event = decode(text)
        assert isinstance(event, BotWord)
        assert event.word == "a"

    def test_null_is_absent(self) -> None:
        """A null reads as an absent key, also where a value is announced."""
        event = decode('{"event":"bot.word","word":null,"call_id":null,"word_index":null}')
        assert isinstance(event, BotWord)
        assert (event.word, event.call_id, event.word_index) == ("", "", None)
        assert event.raw["word"] is None

    def test_from(self) -> None:
        """from is read as from_, and is from in raw."""
        event = decode('{"event":"call.started","from":"+1","to":null}')
        assert isinstance(event, CallStarted)
        assert (event.from_, event.to) == ("+1", "")
        assert event.raw == {"event": "call.started", "from": "+1", "to": None}

    def test_int_for_float(self) -> None:
        """An int is taken where a float is announced."""
        event = decode('{"event":"call.ended","duration_seconds":13}')
        assert isinstance(event, CallEnded)
        assert event.duration_seconds == 13

    def test_wrong_type(self) -> None:
        """A field of another type makes it an UnknownEvent that says which; nothing is lost."""
        event = decode('{"event":"bot.word","call_id":"CA1","agent_id":"m","word":5}')
        assert isinstance(event, UnknownEvent)
        assert (event.name, event.call_id, event.agent_id) == ("bot.word", "CA1", "m")
        assert "$.word" in event.problem
        assert event.raw["word"] == 5

    def test_wrong_ids(self) -> None:
        """Ids of another type are ignored."""
        event = decode('{"event":"brand.new","call_id":5,"agent_id":["x"]}')
        assert isinstance(event, UnknownEvent)
        assert (event.call_id, event.agent_id, event.problem) == (None, None, "")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "not JSON"),
            ("hello", "not JSON"),
            ("{", "not JSON"),
            ("[]", "not an object"),
            ("5", "not an object"),
            ("null", "not an object"),
            ('"event"', "not an object"),
            ("{}", "without a usable 'event'"),
            ('{"event":5}', "without a usable 'event'"),
            ('{"event":null}', "without a usable 'event'"),
            ('{"event":""', "not JSON"),
            ('{"event":"bot.word"', "bot.word: not JSON"),
            ('{"event":"brand.new",', "brand.new: not JSON"),
            ('{"event":"call.started","x":}', "call.started: not JSON"),
            ('{"event":"bot.word","word":5,"x":', "bot.word: not JSON"),
        ],
    )
    def test_no_frame(self, text: str, words: str) -> None:
        """What is not a frame is Malformed, and says why."""
        with pytest.raises(Malformed, match=words):
            decode(text)

    def test_empty_name(self) -> None:
        """An empty name is an unknown event."""
        event = decode('{"event":""}')
        assert isinstance(event, UnknownEvent)
        assert event.name == ""

    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    def test_deep_nesting(self, opening: str) -> None:
        """Nesting without end is Malformed, known event or not."""
        for name in ("bot.word", "brand.new", "call.started"):
            with pytest.raises(Malformed):
                decode(f'{{"event":"{name}","x":' + opening * 100_000)

    @pytest.mark.parametrize("what", ["token", "tool_call", "tool_result", "done", "error"])
    def test_names_of_a_chat(self, what: str) -> None:
        """A browser's name of an event of a chat reads as the SDK's own event."""
        event = decode(f'{{"event":"chat.{what}","session_id":"s1"}}')
        assert type(event) is EVENTS[f"llm.chat.{what}"]
        assert event.raw == {"event": f"chat.{what}", "session_id": "s1"}

    def test_wrong_type_in_a_chat(self) -> None:
        """With a field of another type it is an UnknownEvent under the name that was sent."""
        event = decode('{"event":"chat.token","token":5}')
        assert isinstance(event, UnknownEvent)
        assert event.name == "chat.token"
        assert "$.token" in event.problem

    def test_null_in_a_chat(self) -> None:
        """A null reads as an absent key there too."""
        event = decode('{"event":"chat.tool_call","session_id":"s1","tool_calls":null}')
        assert type(event) is EVENTS["llm.chat.tool_call"]

    def test_duplicate_keys(self) -> None:
        """When a key is given twice, one counts; the name is the first, and nothing breaks."""
        event = decode('{"event":"bot.word","word":"a","word":"b"}')
        assert isinstance(event, BotWord)
        assert event.word == "b"


class TestMending:
    def test_every_field(self) -> None:
        """Half a character reads as U+FFFD in a text, a key and a name, and NaN as null."""
        assert decode('{"event":"bot.word","start_time":NaN,"word":"a"}').raw["start_time"] is None
        assert decode(f'{{"event":"brand.new","{HALF}":1}}').raw["\ufffd"] == 1
        assert decode(f'{{"event":"{HALF}"}}').raw == {"event": "\ufffd"}

    def test_wrong_type(self) -> None:
        """A mended event with a field of another type still says so."""
        event = decode(f'{{"event":"bot.word","word":5,"x":"{HALF}"}}')
        assert isinstance(event, UnknownEvent)
        assert "$.word" in event.problem
        assert event.raw["x"] == "\ufffd"

    def test_no_frame(self) -> None:
        """What is mended, and is still not a frame, is Malformed."""
        with pytest.raises(Malformed, match="not an object"):
            decode(f'["{HALF}"]')

    def test_reported(self) -> None:
        """The caller hears of a mended event, once, and of no other."""
        mended: list[Event] = []
        event = decode(f'{{"event":"bot.word","word":"{HALF}"}}', mended.append)
        decode('{"event":"bot.word","word":"a"}', mended.append)
        with pytest.raises(Malformed):
            decode("{", mended.append)
        assert mended == [event]


class TestSalvage:
    def test_one_field(self) -> None:
        """The event without the field that was wrong."""
        event = decode('{"event":"call.ended","call_id":"CA1","duration_seconds":"x","reason":"a"}')
        assert isinstance(event, UnknownEvent)
        good = salvage(event)
        assert isinstance(good, CallEnded)
        assert (good.call_id, good.reason, good.duration_seconds) == ("CA1", "a", None)
        assert good.raw["duration_seconds"] == "x"

    def test_several_fields(self) -> None:
        """Each wrong field is left out, from included, and nulls with them."""
        event = decode('{"event":"call.started","from":5,"metadata":[],"to":"+1","language":null}')
        assert isinstance(event, UnknownEvent)
        good = salvage(event)
        assert isinstance(good, CallStarted)
        assert (good.from_, good.to, good.metadata) == ("", "+1", {})

    def test_nested(self) -> None:
        """A wrong value inside a list takes the list with it."""
        event = decode('{"event":"call.ended","messages":[5],"reason":"a"}')
        assert isinstance(event, UnknownEvent)
        good = salvage(event)
        assert isinstance(good, CallEnded)
        assert (good.messages, good.reason) == ([], "a")

    def test_the_python_name_of_a_field(self) -> None:
        """A wrong value under ``from_``, which is no key of the wire, does not stop the program."""
        event = decode('{"event":"call.started","call_id":"CA1","from_":5}')
        assert isinstance(event, UnknownEvent)
        good = salvage(event)
        assert isinstance(good, CallStarted)
        assert good.from_ == ""

    def test_beyond_help(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """When nothing says which field it is, the bare event is left."""

        def refuse(raw: Any, cls: type[Event]) -> Event:
            raise codec.msgspec.ValidationError("Expected something else")

        event = decode('{"event":"call.ended","reason":5}')
        assert isinstance(event, UnknownEvent)
        monkeypatch.setattr(codec, "_from_dict", refuse)
        good = salvage(event)
        assert isinstance(good, CallEnded)
        assert good.reason is None


class TestPreview:
    def test_short(self) -> None:
        """A short text is shown whole."""
        assert preview("short") == "short"

    def test_long(self) -> None:
        """A long text is cut, at the given number of characters too."""
        assert preview("x" * 1000) == "x" * 120 + "…"
        assert preview("x" * 1000, 10) == "x" * 10 + "…"

    def test_secrets(self) -> None:
        """A secret is blanked, also where the cut falls into it."""
        assert preview('{"api_key":"' + "s" * 1000) == '{"api_key":"***"'
        assert preview('{"token":"ab\\') == '{"token":"***"'


@pytest.mark.parametrize(
    ("name", "frame"), [("call.started", {"from": "+1"}), ("bot.word", {"word": "a"})]
)
def test_the_reader_of_an_event(name: str, frame: dict[str, str]) -> None:
    """An event is read by the wire's names, also where Python has another one for a field."""
    event: Any = codec._reader(name)(json.dumps(frame))
    [(key, value)] = frame.items()
    assert getattr(event, "from_" if key == "from" else key) == value
