"""What a call, a chat and a WhatsApp session have in common: owner, config, history, prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from .outbox import Frame
from .prompt import built_in_vars, filled
from .records import Agent, Owner

if TYPE_CHECKING:
    from .generation import Generation
    from .server import Server

__all__ = ["Heard", "Session"]


@frozen
class Heard:
    """One thing the far end heard: its text, whether it was cut off, and after how many of its own words."""

    message_id: str
    text: str
    interrupted: bool
    after: int


class Session:
    """One conversation. ``messages`` is the model's history in OpenAI form, without the system prompt."""

    channel = "session"

    def __init__(self, server: Server, session_id: str, owner: Owner, **known: Any) -> None:
        self.server = server
        self.id = session_id
        self.owner = owner
        self.metadata: dict[str, Any] = known.get("metadata") or {}
        self.channel_config: dict[str, Any] = known.get("channel_config") or {}
        self.overrides: dict[str, Any] = {}
        self.language: str | None = known.get("language") or self.config("language")
        self.contact: str = known.get("contact") or ""
        self.vars: dict[str, Any] = {}
        self.contexts: list[str] = []
        self.keyed_context: dict[str, Any] = {}
        self.prompt: str | None = None
        self.messages: list[Frame] = []
        self.skills: list[str] = [
            s["name"] for s in self.config("skills") or [] if s.get("activation") == "always"
        ]
        self.generation: Generation | None = None
        self.heard: list[Heard] = []
        self.read = 0
        self.asked = 0
        self.begun = 0
        self.turn = 0
        self.seq = 0
        self.started_at = server.now
        self.ended_at: float | None = None
        self.reason: str | None = None

    # what the agent's config says, session first

    def config(self, key: str) -> Any:
        """A config value: this session's, else the channel's, else the agent's."""
        for layer in (self.overrides, self.channel_config, self.owner.config):
            if key in layer:
                return layer[key]
        return None

    @property
    def agent(self) -> Agent | None:
        """The owning agent; None while a line has it."""
        return self.owner if isinstance(self.owner, Agent) else None

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.reason is not None

    def has_model(self) -> bool:
        """Whether the server answers in this session."""
        llm = self.config("llm")
        return bool(llm) and not (isinstance(llm, dict) and llm.get("enabled") is False)

    def next_reply(self) -> Heard | None:
        """The next thing heard to its end since the far end last said something; once each."""
        for at in range(self.read, len(self.heard)):
            heard = self.heard[at]
            if not heard.interrupted and heard.after >= self.asked:
                self.read = at + 1
                return heard
        return None

    def end(self, reason: str) -> None:
        """The conversation is over."""
        raise NotImplementedError

    def template_values(self) -> dict[str, Any]:
        """What ``{{name}}`` can be: session vars over agent vars over the built-in ones."""
        return {
            **built_in_vars(self.server.now, self.config("timezone")),
            "RAG_CONTEXT": self.server.knowledge.context(self),
            "MEMORY": self.server.memory.text(self),
            **(self.config("vars") or {}),
            **self.vars,
        }

    def system_prompt(self) -> str:
        """The prompt of the next generation, contexts and loaded skills' instructions included."""
        llm = self.config("llm")
        template = self.prompt
        if template is None:
            template = (
                self.config("prompt") or (llm.get("prompt") if isinstance(llm, dict) else "") or ""
            )
        parts = [filled(template, self.template_values())]
        for skill in self.config("skills") or []:
            if skill["name"] in self.skills and skill.get("instructions"):
                parts.append(skill["instructions"])
        parts += self.contexts
        parts += [f"{key}: {value}" for key, value in self.keyed_context.items()]
        return "\n\n".join(part for part in parts if part)

    def tools(self) -> list[Frame]:
        """The tools offered to the model now: the agent's and those of loaded skills."""
        offered = list(self.config("tools") or [])
        for skill in self.config("skills") or []:
            if skill["name"] in self.skills:
                offered += skill.get("tools") or []
        return offered

    def set_context(self, key: str, value: Any) -> None:
        """Keyed context; None clears the key."""
        if value is None:
            self.keyed_context.pop(key, None)
        else:
            self.keyed_context[key] = value

    # frames

    def emit(self, event: str, **fields: Any) -> Frame:
        """Send one event to the owner, stamped; the frame as sent."""
        self.seq += 1
        form = self.server.settings.ids
        frame = {"event": event, "agent_id": self.owner.address(form), **self.identity(), **fields}
        frame |= {"seq": self.seq, "ts": self.server.now}
        self.server.deliver(self.owner, frame)
        self.server.log.record(self, frame)
        return frame

    def identity(self) -> Frame:
        """The ids its frames carry."""
        return {"call_id": self.id}

    # answers of a generation, which each kind of session delivers its own way

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """An answer starts; ``whole`` is its text when it is known already."""

    def answer_token(self, message_id: str, token: str) -> None:
        """More of it."""

    def answer_ends(self, message_id: str) -> None:
        """It is complete."""

    def tools_shown(self, calls: list[Frame]) -> None:
        """The model called these tools."""

    def tool_results_shown(self, results: list[Frame]) -> None:
        """These results came."""
        self.server.log.tool_results(self, results)

    def generation_failed(self, error: str) -> None:
        """The model failed."""
        self.emit("llm.error", error=error)

    def generation_idle(self) -> None:
        """The generation is over, with or without an answer."""
