"""What every agent must keep to, whoever calls: watched from the server's side and the client's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import msgspec

from pinecall.errors import CallEnded, NotConnected

from .known import Fault, Known
from .texts import found, read_with_a_gap, words_of

__all__ = ["Watch"]

#: Events by which an agent takes its turn.
_ANSWERS = frozenset({
    "bot.speaking", "llm.tool_call", "llm.chat.chunk", "chat.response", "llm.error", "call.held",
    "call.muted", "call.forwarded", "call.routed",
})  # fmt: skip
_ENDS = frozenset({"call.ended", "llm.chat.ended"})
#: Commands by which a program speaks or acts in a call; the others, like a tool's result, may be late.
_SPEAKS = frozenset({"bot.reply", "bot.reply.stream"})
_ACTS = _SPEAKS | {"call.hold", "call.mute", "call.forward", "call.dtmf", "call.send_dtmf"}


class Server(Protocol):
    """The part of the server's core that is looked at."""

    @property
    def sessions(self) -> Any: ...
    @property
    def world(self) -> Any: ...


class Watch:
    """Follows every call of one run and notes what is against a rule.

    answers_within: seconds of the call's time; None: a caller's turn needs no answer
    """

    def __init__(self, core: Server, answers_within: float | None) -> None:
        self.faults: list[Fault] = []
        #: Of each call, the words that belong to its caller alone.
        self.owners: dict[str, tuple[str, ...]] = {}
        self._core = core
        self._within = answers_within
        self._calls: dict[str, Known] = {}
        self._texts: list[tuple[str, str, str]] = []
        core.world.observers.append(self._event)
        outbox = core.world.outbox
        first: Callable[[Any], None] = outbox.watcher

        def watcher(passed: Any) -> None:
            first(passed)
            if passed.way == "in" and "call_id" in passed.frame:
                self._command(passed.frame, passed.at)

        outbox.watcher = watcher

    def follow(self, client: Any, *, sync: bool) -> None:
        """Follow what reaches the program of one client, after its own handlers."""
        engine = client._engine
        failed = engine.handler_failed

        def handler_failed(exc: BaseException, handler: Any, delivery: Any) -> None:
            # The client says nothing of it: a handler may be overtaken by the end of its call. One
            # that begins with the end is not overtaken.
            if isinstance(exc, CallEnded) and delivery.name.endswith(".ended"):
                self._after_the_end(exc)
            failed(exc, handler, delivery)
            if isinstance(exc, NotConnected) and engine._failure is exc:
                # The link was cut here; that the program cannot speak meanwhile is no mistake of it.
                engine.take_failure()

        engine.handler_failed = handler_failed
        client.on("call.dtmf_received", self._digit_arrived)
        if sync:
            # One handler at a time: what the next one says is not what was interrupted.
            client.on("call.started", self._handled)
            for name in ("call.dtmf_received", "user.message", "turn.end"):
                client.on(name, self._event_handled)

    def of(self, call_id: str) -> Known:
        """Return what is known of a call."""
        return self._calls.setdefault(call_id, Known())

    def task_failed(self, exc: BaseException | None) -> bool:
        """Take what a task of the program's own raised. Returns whether it was a rule's matter."""
        if not isinstance(exc, CallEnded):
            return False
        self._after_the_end(exc)
        return True

    def link_broke(self) -> None:
        """Forgive the turns that are open: the program may never have heard of them."""
        for call in self._calls.values():
            call.asked_at = None

    def said(self, call_id: str, what: str, text: str) -> None:
        """Take a text of a call, to see whether it belongs there."""
        self._texts.append((call_id, what, text))

    # -- from the server ------------------------------------------------------------------------

    def _event(self, call_id: str, frame: dict[str, Any]) -> None:
        name, at = frame["event"], frame["ts"]
        call = self.of(call_id)
        if name in _ANSWERS or name in _ENDS:
            self._answered(call_id, call, at)
        handle = self._EVENTS.get(name)
        if handle is not None:
            handle(self, call_id, call, frame)

    def _linked(self, call_id: str) -> bool:
        session = self._core.sessions.get(call_id)
        return session is not None and session.owner.link is not None

    def _asked(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        call.cut = False
        call.turns += 1
        session = self._core.sessions.get(call_id)
        # A line may listen to keys alone.
        if self._linked(call_id) and session.agent is not None:
            call.asked_at = frame["ts"]

    def _speech_started(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        call.asked_at = None

    def _speaks(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        call.speaking = True

    def _silent(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        call.speaking = False
        call.silent_at = frame["ts"]
        if not call.cut and frame.get("reason") in ("user_spoke", "continuation"):
            call.cut, call.handled_at_cut = True, call.handled

    def _pressed(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        if self._linked(call_id):
            call.pressed += frame["digit"]

    def _tools(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        for tool in frame["tool_calls"]:
            call.names[tool["id"]] = tool["name"]
            if tool["id"] not in call.results:
                call.waiting.setdefault(tool["id"], (tool["name"], frame["ts"]))
            self.said(call_id, f"the arguments of {tool['name']}", str(tool["arguments"]))

    def _over(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        call.ended_at, call.ended_up = frame["ts"], self._linked(call_id)
        call.cut = False
        call.waiting.clear()

    _EVENTS: ClassVar[dict[str, Callable[[Watch, str, Known, dict[str, Any]], None]]] = {
        "turn.end": _asked,
        "chat.message": _asked,
        "speech.started": _speech_started,
        "bot.speaking": _speaks,
        "bot.finished": _silent,
        "bot.interrupted": _silent,
        "call.dtmf_received": _pressed,
        "llm.tool_call": _tools,
        "call.ended": _over,
        "llm.chat.ended": _over,
    }

    # -- from the program -----------------------------------------------------------------------

    def _command(self, frame: dict[str, Any], at: float) -> None:
        name, call_id = frame["event"], str(frame["call_id"])
        call = self.of(call_id)
        text = msgspec.json.encode(frame).decode()
        self.said(call_id, words_of(frame), text)
        if name == "llm.tool_result":
            self._results(call_id, call, frame)
        if name not in _ACTS:
            return
        if call.ended_at is not None and at > call.ended_at and call.ended_up:
            self._fault(
                call_id,
                "nothing after the end",
                f"{name} came after the call was over: {words_of(frame)}",
            )
        begins = name in _SPEAKS and frame.get("action", "start") == "start"
        if begins and call.cut and call.handled == call.handled_at_cut:
            self._fault(
                call_id, "an interrupted agent stops",
                f"while the caller spoke over it, the program went on: {words_of(frame)}",
            )  # fmt: skip

    def _results(self, call_id: str, call: Known, frame: dict[str, Any]) -> None:
        for result in frame.get("results") or ():
            known = result.get("tool_call_id")
            value = result.get("result")
            call.waiting.pop(known, None)
            if call.results.setdefault(known, value) != value:
                self._fault(
                    call_id, "a tool runs once",
                    f"{call.names.get(known, 'a tool')} was answered with {call.results[known]!r}, "
                    f"then with {value!r}, for one call of the model",
                )  # fmt: skip

    def _handled(self, call: Any) -> None:
        self.of(call.id).handled += 1

    def _event_handled(self, event: Any, call: Any) -> None:
        if call is not None:
            self._handled(call)

    def _digit_arrived(self, event: Any, call: Any) -> None:
        if call is not None:
            self.of(call.id).told += event.digit

    def _after_the_end(self, exc: CallEnded) -> None:
        self._fault(str(exc.call_id), "nothing after the end", str(exc))

    # -- verdicts -------------------------------------------------------------------------------

    def _fault(self, call_id: str, rule: str, why: str) -> None:
        self.faults.append(Fault(call_id, rule, why))

    def _answered(self, call_id: str, call: Known, at: float) -> None:
        self._late(call_id, call, at)
        call.asked_at = None

    def _late(self, call_id: str, call: Known, now: float) -> None:
        if call.asked_at is None or self._within is None or call.speaking:
            return
        waited = now - max(call.asked_at, call.silent_at)
        if waited > self._within:
            call.asked_at = None
            self._fault(
                call_id, f"an answer within {self._within:g} s",
                f"the caller had no answer, no tool and no hang-up for {waited:.1f} s",
            )  # fmt: skip

    def check(self, now: float, tool_timeout: float, *, over: bool = False) -> Fault | None:
        """Return what is wrong by now, or now that all calls are over."""
        for call_id, call in self._calls.items():
            self._late(call_id, call, now)
            # In the blocking front a handler that waits holds back the digits after it.
            if not call.pressed.startswith(call.told) or (over and call.told != call.pressed):
                why = f"the caller pressed {call.pressed!r}, and {call.told!r} reached the program"
                self._fault(call_id, "every digit arrives", why)
            for name, since in call.waiting.values():
                if now - since >= tool_timeout:
                    self._fault(
                        call_id,
                        "a tool is answered",
                        f"{name} has no result after {now - since:.0f} s",
                    )
        texts, self._texts = self._texts, []
        for call_id, what, text in texts:
            self._check_text(call_id, what, text)
        return self.faults[0] if self.faults else None

    def _check_text(self, call_id: str, what: str, text: str) -> None:
        own = self.owners.get(call_id)
        if own is None:
            return
        others = {word for words in self.owners.values() for word in words} - set(own)
        strange = found(text, others)
        if strange is not None:
            self._fault(
                call_id, "callers share nothing", f"{strange!r} of another caller is in {what}"
            )

    def read_back(self, call_id: str, text: str) -> None:
        """Take what the agent said, and see whether it reads back the caller's digits with a gap."""
        pressed = self.of(call_id).pressed
        digits = read_with_a_gap(text, pressed)
        if digits is not None:
            why = f"the caller pressed {pressed!r}, and the agent read {digits!r}"
            self._fault(call_id, "every digit arrives", why)
