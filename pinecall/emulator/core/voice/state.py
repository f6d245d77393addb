"""The state of a voice call, on which its parts act."""

from __future__ import annotations

from typing import Any

from ..kernel.outbox import Frame
from ..kernel.records import Line, Owner
from ..kernel.timeline import Timer
from ..sessions.session import Session
from ..world import World

__all__ = ["VoiceState"]


class VoiceState(Session):
    """The facts of a call and the record of its words.

    ``ringing`` is set while the owner decides whether to take the call. While ``dialling_extension`` is set,
    the keys pressed become the extension.
    """

    def __init__(
        self, world: World, call_id: str, owner: Owner, transport: str | None, from_: str, to: str,
        direction: str, **known: Any,
    ) -> None:  # fmt: skip
        self.channel = transport or "bridge"
        super().__init__(world, call_id, owner, **known)
        self.transport = transport
        self.from_ = from_
        self.to = to
        self.direction = direction
        self.extension: str | None = known.get("extension")
        self.dialling_extension = False
        self.ringing: Timer | None = None
        self.answered = False
        self.held = False
        self.muted = False
        self.digits = ""
        self.tones: list[str] = []
        self.last_message_id = ""
        self.forward_to: str | None = None
        self.routed_from: str | None = None
        self.line_transcript: list[Frame] = []

    def identity(self) -> Frame:
        """Make the ids its frames carry; WebRTC frames carry the session id too."""
        if self.transport == "webrtc":
            return {"call_id": self.id, "session_id": self.id}
        return {"call_id": self.id}

    def announce(self) -> None:
        """Send ``call.started``, also again when the owner came back."""
        fields: Frame = {
            "session_id": self.id, "from": self.from_, "to": self.to, "direction": self.direction,
        }  # fmt: skip
        if self.transport:
            fields["transport"] = self.transport
        if self.language:
            fields["language"] = self.language
        fields["metadata"] = self.metadata
        is_line = isinstance(self.owner, Line)
        if is_line or self.routed_from:
            fields |= {"owner": "line" if is_line else "agent", "extension": self.extension}
        if self.routed_from:
            fields |= {"routed_from": self.routed_from, "line_transcript": self.line_transcript}
        self.emit("call.started", **fields)

    def stop_ringing(self) -> bool:
        """Stop the ringing; False when it did not ring."""
        if self.ringing is None:
            return False
        self.ringing.cancel()
        self.ringing = None
        return True

    def hand_over(self, owner: Owner) -> None:
        """Give the call to another owner, whose session settings start afresh."""
        self.owner = owner
        self.overrides, self.channel_config = {}, {}
        self.skills = self.always_skills()

    def thinking(self) -> bool:
        """Whether an answer is being made."""
        return self.generation is not None and self.generation.busy

    def user_said(self, text: str) -> None:
        """Add the user's words to the history."""
        self.messages.append({"role": "user", "content": text})
        self._line_heard("caller", text)
        self.listen(text)

    def bot_said(self, text: str, *, history: bool) -> None:
        """Add the bot's words, as far as they were heard, to the history."""
        if history:
            self.messages.append({"role": "assistant", "content": text})
        self._line_heard("line", text)

    def _line_heard(self, who: str, text: str) -> None:
        if isinstance(self.owner, Line):
            at = round(self.world.now * 1000)
            self.line_transcript.append({"who": who, "text": text, "at": at})
