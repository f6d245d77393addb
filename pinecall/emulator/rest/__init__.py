"""REST endpoints and side sockets: everything the server answers besides ``/client``."""

from __future__ import annotations

from starlette.routing import BaseRoute

from ..runner import Runner
from . import catalog, chat, knowledge, log, memory, realtime, speech, talk, tokens, transcribe

__all__ = ["routes"]


def routes(runner: Runner) -> list[BaseRoute]:
    """Make the routes around a runner."""
    parts = (tokens, catalog, memory, knowledge, log, chat, speech, transcribe, realtime, talk)
    return [route for part in parts for route in part.routes(runner)]
