"""The effect of each event on the state, and the handlers it is passed to.

One function per event: ``def bot_word(s, event, agent, call)``, marked ``@effect(BotWord)``.
``agent`` is the agent or line it concerns and ``call`` the live call, each None if there is none.
An event without its own effect is passed on by :func:`pass_on`.
"""

from . import agents, bot, calls, chat, connection, history, lines, llm, speech, whatsapp
from .base import EFFECTS, pass_on
from .missed import SHOW_A_CALL, missed_call

__all__ = [
    "EFFECTS",
    "SHOW_A_CALL",
    "agents",
    "bot",
    "calls",
    "chat",
    "connection",
    "history",
    "lines",
    "llm",
    "missed_call",
    "pass_on",
    "speech",
    "whatsapp",
]
