"""A greeting that is a function: called for each call, its text spoken by the SDK.

Texts and language maps are on the wire, and spoken by the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import CallEnded, ConfigurationError, NotConnected
from ..kernel.callables import is_coroutine
from ..kernel.job import Job

if TYPE_CHECKING:
    from ..agents.agent import AgentBase
    from ..calls.call import CallBase
    from ..lifecycle import Lifecycle

__all__ = ["greet"]


def greet(s: Lifecycle, agent: AgentBase, call: CallBase) -> None:
    greeting = agent.config.greeting
    if not callable(greeting):
        return
    function: Any = greeting

    def say(text: Any) -> None:
        add_to_history: Any = True
        if isinstance(text, dict):
            add_to_history = text.get("add_to_history", text.get("addToHistory", True))
            text = text.get("text")
        if text is None or text == "":
            return
        if not isinstance(text, str):
            failed(ConfigurationError(f"it returned {type(text).__name__}, not a str"))
            return
        try:
            call._speak(text, "", None, bool(add_to_history))
        except (CallEnded, NotConnected) as exc:
            s.report(exc, agent=agent, call=call)

    def failed(error: BaseException) -> None:
        s.report_failure(error, "the greeting function", agent, call)

    s.run(
        Job(
            "greeting",
            lambda: function(call),
            say,
            failed,
            agent=agent,
            call=call,
            coroutine=is_coroutine(function),
        )
    )
