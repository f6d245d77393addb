"""Skills: instructions, tools and knowledge that a model loads when it needs them."""

from __future__ import annotations

from .core.tools.skill import Activation, Skill

__all__ = ["Activation", "Skill"]
