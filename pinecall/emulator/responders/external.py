"""External responders: a callable, or an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import msgspec

from ..._asyncio.tasks import asked_to_stop, begin
from ...core.kernel.usercode import shown
from ..errors import EmulatorError
from .types import Failure, Piece, Responder, ToolCall, ToolCalls, Turn

__all__ = ["Answerer", "Feed", "OpenAIResponder", "responder_of"]

_DONE = object()


class Feed(Protocol):
    """Callback that takes the pieces of an answer."""

    def __call__(self, piece: Piece | None, whole: bool = False) -> bool:
        """Take a piece (``whole``: the complete answer), None at the end; False when no more is wanted."""
        raise NotImplementedError


class OpenAIResponder:
    """Responder that streams from an OpenAI-compatible server (``{url}/chat/completions``).

    ``model`` defaults to the agent's own; ``api_key`` to ``$OPENAI_API_KEY``.
    """

    def __init__(self, url: str, *, model: str | None = None, api_key: str | None = None) -> None:
        self.url = url.rstrip("/").removesuffix("/chat/completions")
        self.model = model
        self._key = api_key or os.environ.get("OPENAI_API_KEY")

    async def __call__(self, turn: Turn) -> AsyncIterator[Piece]:
        """Stream the pieces of the answer as they arrive."""
        return self._stream(turn)

    async def _stream(self, turn: Turn) -> AsyncIterator[Piece]:
        import httpx

        body: dict[str, Any] = {
            "model": self.model or turn.model,
            "messages": list(turn.messages),
            "stream": True,
        }
        if turn.tools:
            body["tools"] = list(turn.tools)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        calls: dict[int, dict[str, Any]] = {}
        async with httpx.AsyncClient(timeout=60.0) as client:  # noqa: SIM117
            async with client.stream(
                "POST", f"{self.url}/chat/completions", json=body, headers=headers
            ) as answer:
                if answer.status_code >= 400:
                    text = (await answer.aread()).decode(errors="replace")
                    yield Failure(f"{self.url} answered {answer.status_code}: {text[:200]}")
                    return
                async for line in answer.aiter_lines():
                    data = line.removeprefix("data:").strip()
                    if not line.startswith("data:") or data == "[DONE]":
                        continue
                    for piece in _delta(msgspec.json.decode(data), calls):
                        yield piece
        if calls:
            made = [ToolCall(c["name"], c["arguments"] or "{}") for _, c in sorted(calls.items())]
            yield ToolCalls(tuple(made))


def _delta(chunk: dict[str, Any], calls: dict[int, dict[str, Any]]) -> Iterable[str]:
    for choice in chunk.get("choices") or []:
        delta = choice.get("delta") or choice.get("message") or {}
        for at, call in enumerate(delta.get("tool_calls") or []):
            known = calls.setdefault(call.get("index", at), {"name": "", "arguments": ""})
            function = call.get("function") or {}
            known["name"] += function.get("name") or ""
            known["arguments"] += function.get("arguments") or ""
        if delta.get("content"):
            yield delta["content"]


def responder_of(responder: Responder | str | None) -> Responder | None:
    """Make a responder from what the user gave; None is the built-in one.

    Raises:
        EmulatorError: neither a callable nor an http(s) URL.
    """
    if isinstance(responder, str):
        if not responder.startswith(("http://", "https://")):
            raise EmulatorError(f"responder={responder!r}: an http(s) URL, a callable, or None")
        return OpenAIResponder(responder)
    if responder is not None and not callable(responder):
        raise EmulatorError(f"responder={responder!r}: an http(s) URL, a callable, or None")
    return responder


class Answerer:
    """Runs a responder per turn: coroutines on ``home`` or the server's loop, the rest in threads."""

    def __init__(self, responder: Responder, home: asyncio.AbstractEventLoop | None) -> None:
        self._responder = responder
        self._home = home
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="pinecall-responder")

    async def answer(self, turn: Turn, feed: Feed) -> None:
        """Feed the answer to a turn; an exception becomes the model's failure."""
        home = self._home
        is_async = inspect.iscoroutinefunction(self._responder) or inspect.isasyncgenfunction(
            self._responder
        )
        running = self._apart(turn, feed)
        if is_async and home is not None and home.is_running():
            failure = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(running, home))
        else:
            failure = await running
        if failure is None:
            feed(None)
        elif not isinstance(failure, EmulatorError):
            feed(Failure(shown(failure)))

    async def _apart(self, turn: Turn, feed: Feed) -> BaseException | None:
        """Run it in a new task: Python 3.10 cannot tell whether another task was cancelled on purpose."""
        loop = asyncio.get_running_loop()
        raised: BaseException | None = await begin(loop, self._outcome(turn, feed), eager=False)
        return raised

    async def _outcome(self, turn: Turn, feed: Feed) -> BaseException | None:
        """Run it and return what it raised."""
        try:
            await self._run(turn, feed)
        except BaseException as why:
            if isinstance(why, KeyboardInterrupt) or asked_to_stop(why):
                raise
            return why
        return None

    def close(self) -> None:
        """Stop answering, without waiting for what still runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        def run() -> tuple[Any, BaseException | None]:
            try:
                return function(*args), None
            except BaseException as exc:
                return None, exc  # a Future takes no StopIteration

        found, failure = await asyncio.get_running_loop().run_in_executor(self._pool, run)
        if failure is not None:
            raise failure
        return found

    async def _run(self, turn: Turn, feed: Feed) -> None:
        call: Any = self._responder
        is_async = (
            inspect.iscoroutinefunction(call)
            or inspect.isasyncgenfunction(call)
            or inspect.iscoroutinefunction(type(call).__call__)
        )
        answer = call(turn) if is_async else await self._in_thread(call, turn)
        if inspect.isawaitable(answer):
            answer = await answer
        if answer is None:
            return
        if isinstance(answer, (str, ToolCall, ToolCalls, Failure)):
            feed(answer, isinstance(answer, str))
        elif hasattr(answer, "__aiter__"):
            async for piece in answer:
                if not feed(_checked(piece)):
                    return
        elif isinstance(answer, Iterable):
            iterator = iter(answer)
            while (piece := await self._in_thread(next, iterator, _DONE)) is not _DONE:
                if not feed(_checked(piece)):
                    return
        else:
            _checked(answer)


def _checked(piece: Any) -> Piece:
    if isinstance(piece, (str, ToolCall, ToolCalls, Failure)):
        return piece
    raise TypeError(f"a responder returns text, ToolCall or ToolCalls, not {type(piece).__name__}")
