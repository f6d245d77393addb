"""Event names that users write, and the arguments of their handlers."""

from __future__ import annotations

import pytest

from pinecall.core.wire.names import (
    LINE_NAMES,
    MAY_LACK_CALL,
    PUBLIC,
    SIGNATURES,
    check_name,
    public_name,
    verb_name,
)
from pinecall.errors import ConfigurationError
from pinecall.events import EVENTS

from ..harness import COMMANDS


class TestSignatures:
    @pytest.mark.parametrize("wire", sorted(set(EVENTS) - {"authenticated", "ping", "pong"}))
    def test_every_event(self, wire: str) -> None:
        """Each event of the wire has handlers, under the name that is written for it."""
        assert public_name(wire) in SIGNATURES

    @pytest.mark.parametrize("wire", ["authenticated", "ping", "pong"])
    def test_frames_of_the_link(self, wire: str) -> None:
        """The frames that only the link reads have no handlers."""
        assert wire not in SIGNATURES

    @pytest.mark.parametrize("wire", sorted(PUBLIC))
    def test_names_of_the_wire(self, wire: str) -> None:
        """A name of the wire that has another public name is not one that handlers have."""
        assert wire not in SIGNATURES
        assert PUBLIC[wire] in SIGNATURES

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("connected", ()),
            ("disconnected", ("reason",)),
            ("call.started", ("call",)),
            ("call.ended", ("call", "reason")),
            ("call.preparing", ("call",)),
            ("call.ringing", ("ringing",)),
            ("turn.end", ("turn", "call")),
            ("agent.created", ("event", "agent")),
            ("user.message", ("event", "call")),
            ("bot.speaking", ("event", "call")),
            ("events.gap", ("event", "call")),
            ("*", ("item",)),
        ],
    )
    def test_arguments(self, name: str, arguments: tuple[str, ...]) -> None:
        """A handler gets what its event is about; of most events, the event and the call."""
        assert SIGNATURES[name] == arguments

    @pytest.mark.parametrize("name", sorted(MAY_LACK_CALL))
    def test_without_a_call(self, name: str) -> None:
        """The events that may come without a call are events of a call."""
        assert SIGNATURES[name] == ("event", "call")

    @pytest.mark.parametrize("name", sorted(LINE_NAMES))
    def test_of_lines(self, name: str) -> None:
        """The events that only a phone line has are events."""
        assert name in SIGNATURES


@pytest.mark.parametrize(
    ("wire", "public"),
    [
        ("llm.before", "call.preparing"),
        ("llm.chat.ended", "call.ended"),
        ("line.error", "error"),
        ("user.message", "user.message"),
        ("brand.new", "brand.new"),
    ],
)
def test_public_names(wire: str, public: str) -> None:
    """A name of the wire is the platform's name for it; any other name stays as it is."""
    assert public_name(wire) == public


@pytest.mark.parametrize(
    ("frame", "verb"),
    [
        ("bot.reply", "say or reply"),
        ("call.hangup", "hangup"),
        ("history.set_vars", "set_prompt_vars"),
        ("ping", "ping"),
        ("brand.new", "brand.new"),
    ],
)
def test_verbs(frame: str, verb: str) -> None:
    """A frame is named by the method that sends it; any other frame by its own name."""
    assert verb_name(frame) == verb


def test_verbs_of_commands() -> None:
    """Most commands of a call are named by a method."""
    verbs = [event for event in COMMANDS if verb_name(event) != event]
    assert len(verbs) >= 20


class TestCheckName:
    @pytest.mark.parametrize("name", sorted(SIGNATURES))
    def test_known(self, name: str) -> None:
        """A name that handlers have is taken as it is."""
        assert check_name(name) == name

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [
            ("call.start", "call.started"),
            ("user.mesage", "user.message"),
            ("llm.before", "call.preparing"),
            ("line.error", "error"),
        ],
    )
    def test_near(self, name: str, nearest: str) -> None:
        """For a misspelled name, or one of the wire, the error has the right one."""
        with pytest.raises(ConfigurationError) as caught:
            check_name(name)
        assert str(caught.value).startswith(
            f"there is no event {name!r}; did you mean {nearest!r}?"
        )

    def test_far(self) -> None:
        """For a name that resembles none, the error says how events of a newer server are heard."""
        with pytest.raises(ConfigurationError, match=r"no event 'zzzz'; use on\('\*', …\)"):
            check_name("zzzz")

    @pytest.mark.parametrize(("name", "kind"), [(5, "int"), (None, "NoneType"), (print, "builtin")])
    def test_what_is_not_text(self, name: object, kind: str) -> None:
        """A name that is not a text is refused with its type."""
        with pytest.raises(ConfigurationError, match=f"'call.started', not {kind}"):
            check_name(name)
