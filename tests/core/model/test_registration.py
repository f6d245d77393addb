"""Claiming a name: each step of the table, and who is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pinecall.core.model.registration import Registration
from pinecall.errors import (
    NotConnected,
    PinecallError,
    RegistrationError,
    ServerAtCapacityError,
)

from ..kernel.bare import Bare
from .people import Agent

REFUSED = RegistrationError("no such number", "PHONE_NOT_OWNED", agent_id="mara")


def asked(runtime: Bare | None = None) -> tuple[Bare, Registration]:
    """A registration that waits for its ack; nothing left to send."""
    runtime = runtime or Bare()
    registration = Agent(runtime)._registration
    registration.create()
    runtime.outbox.take()
    return runtime, registration


class TestAsking:
    def test_while_the_link_is_up(self) -> None:
        """The name is claimed at once."""
        runtime = Bare()
        registration = Agent(runtime)._registration
        assert registration.status == "idle"
        registration.create()
        assert registration.status == "asked"
        assert [json.loads(text) for text in runtime.outbox.take()] == [
            {"event": "agent.create", "agent_id": "mara"}
        ]

    def test_while_the_link_is_down(self) -> None:
        """Nothing is claimed; the link's next connection does it."""
        runtime = Bare()
        runtime.ready = False
        registration = Agent(runtime)._registration
        registration.create()
        assert registration.status == "idle"
        assert runtime.outbox.take() == []

    def test_after_a_refusal(self) -> None:
        """A name that is asked for again is open again: nobody is given the former refusal."""
        _, registration = asked()
        registration.over(REFUSED)
        registration.create()
        assert (registration.status, registration.error) == ("asked", None)
        assert not registration.ready.done
        assert not registration.usable.done


def pass_time(runtime: Bare, now: float) -> None:
    """Let everything happen that is due."""
    for action, due in runtime.timers.expired(now):
        action(now - due)
    runtime.timers.arm(now)


class TestNoAnswer:
    def test_asked_again(self, caplog: pytest.LogCaptureFixture) -> None:
        """A claim that is not answered is made again every seven seconds, which is logged."""
        runtime, registration = asked()
        pass_time(runtime, 0.0)
        pass_time(runtime, 6.9)
        assert runtime.outbox.take() == []
        for now in (7.0, 14.0):
            pass_time(runtime, now)
            assert [json.loads(text)["event"] for text in runtime.outbox.take()] == ["agent.create"]
        assert registration.status == "asked"
        assert "has not answered the registration of agent mara for 7 s" in caplog.text

    @pytest.mark.parametrize(
        "answer",
        [
            lambda it: it.acked(),
            lambda it: it.refuse(REFUSED),
            lambda it: it.link_lost(),
            lambda it: it.forget(),
        ],
        ids=["ack", "refusal", "lost link", "removal"],
    )
    def test_answered(self, answer: Callable[[Registration], object]) -> None:
        """Nothing is asked again after an answer, the loss of the link, or the agent's removal."""
        runtime, registration = asked()
        answer(registration)
        pass_time(runtime, 0.0)
        pass_time(runtime, 100.0)
        assert runtime.outbox.take() == []


class TestTheAck:
    def test_acked(self) -> None:
        """The ack makes the name ours, once; whoever waits is told."""
        _, registration = asked()
        ready, usable = registration.ready, registration.usable
        assert not (ready.done or usable.done or registration.held)
        assert registration.ready is ready
        assert registration.usable is usable
        assert registration.acked()
        assert registration.held
        assert ready.result() is usable.result() is None
        assert not registration.acked()

    def test_asked_for_afterwards(self) -> None:
        """Whoever waits after the ack has it at once."""
        _, registration = asked()
        registration.acked()
        assert registration.ready.result() is None
        assert registration.usable.result() is None

    def test_what_waited_for_it(self) -> None:
        """Frames that were held for the name are sent after the ack, in order."""
        runtime = Bare()
        for event in ("a", "b"):
            runtime.hold_raw({"event": event}, "mara")
        _, registration = asked(runtime)
        assert runtime.outbox.take() == []
        registration.acked()
        assert [json.loads(text)["event"] for text in runtime.outbox.take()] == ["a", "b"]

    def test_after_a_refusal(self) -> None:
        """An ack that comes after a refusal counts: whoever asks then has it."""
        _, registration = asked()
        before = registration.ready
        registration.over(REFUSED)
        registration.acked()
        assert before.error is REFUSED
        assert registration.error is None
        assert registration.ready.result() is None


class TestTheRefusal:
    def test_refused(self) -> None:
        """A refusal fails whoever waits, and is reported to the ``error`` handlers."""
        runtime, registration = asked()
        errors = runtime.subscribe(runtime.handlers, ("error",))
        ready, usable = registration.ready, registration.usable
        registration.refuse(REFUSED)
        assert (registration.status, registration.error) == ("refused", REFUSED)
        assert ready.error is usable.error is REFUSED
        item = errors.take()
        assert item is not None and item.event is REFUSED
        assert item.agent is registration.owner

    def test_asked_for_afterwards(self) -> None:
        """Whoever waits after the refusal gets it at once."""
        _, registration = asked()
        registration.over(REFUSED)
        assert registration.ready.error is REFUSED
        assert registration.usable.error is REFUSED

    def test_a_name_that_was_held(self) -> None:
        """A name that is taken away is refused to whoever asks then; the former ack stays one."""
        _, registration = asked()
        ready = registration.ready
        registration.acked()
        registration.over(REFUSED)
        assert ready.result() is None
        assert registration.ready.error is REFUSED

    def test_for_good(self) -> None:
        """A refusal is for good, unless only a slot was missing."""
        _, registration = asked()
        assert not registration.over_for_good
        registration.over(ServerAtCapacityError("full", agent_id="mara"))
        assert not registration.over_for_good
        registration.over(REFUSED)
        assert registration.over_for_good
        registration.create()
        assert not registration.over_for_good

    def test_is_any_left(self) -> None:
        """Each refusal makes the client look whether any name is left to wait for."""

        class Looking(Bare):
            looked = 0

            def look_whether_all_are_refused(self) -> None:
                self.looked += 1

        runtime = Looking()
        _, registration = asked(runtime)
        registration.over(REFUSED)
        assert runtime.looked == 1


class TestTheLink:
    def test_lost_while_held(self) -> None:
        """A lost link takes the name: whoever asks then waits for the next ack."""
        _, registration = asked()
        ready = registration.ready
        registration.acked()
        registration.link_lost()
        assert registration.status == "idle"
        assert ready.result() is None
        assert not registration.ready.done
        registration.create()
        registration.acked()
        assert registration.ready.result() is None

    def test_lost_while_asked(self) -> None:
        """Whoever waited for the ack waits for that of the next connection."""
        _, registration = asked()
        ready = registration.ready
        registration.link_lost()
        assert registration.ready is ready
        registration.create()
        registration.acked()
        assert ready.result() is None

    def test_lost_after_a_refusal(self) -> None:
        """The next connection asks anew: the refusal is forgotten."""
        _, registration = asked()
        registration.over(REFUSED)
        assert registration.ready.error is REFUSED
        registration.link_lost()
        assert (registration.status, registration.error) == ("idle", None)
        assert not registration.ready.done

    def test_closed(self) -> None:
        """A link that does not come back fails whoever waits."""
        _, registration = asked()
        ready, usable = registration.ready, registration.usable
        registration.link_lost()
        registration.link_closed()
        for outcome in (ready, usable):
            with pytest.raises(NotConnected, match="'mara' is not registered") as caught:
                outcome.result()
            assert caught.value.agent_id == "mara"
        assert not registration.ready.done

    def test_closed_with_nobody_waiting(self) -> None:
        """A closed link leaves what was answered as it was."""
        _, registration = asked()
        registration.link_closed()
        registration.acked()
        ready = registration.ready
        registration.link_closed()
        assert ready.result() is None
        assert registration.ready is ready


class TestTheEnd:
    def test_forgotten(self) -> None:
        """A removed owner's registration fails whoever waits, then and later."""
        _, registration = asked()
        ready, usable = registration.ready, registration.usable
        registration.forget()
        assert registration.status == "removed"
        errors = [ready.error, usable.error, registration.ready.error, registration.usable.error]
        assert [str(error) for error in errors] == ["wait_ready(): agent mara was removed"] * 4
        assert {type(error) for error in errors} == {RegistrationError}

    def test_forgotten_after_the_ack(self) -> None:
        """The ack that was waited for stays one; whoever asks later gets the error."""
        _, registration = asked()
        ready = registration.ready
        registration.acked()
        registration.forget()
        assert ready.result() is None
        assert isinstance(registration.ready.error, RegistrationError)

    def test_forgotten_with_nobody_waiting(self) -> None:
        """Nobody need be waiting."""
        _, registration = asked()
        registration.forget()
        assert isinstance(registration.usable.error, PinecallError)

    def test_verbs(self) -> None:
        """``require`` raises for a removed owner only, and names the verb."""
        _, registration = asked()
        registration.over(REFUSED)
        registration.require("pause")
        registration.forget()
        with pytest.raises(RegistrationError, match=r"^pause: agent mara was removed$") as caught:
            registration.require("pause")
        assert (caught.value.code, caught.value.agent_id) == ("AGENT_NOT_REGISTERED", "mara")
