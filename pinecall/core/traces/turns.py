"""A turn of a call: what the caller said, what the agent said to it, and the wait between them."""

from __future__ import annotations

from attrs import define, field, frozen

from .tools import ToolRun, TraceTool
from .waits import split

__all__ = ["Reply", "TraceTurn", "Turn"]


@frozen
class TraceTurn:
    """What the caller said, and all that the agent said to it until the caller's next turn.

    index: its place in ``trace.turns``
    heard: the caller's words; interim ones until the final ones arrive. Empty where the agent spoke
        unasked: a greeting, or a ``say()`` when the caller's last turn was answered already
    heard_from, heard_to: when the caller's speech began and ended
    said: the agent's words, as far as they were heard
    said_from, said_to: when the agent's first sound began and its last one ended
    interrupted: whether something the agent said was cut off: by the caller, by ``cancel()`` or by
        the end of the call
    tools: the turn's tool calls
    wait: seconds from the end of the caller's speech to the agent's first sound; None where one of
        them is missing
    parts: what the wait consists of, in seconds: ``end_of_turn`` (until the platform took the turn
        for ended), ``model``, ``tools`` (at least one ran), ``voice``, ``other`` (``call.preparing``
        handlers, hold). They add up to ``wait``; empty without one

    All times are seconds since the call began, on the clock of the connection: when the frames
    arrived or left (``speech.started``, ``speech.ended``, ``turn.end``, ``bot.speaking`` …). The
    platform's own stamps (``ts``, ``timestamp``) are of another clock and do not count.
    ``duration_ms``, ``played_ms`` and ``latency_ms`` count only where the event at the other end of
    that time is missing.

    ``voice`` is from the text that this program sent to its first sound. The platform does not say
    when a model of its own had an answer ready: then the voice is within ``model``.

    If the caller goes on (``turn.continued``), the turn goes on too: the answer so far is dropped,
    and the wait is that after the caller's last word. A message of a chat or of WhatsApp has no
    length, and its answer begins with the first token or with the whole of it.
    """

    index: int
    heard: str
    heard_from: float | None
    heard_to: float | None
    said: str
    said_from: float | None
    said_to: float | None
    interrupted: bool
    tools: tuple[TraceTool, ...]
    wait: float | None
    parts: dict[str, float]


@define(eq=False)
class Reply:
    """One thing the agent says."""

    begun: float | None = None
    ended: float | None = None
    interrupted: bool = False
    #: What was heard of it, by the platform.
    confirmed: str | None = None
    #: All of its text, where an event or this program's frame said it.
    whole: str = ""
    words: list[str] = field(factory=list)
    #: Between the words: tokens bring their own spaces.
    space: str = " "
    #: When the platform had its text, where this program sent it.
    ready: float | None = None

    def text(self) -> str:
        if self.confirmed is not None:
            return self.confirmed
        if self.ended is not None and not self.interrupted and self.whole:
            return self.whole
        return self.space.join(self.words).strip()


@define(eq=False)
class Turn:
    """A turn in the making."""

    id: int = 0
    messages: dict[str, str] = field(factory=dict)
    #: Its text by eager.turn and turn.end, and the latest interim one.
    guess: str = ""
    interim: str = ""
    heard_from: float | None = None
    heard_to: float | None = None
    #: When the platform took it for ended, and the speech's end by its reckoning.
    over: float | None = None
    over_since: float | None = None
    #: When something first worked on an answer; when the last words arrived.
    worked: float | None = None
    worded: float | None = None
    replies: list[Reply] = field(factory=list)
    tools: list[ToolRun] = field(factory=list)
    preparing: list[list[float | None]] = field(factory=list)
    #: When the model's text was complete, where the platform said so.
    ready: float | None = None

    @property
    def said_from(self) -> float | None:
        begun = [reply.begun for reply in self.replies if reply.begun is not None]
        return min(begun, default=None)

    def is_empty(self, *, interim: bool) -> bool:
        """Whether nothing was said in it: a noise that was taken for speech."""
        heard = self.tools or self.heard(interim=interim)
        return not (heard or any(reply.begun is not None or reply.text() for reply in self.replies))

    def heard(self, *, interim: bool) -> str:
        final = " ".join(text for text in self.messages.values() if text)
        return final or self.guess or (self.interim if interim else "")

    def begin_speech(self, at: float) -> None:
        if self.heard_from is None:
            self.heard_from = at
        if self.said_from is None:
            self.heard_to = self.over_since = None

    def end_speech(self, at: float, seconds: float | None) -> None:
        if self.heard_from is None and seconds is not None:
            self.heard_from = max(0.0, at - seconds)
        if self.heard_to is None or self.said_from is None:
            self.heard_to = at

    def work(self, at: float) -> None:
        """Note that something works on the answer."""
        if self.worked is None:
            self.worked = at

    def go_on(self) -> list[Reply]:
        """Drop the answer, since the caller goes on; return what was dropped."""
        dropped, self.replies = self.replies, []
        self.heard_to = self.over = self.over_since = self.worked = self.ready = None
        return dropped

    def shown(
        self,
        index: int,
        *,
        interim: bool,
        holds: list[list[float | None]],
        ended: float | None,
    ) -> TraceTurn | None:
        """Return it as users see it; None if nothing was said in it. ``interim``: interim words
        count; ``ended``: the end of the call."""
        if self.is_empty(interim=interim):
            return None
        spoken = [reply for reply in self.replies if reply.begun is not None]
        texts = [text for reply in self.replies if (text := reply.text())]
        said_from = self.said_from
        said_to: float | None = None
        cut = any(reply.interrupted for reply in spoken)
        if spoken:
            ends = [reply.ended for reply in spoken]
            if None in ends and ended is not None:
                cut = True
            known = [ended if end is None else end for end in ends]
            said_to = None if None in known else max(end for end in known if end is not None)
        heard_to = self.heard_to if self.heard_to is not None else self.over_since
        wait: float | None = None
        parts: dict[str, float] = {}
        if heard_to is not None and said_from is not None:
            parts = self._parts(heard_to, max(heard_to, said_from), holds)
            wait = max(0.0, said_from - heard_to)
        tools = tuple(tool.shown(index) for tool in self.tools)
        return TraceTurn(
            index=index,
            heard=self.heard(interim=interim),
            heard_from=self.heard_from,
            heard_to=heard_to,
            said=" ".join(texts),
            said_from=said_from,
            said_to=said_to,
            interrupted=cut,
            tools=tools,
            wait=wait,
            parts=parts,
        )

    def _parts(self, begin: float, end: float, holds: list[list[float | None]]) -> dict[str, float]:
        over = self.over
        if over is None:
            over = self.worked if self.worked is not None else self.worded
        first = min(
            (reply for reply in self.replies if reply.begun is not None),
            key=lambda reply: reply.begun or 0.0,
        )
        ready = first.ready if first.ready is not None else self.ready
        other = [(start or 0.0, stop) for start, stop in (*self.preparing, *holds)]
        return split(
            begin,
            end,
            over=begin if over is None else over,
            tools=[(tool.started, tool.ended) for tool in self.tools],
            other=other,
            ready=ready,
        )
