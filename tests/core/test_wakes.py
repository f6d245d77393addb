"""Whatever user code sends from its own thread wakes the link: nothing waits for the next tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .harness import Wire

VERBS: dict[str, Callable[[Any], object]] = {
    "stream.write": lambda call: call.reply_stream().write("Hel"),
    "stream.end": lambda call: call.reply_stream().end(),
    "speak": lambda call: call._speak("Hello", "", None),
    "cancel": lambda call: call.cancel(),
    "clear": lambda call: call.clear(),
    "hangup": lambda call: call.hangup(),
    "forward": lambda call: call.forward("+15558675309"),
    "send_dtmf": lambda call: call.send_dtmf("1"),
    "hold": lambda call: call.hold(),
    "unhold": lambda call: call.unhold(),
    "mute": lambda call: call.mute(),
    "unmute": lambda call: call.unmute(),
    "configure": lambda call: call.configure(language="es"),
    "load_skill": lambda call: call.load_skill("booking"),
    "unload_skill": lambda call: call.unload_skill("booking"),
    "tool_result": lambda call: call.tool_result("m_1", []),
    "ask_history": lambda call: call._ask_history(),
    "ask_change": lambda call: call._ask_change("history.clear"),
    "agent.configure": lambda call: call.agent.configure(language="es"),
    "agent.configure_session": lambda call: call.agent.configure_session(call.id, language="es"),
    "agent.add_channel": lambda call: call.agent.add_channel("webrtc"),
    "agent.route_callers": lambda call: call.agent.route_callers(["+34607827824"]),
    "agent.pause": lambda call: call.agent.pause(),
    "agent.resume": lambda call: call.agent.resume(),
    "agent.send_message": lambda call: call.agent.send_message("Hi", contact="34607827824"),
    "agent.send": lambda call: call.agent.send({"event": "session.pause"}),
    "agent.skill": lambda call: call.agent.skill(
        {"name": "booking", "description": "Tables", "tools": []}
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_wake_the_link(verb: str) -> None:
    """Each verb that has put frames out has also woken whoever writes them."""
    wire = Wire()
    call = wire.call()
    wire.sent()
    before = wire.front.wakes
    VERBS[verb](call)
    assert wire.front.wakes > before
    assert wire.sent()


def test_aborting_wakes_the_link() -> None:
    """The end frame of a stream that the program aborts does not wait either."""
    wire = Wire()
    stream = wire.call().reply_stream()
    stream.write("Hel")
    before = wire.front.wakes
    stream.abort()
    assert wire.front.wakes > before
    assert wire.sent()[-1]["action"] == "end"
