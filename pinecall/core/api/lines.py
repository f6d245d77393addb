"""Verbs of line calls that a front completes: it decides what they return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from ..lines.line_call import LineCallBase
from .answering import Answering
from .calls import SpeechVerbs

__all__ = ["LineVerbs"]

PlaybackT = TypeVar("PlaybackT")  # a reply being spoken to the caller
HeardT = TypeVar("HeardT")  # what was heard
RouteT = TypeVar("RouteT")  # whether a call was handed over


class LineVerbs(
    Answering, SpeechVerbs[PlaybackT], LineCallBase, Generic[PlaybackT, HeardT, RouteT]
):
    """A line's call: it speaks, listens, asks and transfers the caller."""

    def say(
        self,
        text: str,
        *,
        voice: str | dict[str, Any] | None = None,
        language: str | None = None,
        add_to_history: bool = False,
    ) -> PlaybackT:
        """Speak ``text``; a voice or language is set first (``session.configure``)."""
        speech = self._speak_as(text, voice, language, add_to_history)
        return self._play(speech)

    def listen(
        self,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> HeardT:
        """Wait for ``digits`` keys, the ``terminator`` key, or (``speech``) the end of a turn.

        Returns ``Heard(by="timeout")`` with the keys so far after ``timeout`` seconds or at the end
        of the call. (Wire: ``call.dtmf_received``, ``turn.end``.)
        """
        outcome = self._place_listen(
            digits=digits, terminator=terminator, speech=speech, timeout=timeout, language=language
        )
        heard: HeardT = self._answer(outcome)
        return heard

    def ask(
        self,
        text: str,
        *,
        digits: int | None = None,
        terminator: str | None = None,
        speech: bool = False,
        timeout: float,
        language: str | None = None,
    ) -> HeardT:
        """Speak, then listen: keys count from the first syllable on, the timeout from the last."""
        outcome = self._place_ask(
            text,
            digits=digits,
            terminator=terminator,
            speech=speech,
            timeout=timeout,
            language=language,
        )
        heard: HeardT = self._answer(outcome)
        return heard

    def route_to(
        self,
        agent: str,
        *,
        language: str | None = None,
        voice: str | dict[str, Any] | None = None,
        stt: str | dict[str, Any] | None = None,
        greeting: str | None = None,
        prompt_vars: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        history: bool = True,
    ) -> RouteT:
        """Hand the caller to an agent; return ``RouteResult(ok, reason)``. If not ok, the line
        keeps the call. (Wire: ``call.route`` → ``call.routed`` or ``call.route_failed``.)
        """
        outcome = self._place_route(
            agent,
            language=language,
            voice=voice,
            stt=stt,
            greeting=greeting,
            prompt_vars=prompt_vars,
            context=context,
            history=history,
        )
        result: RouteT = self._answer(outcome)
        return result
