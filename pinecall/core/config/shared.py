"""What agents, channels and live calls have in common, each field with its check and wire key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from attrs import field, frozen

from ..text.by_value import ByValue
from ..text.showing import shows
from . import checks, nested
from .option_types import Greeting, Object
from .table import checked_by, table_of

__all__ = ["CONFIG", "ConfigOptions", "show_given"]


@frozen(kw_only=True, repr=False, eq=False)
class ConfigOptions(ByValue):
    """The configuration that agents, channels and live calls share (``agent.create``,
    ``agent.configure``, ``channel.add``, ``channel.configure``, ``session.configure``).

    - ``voice``: ``"elevenlabs/sarah"`` or a provider dict.
    - ``language``: such as ``"es"``.
    - ``stt``: ``"deepgram-flux"``, ``"soniox/stt-rt-v5"``, ``"provider:model:language"`` or a dict.
    - ``llm``: ``"openai/gpt-4.1-mini"`` or ``{provider, model, enabled, temperature, …}``; without
      one the turns come to the program, which answers them itself.
    - ``interruption``: False, or ``{min_duration_ms, confidence, min_volume, min_words, …}``.
    - ``prompt``: a text; ``prompt_vars``, ``{name: value}``, replace each ``{{name}}`` in it.
    - ``raw_prompt``: True: the server adds nothing of its own to the prompt.
    - ``greeting``: a str, ``{language: text}``, or a function that gets the call and returns the
      text or ``{text, add_to_history}`` (spoken by the SDK, never sent). A dict
      ``{text, add_to_history}`` counts as its text: the server has no such switch.
    - ``greeting_in_chat``: whether chats are greeted too.
    - ``preparing``: True (1500 ms), False, or ``{enabled, timeout_ms}`` (up to 5000 ms).
    - ``tools``: a list of ``@tool`` functions and OpenAI tool dicts.
    - ``skills``: a list of ``Skill`` and dicts of a skill's fields.
    - ``knowledge_base``: an id, or a list of ids.
    - ``memory``: ``{remember, forget, consolidate, model, contact_key, enabled}``.
    - ``session_limits``: ``{max_duration_seconds, idle_timeout_seconds, idle_warning_seconds,
      idle_grace_seconds}``, in seconds; 0 switches one off.
    - ``analysis``: ``{send_audio_metrics, audio_metrics_interval_ms, send_turn_audio,
      send_bot_audio, recording}``; it is sent inside ``config``.
    - ``media``: ``{live, recording, max_duration_seconds}``.
    - ``timezone``: an IANA name, ``"Europe/Madrid"``.
    - ``config``, ``flash``, ``mode``: sent as they are.

    Values are checked where the options are used, by ``agent()``, ``configure()`` and the like.
    """

    voice: str | Object | None = field(default=None, metadata=checked_by(nested.voice))
    language: str | None = field(default=None, metadata=checked_by(checks.text))
    flash: Any = field(default=None, metadata=checked_by(checks.anything))
    stt: str | Object | None = field(default=None, metadata=checked_by(nested.stt))
    interruption: bool | Object | None = field(
        default=None, metadata=checked_by(nested.interruption)
    )
    llm: str | Object | None = field(default=None, metadata=checked_by(nested.llm))
    prompt: str | None = field(default=None, metadata=checked_by(checks.text))
    prompt_vars: Object | None = field(
        default=None, metadata=checked_by(checks.mapping, wire="vars")
    )
    greeting: Greeting | None = field(default=None, metadata=checked_by(checks.greeting))
    greeting_in_chat: bool | None = field(
        default=None, metadata=checked_by(checks.flag, wire="greetingInChat")
    )
    memory: Object | None = field(
        default=None, metadata=checked_by(checks.renamed({"contact_key": "contactKey"}))
    )
    timezone: str | None = field(default=None, metadata=checked_by(nested.timezone))
    preparing: bool | Object | None = field(default=None, metadata=checked_by(checks.preparing))
    raw_prompt: bool | None = field(default=None, metadata=checked_by(checks.flag))
    tools: Sequence[Any] | None = field(default=None, metadata=checked_by(checks.tools))
    skills: Sequence[Any] | None = field(default=None, metadata=checked_by(checks.skills))
    session_limits: Object | None = field(default=None, metadata=checked_by(checks.session_limits))
    config: Object | None = field(default=None, metadata=checked_by(checks.mapping))
    analysis: Object | None = field(
        default=None, metadata=checked_by(nested.analysis, wire="config")
    )
    knowledge_base: str | Sequence[str] | None = field(
        default=None, metadata=checked_by(checks.text_or_texts)
    )
    mode: Any = field(default=None, metadata=checked_by(checks.anything))
    media: Object | None = field(
        default=None,
        metadata=checked_by(checks.renamed({"max_duration_seconds": "maxDurationSeconds"})),
    )

    @shows
    def __repr__(self) -> str:
        return show_given(self)


def show_given(options: Any) -> str:
    """The repr of an options object."""
    # There are dozens of fields: only those that are given. One with repr=False is a secret.
    values = {a.name: getattr(options, a.name) for a in attrs.fields(type(options)) if a.repr}
    shown = (f"{k}={v!r}" for k, v in values.items() if v is not None and v != ConfigOptions())
    return f"{type(options).__name__}({', '.join(shown)})"


#: In the order of the wire, which is that of the fields.
CONFIG = table_of(ConfigOptions)
