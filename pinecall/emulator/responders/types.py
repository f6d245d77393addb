"""The values a responder gets and may return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

import msgspec
from attrs import field, frozen

__all__ = [
    "Answer", "Failure", "Piece", "Responder", "ToolCall", "ToolCalls", "Turn", "as_text",
]  # fmt: skip


def as_text(value: Any) -> str:
    """Return a text as it is, any other value as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@frozen
class Turn:
    """One question to the model.

    ``text`` is the user's last message; ``messages`` the whole conversation in OpenAI form, the filled-in
    system prompt first; ``tools`` the function schemas it may call; ``channel`` is ``phone``, ``webrtc``,
    ``chat``, ``whatsapp`` or ``bridge``.
    """

    agent_id: str
    call_id: str
    channel: str
    language: str | None
    text: str
    prompt: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...]
    metadata: dict[str, Any]
    model: str


@frozen
class ToolCall:
    """One tool to call; ``arguments`` is a dict, or the exact JSON text to send."""

    name: str
    arguments: str = field(default="{}", converter=as_text)


@frozen
class ToolCalls:
    """The tools of one round; :meth:`of` makes one from ``ToolCall`` values."""

    calls: tuple[ToolCall, ...]

    @classmethod
    def of(cls, *calls: ToolCall) -> ToolCalls:
        """Make a round of these calls."""
        return cls(calls)


@frozen
class Failure:
    """The model failed; the session gets ``llm.error``."""

    error: str


Piece = str | ToolCall | ToolCalls | Failure
Answer = Piece | Iterable[Piece] | Iterator[Piece] | AsyncIterator[Piece] | Awaitable[Any] | None
Responder = Callable[[Turn], Answer]
