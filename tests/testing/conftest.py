"""A client of either front, in virtual time: the plugin's own fixtures, as users have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import pinecall as asyncio_front
import pinecall_sync as blocking_front

NUMBER = "+13186330963"
GUEST = "+34607827824"


class Program:
    """A client, and functions that both fronts' handlers and tools are written with."""

    def __init__(self, pc: Any) -> None:
        self.pc = pc
        self.asyncio = isinstance(pc, asyncio_front.Pinecall)
        self.module: Any = asyncio_front if self.asyncio else blocking_front

    def handler(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A plain function as a handler, or tool, of the usual kind of its front."""
        if not self.asyncio:
            return function
        import functools

        @functools.wraps(function)
        async def handle(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return handle

    def deploy(self, **options: Any) -> Any:
        """Mara, who answers a number and chats."""
        known = {
            "prompt": "You are Mara.",
            "greeting": "Hello. How can I help you?",
            "channels": [NUMBER, "chat", "webrtc"],
        }
        return self.pc.deploy("mara", **{**known, **options})


@pytest.fixture(params=["asyncio", "blocking"])
def program(request: pytest.FixtureRequest) -> Program:
    """A connected client of either front."""
    name = "pinecall" if request.param == "asyncio" else "pinecall_sync"
    return Program(request.getfixturevalue(name))
