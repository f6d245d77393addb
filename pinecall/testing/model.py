"""What the model says: rules that a test sets, else the emulator's built-in responder."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pinecall.emulator.responders.builtin import respond
from pinecall.emulator.responders.types import Failure, Piece, ToolCall, ToolCalls, Turn

from .arguments import check_text

if TYPE_CHECKING:
    from pinecall.emulator.core import Server

__all__ = ["Model", "Rule"]


class Said(str):
    """What the caller said, with the attributes of its :class:`~pinecall.emulator.Turn`
    (``messages``, ``tools``, ``agent_id``, …)."""

    __slots__ = ("turn",)
    turn: Turn

    def __getattr__(self, name: str) -> Any:
        return getattr(self.turn, name)


#: What the caller said must hold: a part of it in any case, a pattern, or a function of it.
Match: TypeAlias = str | re.Pattern[str] | Callable[[Said], Any]


class Rule:
    """What the model does in a turn; the methods add to it and return it.

    ``model.on("table").calls("find_tables", party=2).then("There is one at 20:30.")``
    """

    def __init__(self, match: Match) -> None:
        self._match = match
        #: The rounds of tools, then the end of the turn.
        self._steps: list[Callable[[Turn], Piece]] = []
        self.used = 0

    def says(self, *texts: str | Callable[[Said], str]) -> Rule:
        """Answer with a text, or with what a function of what was said returns; several: one after
        the other, turn by turn, the last one from then on."""
        if not texts:
            raise ValueError("model.on(…).says(): give it a text")
        for text in texts:
            if not isinstance(text, str) and not callable(text):
                raise TypeError(
                    f"model.on(…).says() takes texts, or functions of the turn, not {type(text).__name__}"
                )

        def say(turn: Turn) -> Piece:
            text = texts[min(max(self.used - 1, 0), len(texts) - 1)]
            return text if isinstance(text, str) else text(_said(turn))

        self._steps.append(say)
        return self

    then = says

    def calls(self, tool: str, /, **arguments: Any) -> Rule:
        """Call a tool; without ``then`` the built-in responder puts its result into words.

        Called again, it adds a round: the model calls the next tool when it has this one's result.
        """
        check_text(f"model.on(…).calls({tool!r})", tool)
        piece = ToolCalls.of(ToolCall(tool, arguments))
        self._steps.append(lambda turn: piece)
        return self

    def fails(self, error: str = "the model failed") -> Rule:
        """Fail: the call gets ``llm.error``."""
        check_text(f"model.on(…).fails({error!r})", error)
        self._steps.append(lambda turn: Failure(error))
        return self

    def matches(self, turn: Turn) -> bool:
        """Whether it applies to what the caller said in this turn."""
        match = self._match
        if isinstance(match, str):
            return match.casefold() in turn.text.casefold()
        if isinstance(match, re.Pattern):
            return match.search(turn.text) is not None
        return bool(match(_said(turn)))

    def step(self, turn: Turn, number: int) -> Piece | None:
        """Return what to do in the turn's round ``number``; None when nothing is set for it."""
        return self._steps[number](turn) if number < len(self._steps) else None


class Model:
    """The rules of a test. Of several that match, the first one that was not used yet applies, or the
    last one."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._turns: dict[tuple[str, int], Rule | None] = {}
        #: Answers from elsewhere, for a whole test: see replay.
        self.instead: Callable[[Server, int, Turn, float], bool] | None = None

    def on(self, match: Match) -> Rule:
        """Add a rule: for a part of what the caller says (in any case), a compiled pattern, or a
        function of it, which gets a text with the attributes of a
        :class:`~pinecall.emulator.Turn`."""
        if not isinstance(match, str | re.Pattern) and not callable(match):
            raise TypeError(
                "model.on() takes a part of what the caller says, a compiled pattern or a function "
                f"of the turn, not {type(match).__name__}"
            )
        if isinstance(match, str) and not match.strip():
            raise ValueError(
                "model.on(''): the text is empty; for whatever the caller says, give it a function: "
                "model.on(lambda turn: True)"
            )
        rule = Rule(match)
        self._rules.append(rule)
        return rule

    def answer(self, core: Server, ask: int, turn: Turn, now: float) -> None:
        """Answer one question of the server's."""
        if self.instead is not None and self.instead(core, ask, turn, now):
            return
        piece = self.respond(turn)
        core.answer(ask, piece, now, whole=isinstance(piece, str))
        if not isinstance(piece, Failure):
            core.answer(ask, None, now)

    def respond(self, turn: Turn) -> Piece:
        """Return the answer to a turn, or the tools to call."""
        try:
            return self._piece(turn)
        except Exception as exc:
            return Failure(f"model.on(…) raised {type(exc).__name__}: {exc}")

    def _piece(self, turn: Turn) -> Piece:
        said = [at for at, message in enumerate(turn.messages) if message.get("role") == "user"]
        last = said[-1] if said else 0
        rounds = sum(m.get("role") == "assistant" for m in turn.messages[last + 1 :])
        key = (turn.call_id, last)
        if rounds == 0 or key not in self._turns:
            self._turns[key] = self._rule(turn)
        rule = self._turns[key]
        piece = None if rule is None else rule.step(turn, rounds)
        return respond(turn) if piece is None else piece

    def _rule(self, turn: Turn) -> Rule | None:
        fitting = [rule for rule in self._rules if rule.matches(turn)]
        rule = next((one for one in fitting if not one.used), fitting[-1] if fitting else None)
        if rule is not None:
            rule.used += 1
        return rule


def _said(turn: Turn) -> Said:
    said = Said(turn.text)
    said.turn = turn
    return said
