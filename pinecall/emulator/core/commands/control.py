"""Commands of the owner for a live call: hang up, hold, mute, forward, tones, configure."""

from __future__ import annotations

import re

from ...errors import EmulatorError
from ..kernel.checks import config_of, unusable
from ..kernel.names import normal_number
from ..kernel.outbox import Frame
from ..kernel.records import Connection
from ..kernel.refusals import Refused, text_of
from ..platform import Platform
from ..sessions import skills
from ..voice.call import VoiceCall

__all__ = ["COMMANDS"]


def _voice(platform: Platform, link: Connection, frame: Frame) -> VoiceCall:
    session = platform.sessions.commanded(link, frame)
    if not isinstance(session, VoiceCall):
        raise Refused(
            "BAD_REQUEST", f"{frame['event']}: session '{session.id}' is not a voice call"
        )
    return session


def hangup(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.hangup``: end the call at once, even in the middle of speech."""
    reason = frame.get("reason")
    session = platform.sessions.commanded(link, frame)
    if isinstance(session, VoiceCall) and platform.outbound.gave_up(session):
        return
    session.end(reason if isinstance(reason, str) and reason else "client_hangup")


def forward(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.forward``: speak the message, send ``call.forwarded``, end the call here."""
    call = _voice(platform, link, frame)
    try:
        to = normal_number(text_of(frame, "to"))
    except EmulatorError as why:
        raise Refused("BAD_REQUEST", f"call.forward: {why}") from None
    call.forward(to, str(frame.get("message") or ""))


def dtmf(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.dtmf``: play the tones to the far end."""
    call = _voice(platform, link, frame)
    digits = text_of(frame, "digits")
    if not re.fullmatch(r"[0-9*#]+", digits):
        raise Refused("BAD_REQUEST", f"call.dtmf: {digits!r} is not made of 0-9 * #")
    call.tones.append(digits)
    call.emit("call.dtmf_sent", digits=digits)


def hold(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.hold``."""
    _voice(platform, link, frame).hold()


def unhold(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.unhold``."""
    _voice(platform, link, frame).unhold()


def mute(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.mute``."""
    _voice(platform, link, frame).mute()


def unmute(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``call.unmute``."""
    _voice(platform, link, frame).unmute()


def configure(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``session.configure``, effective from the next utterance or generation."""
    session = platform.sessions.commanded(link, frame, "session_id")
    config = config_of(frame)
    if why := unusable(config):
        raise Refused("BAD_REQUEST", f"session.configure: {why}")
    session.overrides.update(config)
    platform.world.send(link, {"event": "session.configured", "session_id": session.id})
    language = config.get("language")
    if isinstance(language, str) and language != session.language:
        session.language = language
        session.emit("call.updated", language=language)


def ready(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``llm.ready``: the owner's preparing handlers are done."""
    session = platform.sessions.commanded(link, frame)
    if session.generation is not None:
        session.generation.ready(frame.get("turn"))


def tool_result(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``llm.tool_result`` for the open tool round; results for any other are late."""
    session = platform.sessions.commanded(link, frame)
    generation = session.generation
    if generation is None or not generation.tool_results(frame.get("msg_id"), frame.get("results")):
        platform.world.note(link, frame, f"tool round {frame.get('msg_id')!r} is not open")


def load_skill(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``skill.load``."""
    skills.change(platform.sessions.commanded(link, frame), text_of(frame, "skill"), True, "manual")


def unload_skill(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``skill.unload``."""
    skills.change(
        platform.sessions.commanded(link, frame), text_of(frame, "skill"), False, "manual"
    )


def set_context(platform: Platform, link: Connection, frame: Frame) -> None:
    """Carry out ``set_context``; the value survives a hand-over, null clears it."""
    platform.sessions.commanded(link, frame).set_context(text_of(frame, "key"), frame.get("value"))


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
