"""Everything the server answers besides ``/client``: REST endpoints and side sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from . import catalog, chat, knowledge, log, memory, realtime, speech, talk, tokens, transcribe

if TYPE_CHECKING:
    from ..runner import Runner

__all__ = ["routes"]


def routes(runner: Runner) -> list[BaseRoute]:
    """The routes around a runner."""
    parts = (tokens, catalog, memory, knowledge, log, chat, speech, transcribe, realtime, talk)
    return [route for part in parts for route in part.routes(runner)]
