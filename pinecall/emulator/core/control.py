"""What the agent's owner does to a live call: hang up, hold, mute, forward, tones, configure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import EmulatorError
from . import skills
from .checks import config_of, unusable
from .connections import Connection
from .names import normal_number
from .outbox import Frame
from .refusals import Refused, text_of
from .voice import VoiceCall

if TYPE_CHECKING:
    from .server import Server

__all__ = ["COMMANDS"]


def _voice(server: Server, link: Connection, frame: Frame) -> VoiceCall:
    session = server.session_of(link, frame)
    if not isinstance(session, VoiceCall):
        raise Refused(
            "BAD_REQUEST", f"{frame['event']}: session '{session.id}' is not a voice call"
        )
    return session


def hangup(server: Server, link: Connection, frame: Frame) -> None:
    """``call.hangup``: at once, whatever is being said."""
    reason = frame.get("reason")
    session = server.session_of(link, frame)
    if isinstance(session, VoiceCall) and server.outbound.gave_up(session):
        return
    session.end(reason if isinstance(reason, str) and reason else "client_hangup")


def forward(server: Server, link: Connection, frame: Frame) -> None:
    """``call.forward``: the message, then ``call.forwarded``, then the call is over here."""
    call = _voice(server, link, frame)
    try:
        to = normal_number(text_of(frame, "to"))
    except EmulatorError as why:
        raise Refused("BAD_REQUEST", f"call.forward: {why}") from None
    call.forward(to, str(frame.get("message") or ""))


def dtmf(server: Server, link: Connection, frame: Frame) -> None:
    """``call.dtmf``: the far end hears the tones."""
    call = _voice(server, link, frame)
    digits = text_of(frame, "digits")
    if not re.fullmatch(r"[0-9*#]+", digits):
        raise Refused("BAD_REQUEST", f"call.dtmf: {digits!r} is not made of 0-9 * #")
    call.tones.append(digits)
    call.emit("call.dtmf_sent", digits=digits)


def hold(server: Server, link: Connection, frame: Frame) -> None:
    """``call.hold``."""
    _voice(server, link, frame).hold()


def unhold(server: Server, link: Connection, frame: Frame) -> None:
    """``call.unhold``."""
    _voice(server, link, frame).unhold()


def mute(server: Server, link: Connection, frame: Frame) -> None:
    """``call.mute``."""
    _voice(server, link, frame).mute()


def unmute(server: Server, link: Connection, frame: Frame) -> None:
    """``call.unmute``."""
    _voice(server, link, frame).unmute()


def configure(server: Server, link: Connection, frame: Frame) -> None:
    """``session.configure``: from the next utterance or generation on."""
    session = server.session_of(link, frame, "session_id")
    config = config_of(frame)
    if why := unusable(config):
        raise Refused("BAD_REQUEST", f"session.configure: {why}")
    session.overrides.update(config)
    server.send(link, {"event": "session.configured", "session_id": session.id})
    language = config.get("language")
    if isinstance(language, str) and language != session.language:
        session.language = language
        session.emit("call.updated", language=language)


def ready(server: Server, link: Connection, frame: Frame) -> None:
    """``llm.ready``: the app's handlers have settled."""
    session = server.session_of(link, frame)
    if session.generation is not None:
        session.generation.ready(frame.get("turn"))


def tool_result(server: Server, link: Connection, frame: Frame) -> None:
    """``llm.tool_result``: for the round the session waits for; any other is late."""
    session = server.session_of(link, frame)
    generation = session.generation
    if generation is None or not generation.tool_results(frame.get("msg_id"), frame.get("results")):
        server.note(link, frame, f"no tool round {frame.get('msg_id')!r} is waited for")


def load_skill(server: Server, link: Connection, frame: Frame) -> None:
    """``skill.load``."""
    skills.change(server.session_of(link, frame), text_of(frame, "skill"), True, "manual")


def unload_skill(server: Server, link: Connection, frame: Frame) -> None:
    """``skill.unload``."""
    skills.change(server.session_of(link, frame), text_of(frame, "skill"), False, "manual")


def set_context(server: Server, link: Connection, frame: Frame) -> None:
    """``set_context``: survives a hand-over; null clears."""
    server.session_of(link, frame).set_context(text_of(frame, "key"), frame.get("value"))


COMMANDS = {
    "call.hangup": hangup,
    "call.forward": forward,
    "call.dtmf": dtmf,
    "call.hold": hold,
    "call.unhold": unhold,
    "call.mute": mute,
    "call.unmute": unmute,
    "session.configure": configure,
    "llm.ready": ready,
    "llm.tool_result": tool_result,
    "skill.load": load_skill,
    "skill.unload": unload_skill,
    "set_context": set_context,
}
