"""The other end of the line: the fixture ``caller``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pinecall.emulator.core.kernel.names import normal_number
from pinecall.emulator.core.openers.outbound import Outcome
from pinecall.emulator.core.sessions.chat import ChatSession
from pinecall.emulator.errors import EmulatorError, Nobody

from .arguments import check_mapping, check_seconds, check_text
from .call import WAIT, Call
from .failing import ExpectationFailed

if TYPE_CHECKING:
    from .ground import Ground

__all__ = ["Callee", "Caller"]

#: Seconds that the channels of a registered agent are on their way, under faults.
_CHANNELS = 3.0
_OUTCOMES = {"busy": "busy", "no_answer": "no-answer", "picks_up": "answer"}


class Caller:
    """Calls, writes, and answers calls of the program under test."""

    def __init__(self, stage: Ground) -> None:
        self._stage = stage
        #: Every conversation of the test.
        self.calls: list[Call] = []

    def phones(
        self,
        to: str,
        from_: str | None = "+15551230000",
        *,
        metadata: dict[str, Any] | None = None,
        language: str | None = None,
        extension: str | None = None,
    ) -> Call:
        """Call a number, or an agent from a browser by its name (``caller.phones("mara")``).

        from_: the caller's number; None, ``""`` or ``"anonymous"`` if it is withheld
        metadata, language: what the carrier, or the browser's token, brings along
        extension: the keys dialled behind the number of a line
        """
        __tracebackhide__ = True
        what = f"caller.phones({to!r})"
        check_text(what, to)
        for given in (from_, language, extension):
            if given is not None:
                check_text(what, given, empty=True)
        check_mapping(what, "metadata", metadata)
        if to.lstrip("+").replace(" ", "").replace("-", "").isdigit() or to.startswith("sip:"):
            return self._open(
                what,
                lambda core: core.inbound.phone(
                    to, from_, metadata=metadata, language=language, extension=extension
                ),
            )
        return self._open(
            what,
            lambda core: core.inbound.webrtc(to, metadata=metadata, language=language),
        )

    def chats(
        self,
        agent: str,
        text: str | None = None,
        *,
        metadata: dict[str, Any] | None = None,
        language: str | None = None,
    ) -> Call:
        """Open a chat with an agent, and write ``text`` if it is given."""
        __tracebackhide__ = True
        what = f"caller.chats({agent!r})"
        check_text(what, agent)
        for given in (text, language):
            if given is not None:
                check_text(what, given)
        check_mapping(what, "metadata", metadata)

        def start(core: Any) -> ChatSession:
            chat = core.chats.open(
                core.registry.online(agent), metadata=metadata, language=language
            )
            chat.start()
            return chat  # type: ignore[no-any-return]

        call = self._open(what, start)
        return call if text is None else call.says(text)

    def answers(
        self, to: str = "*", how: str = "picks_up", *, after: float | None = None
    ) -> Callee:
        """Be the person whom the program dials: at ``to``, or at any number.

        how: ``picks_up``, ``busy`` or ``no_answer``; the result has methods of these names
        after: seconds until then; by default a ring, or all of them

        The result is the call: its methods wait until the program has dialled.
        """
        __tracebackhide__ = True
        check_text(f"caller.answers({to!r})", to)
        callee = Callee(self._stage, to)
        callee._plans(how, after)
        self.calls.append(callee)
        return callee

    def _open(self, what: str, start: Any) -> Call:
        __tracebackhide__ = True
        stage, runner = self._stage, self._stage.world.runner
        session: Any = None
        last = ""

        def attempt() -> bool:
            nonlocal session, last
            try:
                session = runner.act(lambda: start(runner.core))
            except Nobody as why:
                last = str(why)
            return session is not None

        try:
            stage.settle()
            # The program may still be on its way back, after a fault.
            if not attempt() and not stage.registered:
                stage.wait(lambda: attempt() or stage.registered, WAIT)
            if session is None and stage.faults.active:
                stage.wait(attempt, _CHANNELS)
        except EmulatorError as why:
            raise ExpectationFailed(f"{what}: {why}") from None
        if session is None:
            raise ExpectationFailed(f"{what}: {last}; deployed: {self._stage.deployed()}")
        call = Call(self._stage, session)
        self.calls.append(call)
        self._stage.settle()
        self._stage.check()
        return call


class Callee(Call):
    """The person whom the program dials."""

    def __init__(self, stage: Ground, to: str) -> None:
        super().__init__(stage, None)
        self._to = to
        self._how = "picks_up"

    def picks_up(self, after: float | None = None) -> Callee:
        """Answer, ``after`` that many seconds of ringing."""
        return self._plans("picks_up", after)

    def busy(self, after: float | None = None) -> Callee:
        """Be on the phone: the dial fails with ``busy``."""
        return self._plans("busy", after)

    def no_answer(self, after: float | None = None) -> Callee:
        """Let it ring: the dial fails with ``no-answer``."""
        return self._plans("no_answer", after)

    def _plans(self, how: str, after: float | None) -> Callee:
        __tracebackhide__ = True
        what = f"caller.answers({self._to!r}, {how!r})"
        if how not in _OUTCOMES:
            raise ValueError(f"{what}: one of {', '.join(_OUTCOMES)}")
        check_seconds(what, "after", after, optional=True)
        self._how = how
        runner = self._stage.world.runner
        if after is None and how == "no_answer":
            after = runner.core.world.settings.dial_rings
        try:
            runner.act(
                lambda: runner.core.outbound.on_dial(self._to, Outcome(_OUTCOMES[how], after))
            )
        except EmulatorError as why:
            raise ExpectationFailed(f"caller.answers({self._to!r}): {why}") from None
        return self

    @property
    def _session(self) -> Any:
        if self._known is None:
            self._await_dial()
        return self._known

    @property
    def over(self) -> bool:
        return self._known is not None and super().over

    @property
    def reason(self) -> str | None:
        return None if self._known is None else super().reason

    def __repr__(self) -> str:
        return (
            super().__repr__()
            if self._known is not None
            else f"<Callee at {self._to}: not dialled>"
        )

    def _await_dial(self) -> None:
        __tracebackhide__ = True
        if self._how != "picks_up":
            raise ExpectationFailed(f"{self!r} does not answer ({self._how}), so there is no call")
        world = self._stage.world
        outbound = world.runner.core.outbound

        def take() -> bool:
            numbers = list(outbound.answered) if self._to == "*" else [normal_number(self._to)]
            for number in numbers:
                session = outbound.take_answered(number)
                if session is not None:
                    self._known = session
                    return True
            return False

        found = self._stage.wait(lambda: bool(world.runner.look(take)), 2 * WAIT)
        self._stage.check()
        if not found:
            raise ExpectationFailed(
                f"caller.answers({self._to!r}): the program has not dialled it within {2 * WAIT:g} s"
            )
