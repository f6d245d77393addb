"""The event names that users write, and the arguments of their handlers.

Most names are the wire's. If the platform's SDK has another name for an event, so has this one:
a handler is for ``call.preparing``, the frame is ``llm.before``.
"""

from __future__ import annotations

import difflib

from ...errors import ConfigurationError
from ...events import EVENTS

__all__ = [
    "LINE_NAMES",
    "MAY_LACK_CALL",
    "PUBLIC",
    "SIGNATURES",
    "check_name",
    "public_name",
    "verb_name",
]

#: Wire name → the name that handlers use.
PUBLIC = {
    "llm.before": "call.preparing",
    "llm.preparing_timeout": "call.preparing_timeout",
    "llm.chat.started": "chat.started",
    "llm.chat.chunk": "bot.speaking",
    "llm.chat.ended": "call.ended",
    "llm.chat.error": "call.ended",
    "chat.message": "user.message",
    "chat.response": "bot.speaking",
    "line.error": "error",
}

#: Frame → the method that sends it, as messages to its user call it.
_VERBS = {
    "bot.reply": "say or reply",
    "bot.reply.stream": "reply_stream",
    "bot.cancel": "cancel",
    "bot.clear": "clear",
    "call.hangup": "hangup",
    "call.forward": "forward",
    "call.dtmf": "send_dtmf",
    "call.hold": "hold",
    "call.unhold": "unhold",
    "call.mute": "mute",
    "call.unmute": "unmute",
    "call.route": "route_to",
    "history.get": "get_history",
    "history.add": "add_history",
    "history.set": "set_history",
    "history.clear": "clear_history",
    "history.add_context": "add_context",
    "history.set_instructions": "set_prompt",
    "history.set_vars": "set_prompt_vars",
    "llm.tool_result": "tool_result",
    "session.configure": "configure",
    "set_context": "context",
    "skill.load": "load_skill",
    "skill.unload": "unload_skill",
}

# Frames that concern only the link itself.
_INTERNAL = {"authenticated", "ping", "pong"}

_BY_SIGNATURE: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("connected",),
    ("reason",): ("disconnected",),
    ("attempt",): ("reconnecting",),
    ("err",): ("error",),
    ("call",): ("call.started", "chat.started", "whatsapp.started", "call.preparing", "call"),
    ("call", "reason"): ("call.ended",),
    ("ringing",): ("call.ringing",),
    ("session",): ("whatsapp.session_started",),
    ("turn", "call"): ("eager.turn", "turn.end"),
    ("event", "agent"): (
        "agent.created",
        "agent.resumed",
        "agent.configured",
        "agent.displaced",
        "call.rejected",
        "channel.added",
        "channel.configured",
        "channel.removed",
        "config_updated",
        "credits.rejected",
        "line.created",
        "line.destroyed",
        "phone_added",
        "phone_removed",
        "registered",
        "session.paused",
        "session.resumed",
        "session.sent",
        "session_config_updated",
        "whatsapp.message",
        "whatsapp.response",
        "whatsapp.session_ended",
        "whatsapp.status",
    ),
    ("item",): ("*",),
}

#: Name → the names of its handlers' arguments.
SIGNATURES: dict[str, tuple[str, ...]] = {
    name: arguments for arguments, names in _BY_SIGNATURE.items() for name in names
}
for _wire in EVENTS:
    _name = PUBLIC.get(_wire, _wire)
    if _name not in SIGNATURES and _name not in _INTERNAL:
        SIGNATURES[_name] = ("event", "call")
SIGNATURES["events.gap"] = ("event", "call")

#: Events of a call that may come without one (not yet, or no longer known); handlers of all others
#: always get a call.
MAY_LACK_CALL = frozenset(
    {
        "call.error",
        "call.recording",
        "events.gap",
        "llm.chat.done",
        "llm.chat.token",
        "llm.chat.tool_call",
        "llm.chat.tool_result",
        "llm.error",
        "memory.ops",
        "session.configured",
    }
)

#: Events of phone lines only.
LINE_NAMES = frozenset({"call", "line.created", "line.destroyed"})


def public_name(wire: str) -> str:
    return PUBLIC.get(wire, wire)


def verb_name(frame: str) -> str:
    """Return the method behind a frame's name; any other name unchanged."""
    return _VERBS.get(frame, frame)


def check_name(name: object) -> str:
    """Return the name if there is such an event; raise ConfigurationError with the nearest one."""
    if isinstance(name, str) and name in SIGNATURES:
        return name
    if not isinstance(name, str):
        raise ConfigurationError(
            f"an event name is a str like 'call.started', not {type(name).__name__}"
        )
    known = public_name(name)
    near = [known] if known != name else difflib.get_close_matches(name, SIGNATURES, n=1)
    hint = (
        f"; did you mean {near[0]!r}?" if near else "; use on('*', …) for events of a newer server"
    )
    raise ConfigurationError(f"there is no event {name!r}{hint}")
