"""The conversation of a call: the model's history, and the transcript of what was heard.

Both are lists of dicts with ``role`` and ``content``. The history (``messages``) includes the tool
rounds, and is the server's at the end; the transcript is what was heard here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from ...logs import Log
from ..kernel.runtime import Runtime
from ..wire.limits import CALL_MESSAGES, CALL_TEXT, CALLS_TEXT, MAX_ID

__all__ = ["Conversation", "is_spoken", "merged", "spoken"]

log = Log("calls")


class Conversation:
    """The conversation of one call, changed only through these methods.

    Its size is bounded, as is the total of all calls: the beginning of a long one is forgotten.
    """

    __slots__ = (
        "_agent_id",
        "_by_id",
        "_call_id",
        "_heard",
        "_runtime",
        "_size",
        "messages",
        "on_change",
        "over",
        "partial",
    )

    def __init__(self, runtime: Runtime, agent_id: str, call_id: str) -> None:
        self._runtime = runtime
        self._agent_id = agent_id
        self._call_id = call_id
        self.messages: list[dict[str, Any]] = []
        #: Messages by role and message id; created with the first message.
        self._by_id: dict[str, dict[str, Any]] | None = None
        #: Characters of ``messages``.
        self._size = 0
        #: What was heard, kept once ``messages`` are the server's.
        self._heard: list[dict[str, Any]] | None = None
        #: Whether some of what was said has not reached this process.
        self.partial = False
        #: Whether the call has ended: its size is not counted any more.
        self.over = False
        #: Called after ``messages`` has changed.
        self.on_change: Callable[[], None] | None = None

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """What was said and heard, in order."""
        return self._heard if self._heard is not None else spoken(self.messages)

    def remember(
        self, role: str, content: str, message_id: str | None = None, source: str | None = None
    ) -> bool:
        """Add a message, or update the one with that id. Return False if nothing is new.

        ``source``: who wrote it, if the server says so (``bot`` or ``human``).
        """
        if message_id and len(message_id) > MAX_ID:
            message_id = None
        known = self._known(role, message_id) if message_id else None
        if known is not None:
            changed = bool(known["content"] != content)
            self.grew(len(content) - len(known["content"]))
            known["content"] = content
            if changed:
                self._changed()
            return changed
        message = {"role": role, "content": content}
        if source:
            message["source"] = source
        self.messages.append(message)
        if message_id:
            self._name(role, message_id, message)
        self.grew(len(content))
        self._changed()
        return True

    def confirmed(self, message_id: str, text: str | None) -> bool:
        """Note that the agent's message is in the history. Return False for a repeat."""
        if len(message_id or "") > MAX_ID:
            message_id = ""
        if message_id and self._known("assistant", message_id) is not None:
            return False
        if text:
            self.remember("assistant", text, message_id)
        elif message_id:
            self._name("assistant", message_id, {"content": ""})
            self.grew(0)
        return True

    def asked(self, tool_calls: list[dict[str, Any]]) -> dict[str, Any]:
        """Add and return the message which says that the model has called tools."""
        message = {"role": "assistant", "content": None, "tool_calls": tool_calls}
        self.messages.append(message)
        self._changed()
        return message

    def answered(
        self, results: Iterable[tuple[str, str]], *, forget: dict[str, Any] | None = None
    ) -> None:
        """Add the results of tools, as ``(tool_call_id, content)``. ``forget``: a message returned
        by :meth:`asked`, to be removed without trace."""
        if forget is not None:
            self.messages = [message for message in self.messages if message is not forget]
        for tool_call_id, content in results:
            self.grew(len(content))
            self.messages.append({"role": "tool", "tool_call_id": tool_call_id, "content": content})
        self._changed()

    def told(self, messages: list[dict[str, Any]]) -> None:
        """Replace the history with the server's final one. What was heard stays."""
        heard = spoken(self.messages)
        if heard and not self.partial:
            self._heard = heard
        else:
            self._heard = merged(spoken(messages), heard)
        self.messages = messages

    def close(self) -> None:
        """Stop counting the size of the conversation: the call is over."""
        self.over = True
        self._by_id = None
        self._runtime.call_text -= self._size
        self._size = 0

    def grew(self, size: int) -> None:
        """Count ``size`` added characters, and forget the beginning if the limit is exceeded."""
        if self.over:
            return
        self._size += size
        self._runtime.call_text += size
        many = CALL_MESSAGES
        if (
            self._size > CALL_TEXT
            or len(self.messages) > many
            or len(self._by_id or ()) > many
            or self._runtime.call_text > CALLS_TEXT
        ):
            self._forget_oldest()

    # -- bookkeeping ----------------------------------------------------------------------------

    def ids(self) -> dict[int, str]:
        """Return the message ids of ``messages``, by ``id()`` of the message."""
        named = self._by_id or {}
        return {id(message): key.partition(":")[2] for key, message in named.items()}

    def _known(self, role: str, message_id: str) -> dict[str, Any] | None:
        return self._by_id.get(f"{role}:{message_id}") if self._by_id is not None else None

    def _name(self, role: str, message_id: str, message: dict[str, Any]) -> None:
        if self._by_id is None:
            self._by_id = {}
        self._by_id[f"{role}:{message_id}"] = message

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _forget_oldest(self) -> None:
        """Forget enough that the next message does not require it again."""
        runtime = self._runtime
        if runtime.tally.tells(f"long call of {self._agent_id}", runtime.now):
            log.warning(
                "call %s of agent %r: so much was said that the beginning is forgotten here",
                self._call_id,
                self._agent_id,
            )
        all_full = runtime.call_text > CALLS_TEXT
        total, most = 0, (self._size if all_full else CALL_TEXT) // 2
        for at, message in enumerate(reversed(self.messages)):
            size = len(str(message.get("content") or message.get("tool_calls") or ""))
            if at and (total + size > most or at == CALL_MESSAGES // 2):
                self.messages = self.messages[len(self.messages) - at :]
                break
            total += size
        runtime.call_text += total - self._size
        self._size = total
        kept = {id(message) for message in self.messages}
        if self._by_id is not None:
            self._by_id = {key: one for key, one in self._by_id.items() if id(one) in kept}


def spoken(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages that the user or the agent spoke."""
    return [
        message
        for message in messages
        if message.get("role") in ("user", "assistant") and message.get("content")
    ]


def merged(told: list[dict[str, Any]], heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge the server's history with what was heard here, in one order.

    The longest run of lines common to both aligns them. If a line was cut off in one of them, the
    version heard here is kept.
    """
    if not told or not heard:
        return told or heard
    matcher = SequenceMatcher(None, [*map(_line, told)], [*map(_line, heard)], autojunk=False)
    lines: list[dict[str, Any]] = []
    for what, begin, end, first, last in matcher.get_opcodes():
        only_told, only_heard = told[begin:end], heard[first:last]
        if what != "equal":
            only_told = [t for t in only_told if not any(_same_line(t, h) for h in only_heard)]
            lines += only_told
        lines += only_heard
    return lines


def _line(message: Mapping[str, Any]) -> tuple[Any, str]:
    return message.get("role"), str(message.get("content"))


def _same_line(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    (role, text), (other_role, other_text) = _line(one), _line(other)
    return role == other_role and (text.startswith(other_text) or other_text.startswith(text))


def is_spoken(message: Mapping[str, Any]) -> bool:
    """Whether it is text that the agent itself said, not a tool's."""
    return message.get("role") == "assistant" and bool(message.get("content"))
