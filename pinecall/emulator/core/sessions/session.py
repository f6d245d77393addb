"""The common base of calls, chats and WhatsApp sessions: owner, config, history, prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from attrs import frozen

from ..kernel.outbox import Frame
from ..kernel.records import Agent, Owner
from ..stores.memory import Key, contact_of
from ..world import World
from .prompt import built_in_vars, filled

__all__ = ["Answering", "Heard", "Session"]


class Answering(Protocol):
    """The answer being made in a session, as the session and its owner's commands see it."""

    message_id: str

    @property
    def busy(self) -> bool:
        """Whether an answer is still being made."""
        raise NotImplementedError

    def stop(self) -> None:
        """Drop it."""

    def ready(self, turn: Any) -> None:
        """Go on: the owner's preparing handlers are done."""

    def tool_results(self, msg_id: Any, results: Any) -> bool:
        """Take the results of a tool round; False when they do not belong to the open one."""
        raise NotImplementedError

    def send_round(self) -> None:
        """Ask the owner to run the tools it has not answered yet."""


@frozen
class Heard:
    """One thing the far end heard; ``after`` counts what the far end had begun to say before."""

    message_id: str
    text: str
    interrupted: bool
    after: int


class Session:
    """One conversation. ``messages`` is the model's history in OpenAI form, without the system prompt."""

    channel = "session"

    def __init__(self, world: World, session_id: str, owner: Owner, **known: Any) -> None:
        self.world = world
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
        self.skills = self.always_skills()
        self.generation: Answering | None = None
        self.heard: list[Heard] = []
        self.read = 0
        self.asked = 0
        self.begun = 0
        self.turn = 0
        self.seq = 0
        self.started_at = world.now
        self.ended_at: float | None = None
        self.reason: str | None = None
        self.forget: Callable[[], object] = lambda: None
        self._unlearned: list[str] = []

    # what the agent's config says, session first

    def config(self, key: str) -> Any:
        """Look up a config value: this session's, else the channel's, else the agent's."""
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

    def always_skills(self) -> list[str]:
        """List the skills that are loaded from the start."""
        declared = self.config("skills") or []
        return [skill["name"] for skill in declared if skill.get("activation") == "always"]

    def has_model(self) -> bool:
        """Whether the server's model answers in this session."""
        llm = self.config("llm")
        return bool(llm) and not (isinstance(llm, dict) and llm.get("enabled") is False)

    def next_reply(self) -> Heard | None:
        """Take the next text heard to its end since the far end last spoke; once each."""
        for at in range(self.read, len(self.heard)):
            heard = self.heard[at]
            if not heard.interrupted and heard.after >= self.asked:
                self.read = at + 1
                return heard
        return None

    # life

    def end(self, reason: str) -> None:
        """End the conversation and report it to the owner."""
        raise NotImplementedError

    def over(self, reason: str) -> None:
        """Mark the session as over and forget it; sends no event of its own."""
        self.reason = reason
        self.ended_at = self.ended_at or self.world.now
        self.forget()
        self._learn(final=True)

    def resumed(self) -> None:
        """Repeat an unanswered tool round: the owner came back."""
        if self.generation is not None:
            self.generation.send_round()

    # memory

    def listen(self, text: str) -> None:
        """Keep what the user said for the memory, where the agent has one."""
        if self._contact_key() is not None:
            self._unlearned.append(text)

    def turn_learned(self) -> None:
        """Send ``memory.ops`` after a turn, unless the agent consolidates at the end of calls."""
        config = self.config("memory")
        if not (isinstance(config, dict) and config.get("consolidate") == "call.ended"):
            self._learn(final=False)

    def _contact_key(self) -> Key | None:
        contact = contact_of(self.config("memory"), self.metadata, self.contact)
        return None if contact is None else (self.owner.org, self.owner.name, contact)

    def _learn(self, *, final: bool) -> None:
        key = self._contact_key()
        heard, self._unlearned = self._unlearned, []
        if key is None or not heard:
            return
        fields = self.world.memory.learn(key, heard, self.world.now)
        if fields is not None:
            self.emit("memory.ops", turn=self.turn, final=final, **fields)

    # the prompt

    def template_values(self) -> dict[str, Any]:
        """Collect the values of ``{{name}}``: session vars over agent vars over the built-in ones."""
        key = self._contact_key()
        return {
            **built_in_vars(self.world.now, self.config("timezone")),
            "RAG_CONTEXT": self._passages(),
            "MEMORY": "" if key is None else self.world.memory.text(key),
            **(self.config("vars") or {}),
            **self.vars,
        }

    def system_prompt(self) -> str:
        """Build the next generation's prompt, with contexts and loaded skills' instructions."""
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

    def _passages(self) -> str:
        wanted = self.config("knowledge_base") or []
        question = next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")
        ids = [wanted] if isinstance(wanted, str) else wanted
        hits = self.world.knowledge.find(self.owner.org, ids, question)
        if hits:
            self.world.log.sources(self, hits, self.world.now)
        return "\n\n".join(hit["text"] for hit in hits)

    def tools(self) -> list[Frame]:
        """List the tools offered to the model now: the agent's and those of loaded skills."""
        offered = list(self.config("tools") or [])
        for skill in self.config("skills") or []:
            if skill["name"] in self.skills:
                offered += skill.get("tools") or []
        return offered

    def set_context(self, key: str, value: Any) -> None:
        """Set keyed context; None clears the key."""
        if value is None:
            self.keyed_context.pop(key, None)
        else:
            self.keyed_context[key] = value

    # frames

    def emit(self, event: str, **fields: Any) -> Frame:
        """Send one event to the owner, stamped; returns the frame as sent."""
        self.seq += 1
        form = self.world.settings.ids
        frame = {"event": event, "agent_id": self.owner.address(form), **self.identity(), **fields}
        frame |= {"seq": self.seq, "ts": self.world.now}
        for observe in self.world.observers:
            observe(self.id, frame)
        self.world.deliver(self.owner, frame)
        self.world.log.record(self, frame, self.world.now)
        return frame

    def identity(self) -> Frame:
        """Make the ids its frames carry."""
        return {"call_id": self.id}

    # answers of a generation, which each kind of session delivers its own way

    def answer_begins(self, message_id: str, whole: str | None) -> None:
        """Begin an answer; ``whole`` is its text when that is known already."""

    def answer_token(self, message_id: str, token: str) -> None:
        """Deliver more of the answer."""

    def answer_ends(self, message_id: str) -> None:
        """Finish the answer."""

    def tools_shown(self, calls: list[Frame]) -> None:
        """Show the tools that the model calls."""

    def tool_results_shown(self, results: list[Frame]) -> None:
        """Show the results of tools."""
        self.world.log.tool_results(self, results, self.world.now)

    def generation_failed(self, error: str) -> None:
        """Report the model's failure."""
        self.emit("llm.error", error=error)

    def generation_idle(self) -> None:
        """Go on after a generation, with or without an answer."""
