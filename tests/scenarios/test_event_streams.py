"""Event streams of a running client: what a browser receives, byte by byte, about the calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from pinecall import tool
from pinecall.core.wire.sse_reader import SseReader

from ..fronts.log import DEADLINE
from .scene import CALLER, NUMBER, Scene

Told = tuple[str, dict[str, Any]]
FACTS = {"from": CALLER, "to": NUMBER, "direction": "inbound", "transport": "phone"}


class Page:
    """A browser at the other end of a stream: ``take`` reads until it has seen enough."""

    def __init__(self, scene: Scene, stream: Any) -> None:
        self._scene = scene
        self._chunks = aiter(stream) if hasattr(stream, "__aiter__") else iter(stream)
        self._parser = SseReader()
        self.told: list[Told] = []
        self.bytes = b""
        self.ended = False

    def until(self, enough: Callable[[Told], bool]) -> list[Told]:
        """What it receives up to the first event that is ``enough``."""
        seen: list[Told] = []
        while not self.ended:
            while self.told:
                seen.append(self.told.pop(0))
                if enough(seen[-1]):
                    return seen
            self._read()
        raise AssertionError(f"the stream ended after {seen}")

    def named(self, name: str) -> list[Told]:
        return self.until(lambda told: told[0] == name)

    def rest(self) -> list[Told]:
        """Until the stream ends by itself."""
        while not self.ended:
            self._read()
        told, self.told = self.told, []
        return told

    def _read(self) -> None:
        chunks = self._scene.front.take(self._chunks, 1)
        self.ended = not chunks
        for chunk in chunks:
            self.bytes += chunk
            self.told += [(e.event, json.loads(e.data)) for e in self._parser.feed(chunk)]

    def leave(self) -> None:
        self._scene.front.close_iterator(self._chunks)


def readers(scene: Scene) -> int:
    return int(scene.pc._runtime.open_hub().subscribers)


def test_a_clients_stream(scene: Scene) -> None:
    """``connected`` names the agents; then events with ``callId`` and ``agent``, each word of them,
    of agents that are made later too."""
    scene.model("mara")
    page = Page(scene, scene.pc.stream())
    assert page.named("connected") == [("connected", {"agents": ["mara"]})]
    scene.model("leo", "+13186330964")
    caller = scene.emu.phone_call(to="+13186330964", from_=CALLER)
    _, data = page.named("call.started")[-1]
    assert data["callId"] == caller.id
    assert data["agent"] == "leo"
    caller.say("one two three")
    caller.wait_reply()
    words = [
        data for name, data in page.named("message.confirmed") if name == "bot.word"
    ]  # fmt: skip
    assert " ".join(data["word"] for data in words) == "You said: one two three"
    assert {data["callId"] for data in words} == {caller.id}
    first, *_ = page.bytes.split(b"\n\n")
    assert [line.partition(b":")[0] for line in first.split(b"\n")] == [
        b"event", b"data", b"id", b"retry",
    ]  # fmt: skip


def test_a_filtered_stream(scene: Scene) -> None:
    """Nothing of other agents, in the beginning or later; an agent's own stream names it alone."""
    scene.model("mara")
    leo = scene.model("leo", "+13186330964")
    other, _ = scene.ring()
    pages = [Page(scene, scene.pc.stream(agents=["leo"])), Page(scene, leo.stream())]
    assert [page.named("connected")[0][1] for page in pages] == [
        {"agents": ["leo"]},
        {"agent": "leo"},
    ]
    other.say("a secret")
    other.wait_reply()
    caller = scene.emu.phone_call(to="+13186330964", from_=CALLER)
    caller.hangup()
    for page in pages:
        told = page.named("call.ended")
        assert {data["agent"] for _, data in told} == {"leo"}
        assert b"secret" not in page.bytes


def test_leaving_a_stream(scene: Scene) -> None:
    """A page that goes leaves nothing behind; the client's end is the end of all streams."""
    scene.model("mara")
    pages = [Page(scene, scene.pc.stream()) for _ in range(3)]
    for page in pages:
        page.named("connected")
    assert readers(scene) == 3
    pages[0].leave()
    assert readers(scene) == 2
    scene.do(scene.pc.disconnect)
    assert pages[1].rest() == pages[2].rest() == []
    assert readers(scene) == 0


def test_one_calls_stream(scene: Scene) -> None:
    """call.started, the greeting it was dialled with, growing bot text, what the other side says,
    tool calls and call.ended; then it closes."""

    @tool
    def look(day: str) -> str:
        """Look it up."""
        return f"{day} is free"

    agent = scene.model(tools=[look])
    call = scene.do(agent.dial, "+14155551234", greeting="Hello, this is Mara")
    callee = scene.emu.wait_dialled("+14155551234")
    page = Page(scene, call.stream())
    told = page.until(lambda told: told[1].get("text") == "Hello, this is Mara")
    assert told[0] == ("call.started", {"callId": call.id})
    assert told[1][0] == "bot.confirmed"
    callee.wait_reply()
    callee.say('!tool look {"day": "Monday"}')
    callee.wait_reply()
    heard = page.until(lambda told: told[0] == "tool.call")
    assert heard[-1] == ("tool.call", {"name": "look", "args": {"day": "Monday"}})
    assert "user.message" in [name for name, _ in heard]
    callee.say("one two three")
    reply = callee.wait_reply()
    told = page.until(
        lambda told: told[0] == "bot.confirmed" and told[1]["text"] == "You said: one two three"
    )
    message = told[-1][1]["messageId"]
    growing = [d["text"] for name, d in told if name == "bot.word" and d["messageId"] == message]
    assert growing[0] == "You"
    assert growing[-1] == reply
    assert all(later.startswith(text) for text, later in pairwise(growing))
    callee.hangup()
    name, data = page.rest()[-1]
    assert name == "call.ended"
    assert (data["reason"], type(data["duration"])) == ("hangup", int)
    assert readers(scene) == 0


def test_one_calls_stream_after_its_end(scene: Scene) -> None:
    """What was said, and the end; a given greeting comes first."""
    scene.model()
    caller, call = scene.ring()
    caller.say("hello there")
    reply = caller.wait_reply()
    scene.items.wait_for(lambda item: item.name == "message.confirmed", DEADLINE)
    caller.hangup()
    scene.got("call.ended")
    told = Page(scene, call.stream(greeting="Welcome.")).rest()
    assert [(name, data.get("text")) for name, data in told] == [
        ("call.started", None),
        ("bot.confirmed", "Welcome."),
        ("user.message", "hello there"),
        ("bot.confirmed", reply),
        ("call.ended", None),
    ]
