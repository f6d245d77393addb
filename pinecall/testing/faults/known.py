"""The named faults, in the order of a conversation; ``pytest --pinecall-faults`` lists them."""

from __future__ import annotations

from attrs import evolve

from .actions import Cut, Delay, Handshake, Lose, Refuse, Repeat, Silence, Unreachable
from .schedule import Moment, Schedule

__all__ = ["FAULTS"]


def _out(*names: str, nth: int = 1, times: int | None = 1, never: str) -> Moment:
    return Moment(way="out", names=frozenset(names), nth=nth, times=times, never=never)


def _in(*names: str, times: int | None = 1, never: str) -> Moment:
    return Moment(way="in", names=frozenset(names), times=times, never=never)


_NO_AGENT = "no agent was registered"
_NO_NUMBER = "no agent asked for a channel"
_NO_CALL = "there was no conversation"
_NO_TOOL = "no tool was called"
_NO_REPLY = "the agent said nothing"
_SHORT = "the agent said too little"
_NO_TURN = "the caller said nothing"

_ASKED = _in("agent.create", never=_NO_AGENT)
_REGISTERED = _out("agent.created", never=_NO_AGENT)
_CHANNEL = _out("channel.added", never=_NO_NUMBER)
_START = _out("call.started", "llm.chat.started", "whatsapp.session_started", never=_NO_CALL)
#: A dial fails if the link is lost, or the call over, before it is told of a start.
_INBOUND = evolve(_START, inbound=True, never="nobody called")
_TOOL = _out("llm.tool_call", never=_NO_TOOL)
_RESULT = _in("llm.tool_result", never=_NO_TOOL)
_SPEAKS = _out("bot.speaking", "llm.chat.chunk", "whatsapp.response", never=_NO_REPLY)
_WORD = _out("bot.word", "llm.chat.chunk", nth=2, never=_SHORT)
_SPOKEN = _out("bot.finished", "chat.response", "whatsapp.response", never=_NO_REPLY)
_TURN = _out("user.message", "chat.message", "whatsapp.message", never=_NO_TURN)
_EVENT = Moment(way="out", names=frozenset(), times=None, never="no event was sent")
#: A dead link is found within 12 s by either end, not 45: a call that is silent for long is ended by
#: the platform.
_FOUND_SOON = {"client": {"ping_interval": 2.0}, "settings": {"stale_after": 12.0}}
_RESTART = Cut(behind=True, everyone=True, code=1012, reason="service restart", down=2.0)

_ALL = [
    # -- connecting and registering -------------------------------------------------------------
    Schedule(
        name="connection-refused",
        about="the server cannot be reached for the first 1.5 s",
        does=Unreachable(seconds=1.5),
    ),
    Schedule(
        name="handshake-503",
        about="the first two handshakes are answered with HTTP 503",
        does=Handshake(how="refuse", times=2, fields={"status": 503}),
    ),
    Schedule(
        name="cut-in-handshake",
        about="the first handshake is cut",
        does=Handshake(how="drop"),
    ),
    Schedule(
        name="slow-handshake",
        about="the first handshake takes 2 s",
        does=Handshake(how="delay", delay=2.0),
    ),
    Schedule(
        name="cut-after-connect",
        about="the link is cut when it has just been authenticated",
        when=_out("connected", never="no client connected"),
        does=Cut(behind=True),
    ),
    Schedule(
        name="capacity",
        about="the first two connections are refused: SERVER_AT_CAPACITY",
        when=_in("connect", times=2, never="no client connected"),
        does=Refuse(
            code="SERVER_AT_CAPACITY", text="SERVER_AT_CAPACITY", fields={"used": 5, "limit": 5}
        ),
    ),
    Schedule(
        name="conflict",
        about="the agent's name is held by another connection at first: AGENT_CONFLICT, try again",
        when=_in("agent.create", times=2, never=_NO_AGENT),
        does=Refuse(
            code="AGENT_CONFLICT",
            text="already connected",
            fields={"retry_after_s": 0.5, "holder_alive": False},
        ),
    ),
    Schedule(
        name="cut-before-registration",
        about="the link is cut before the server has read the registration",
        when=_ASKED,
        does=Cut(),
    ),
    Schedule(
        name="cut-during-registration",
        about="the link is cut when the agent is registered, but does not know it yet",
        when=_REGISTERED,
        does=Cut(),
    ),
    Schedule(
        name="cut-after-registration",
        about="the link is cut behind the answer to the registration, before the channels",
        when=_REGISTERED,
        does=Cut(behind=True),
    ),
    Schedule(
        name="late-registration-ack",
        about="the answer to the registration comes 2 s late",
        when=_REGISTERED,
        does=Delay(seconds=2.0),
    ),
    Schedule(
        name="missing-registration-ack",
        about="the answer to the registration is lost",
        when=_REGISTERED,
        does=Lose(),
    ),
    Schedule(
        name="repeated-registration-ack",
        about="the answer to the registration comes twice",
        when=_REGISTERED,
        does=Repeat(),
    ),
    Schedule(
        name="missing-channel-ack",
        about="the answer to a channel's registration is lost",
        when=_CHANNEL,
        does=Lose(),
    ),
    # -- the beginning of a call ----------------------------------------------------------------
    Schedule(
        name="cut-before-start",
        about="the link is cut instead of the first event of a conversation that somebody begins",
        when=_INBOUND,
        does=Cut(),
    ),
    Schedule(
        name="cut-after-start",
        about="the link is cut 50 ms after the first event of a conversation",
        when=_START,
        does=Cut(after=0.05),
    ),
    Schedule(
        name="repeated-start",
        about="the first event of a conversation comes twice",
        when=_START,
        does=Repeat(),
    ),
    Schedule(
        name="late-start",
        about="the first event of a conversation that somebody begins comes 0.2 s late, after others",
        when=_INBOUND,
        does=Delay(seconds=0.2),
    ),
    # -- tools ----------------------------------------------------------------------------------
    Schedule(
        name="cut-before-tool",
        about="the link is cut instead of a tool call",
        when=_TOOL,
        does=Cut(),
    ),
    Schedule(
        name="cut-during-tool",
        about="the link is cut behind a tool call, while the tool runs",
        when=_TOOL,
        does=Cut(behind=True),
    ),
    Schedule(
        name="cut-twice-during-tool",
        about="the link is cut behind a tool call, and behind the next one, or the same one again",
        when=_out("llm.tool_call", times=2, never=_NO_TOOL),
        does=Cut(behind=True),
    ),
    Schedule(
        name="cut-before-tool-result",
        about="the link is cut before the server has read a tool's result",
        when=_RESULT,
        does=Cut(),
    ),
    Schedule(
        name="cut-after-tool",
        about="the link is cut behind a tool's result",
        when=_RESULT,
        does=Cut(behind=True),
    ),
    Schedule(
        name="repeated-tool-call",
        about="every tool call comes twice",
        when=_out("llm.tool_call", times=None, never=_NO_TOOL),
        does=Repeat(),
    ),
    Schedule(
        name="late-repeated-tool-call",
        about="every tool call comes again after 1 s, when it has been answered",
        when=_out("llm.tool_call", times=None, never=_NO_TOOL),
        does=Repeat(after=1.0),
    ),
    Schedule(
        name="late-tool-call",
        about="a tool call comes 2 s late",
        when=_TOOL,
        does=Delay(seconds=2.0),
    ),
    Schedule(
        name="late-tool-result",
        about="a tool's result reaches the server 2 s late",
        when=_RESULT,
        does=Delay(seconds=2.0),
    ),
    Schedule(
        name="repeated-tool-result",
        about="every tool's result reaches the server twice",
        when=_in("llm.tool_result", times=None, never=_NO_TOOL),
        does=Repeat(),
    ),
    # -- replies --------------------------------------------------------------------------------
    Schedule(
        name="cut-before-reply",
        about="the link is cut when the agent begins to speak",
        when=_SPEAKS,
        does=Cut(),
    ),
    Schedule(
        name="cut-during-reply",
        about="the link is cut at the second word of a reply",
        when=_WORD,
        does=Cut(behind=True),
    ),
    Schedule(
        name="cut-after-reply",
        about="the link is cut behind the end of a reply",
        when=_SPOKEN,
        does=Cut(behind=True),
    ),
    Schedule(
        name="cut-in-turn",
        about="the link is cut 50 ms after the caller's first words",
        when=_TURN,
        does=Cut(after=0.05),
    ),
    Schedule(
        name="flapping",
        about="the link is cut when the agent first speaks, and twice more within 1.2 s",
        when=_SPEAKS,
        does=Cut(behind=True, again=(0.6, 1.2)),
    ),
    Schedule(
        name="missing-words",
        about="the events that tell of the agent's words are lost",
        when=_out("bot.word", "llm.chat.chunk", times=None, never=_NO_REPLY),
        does=Lose(),
    ),
    Schedule(
        name="late-words",
        about="events that tell of the agent's words come 0.5 s late, after the end of the reply",
        when=_out("bot.word", "llm.chat.chunk", times=None, never=_NO_REPLY),
        does=Delay(seconds=0.5),
    ),
    Schedule(
        name="reordered-words",
        about="one word of the agent is told of after the next",
        when=_WORD,
        does=Delay(seconds=0.6),
    ),
    Schedule(
        name="missing-reply-end",
        about="the event that ends the first reply is lost",
        when=_SPOKEN,
        does=Lose(),
    ),
    # -- the whole link -------------------------------------------------------------------------
    Schedule(
        name="repeated-events",
        about="everything that the server sends comes twice",
        when=_EVENT,
        does=Repeat(),
    ),
    Schedule(
        name="missing-pongs",
        about="the server answers no ping",
        when=_out("pong", times=None, never="no ping was sent"),
        does=Lose(),
    ),
    Schedule(
        name="slow-link",
        about="everything takes 0.2 s, either way",
        when=Moment(way="", names=frozenset(), times=None, never="nothing was sent"),
        does=Delay(seconds=0.2),
    ),
    Schedule(
        name="restart",
        about="the server restarts as the agent first speaks: closed with 1012, gone for 2 s",
        when=_SPEAKS,
        does=_RESTART,
    ),
    Schedule(
        name="restart-during-tool",
        about="the server restarts while a tool runs: closed with 1012, gone for 2 s",
        when=_TOOL,
        does=_RESTART,
    ),
    Schedule(
        name="black-hole",
        about="the link goes silent as the agent first speaks; the client must find out by itself",
        when=_SPEAKS,
        does=Silence(),
        **_FOUND_SOON,
    ),
    Schedule(
        name="black-hole-during-tool",
        about="the link goes silent as a tool is called; the client must find out by itself",
        when=_TOOL,
        does=Silence(),
        **_FOUND_SOON,
    ),
]

#: By name.
FAULTS: dict[str, Schedule] = {schedule.name: schedule for schedule in _ALL}
