"""``/emulator`` and ``/emulator/talk``: endpoints of the emulator's own command line.

``GET /emulator`` tells that an emulator runs here. The socket is the far end of one conversation, which
the query describes (``kind`` ``call`` or ``chat``). It takes ``{"say": text}``, ``{"press": digits}`` and
``{"hangup": true}``, and sends ``{"event": "begun" | "reply" | "ended" | "error", …}``.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from ...errors import PinecallError
from ..core.sessions.chat import ChatSession
from ..core.voice.call import VoiceCall
from ..core.voice.caller import Saying
from ..errors import EmulatorError, Nobody
from ..runner import Runner
from .auth import Denied, organisation
from .endpoint import endpoint
from .sockets import Outlet, refuse

__all__ = ["routes"]

#: Seconds between two attempts to begin a conversation.
_LOOK = 0.1
_DAY = 24 * 3600.0


def routes(runner: Runner) -> list[BaseRoute]:
    async def here(request: HTTPConnection) -> dict[str, Any]:
        registry = runner.core.registry
        return runner.look(lambda: {"emulator": "pinecall", "numbers": sorted(registry.numbers())})

    async def talk(socket: WebSocket) -> None:
        try:
            organisation(socket, runner)
        except Denied as why:
            await refuse(socket, why)
            return
        await socket.accept()
        outlet = Outlet(socket, runner)
        telling: asyncio.Task[None] | None = None
        try:
            session = await _begin(runner, socket.query_params)
            outlet.push({"event": "begun", "id": session.id, "to": _who(session)})
            telling = asyncio.create_task(_tell(runner, session, outlet))
            while (message := await socket.receive())["type"] == "websocket.receive":
                _heard(runner, session, outlet, message.get("text") or "")
        except PinecallError as why:
            outlet.push({"event": "error", "error": str(why)})
            outlet.close(1000, "")
            while (await socket.receive())["type"] == "websocket.receive":
                pass
        else:
            if runner.running:
                runner.act(lambda: _end(session))
        finally:
            if telling is not None:
                telling.cancel()
            outlet.done()

    return [endpoint("GET", "/emulator", here, "code"), WebSocketRoute("/emulator/talk", talk)]


async def _begin(runner: Runner, query: Any) -> VoiceCall | ChatSession:
    """Begin the conversation; keeps trying for ``wait`` seconds while there is no owner online."""
    loop = asyncio.get_running_loop()
    until = loop.time() + float(query.get("wait") or 0.0)
    while True:
        try:
            return runner.act(lambda: _open(runner, query))
        except Nobody:
            if loop.time() >= until:
                raise
        await asyncio.sleep(_LOOK)


def _open(runner: Runner, query: Any) -> VoiceCall | ChatSession:
    core = runner.core
    if query.get("kind") == "chat":
        agent = core.registry.any_org(query.get("agent") or "")
        if agent is None or agent.link is None:
            raise Nobody(f"agent {query.get('agent')!r} is not registered")
        chat = core.chats.open(agent)
        chat.start()
        return chat
    to = query.get("to")
    if not to:
        numbers = sorted(core.registry.numbers())
        if not numbers:
            raise Nobody("no number is answered yet")
        to = numbers[0]
    return core.inbound.phone(to, query.get("from"), extension=query.get("extension") or None)


async def _tell(runner: Runner, session: VoiceCall | ChatSession, outlet: Outlet) -> None:
    """Send the agent's replies, as they were heard, until the end."""

    def news() -> dict[str, Any] | None:
        reply = session.next_reply()
        if reply is not None:
            return {"event": "reply", "text": reply.text}
        return {"event": "ended", "reason": session.reason} if session.ended else None

    while True:
        told = await asyncio.wrap_future(runner.wait(news, _DAY, lambda: "nothing was said"))
        outlet.push(told)
        if told["event"] == "ended":
            outlet.close(1000, "")
            return


def _heard(runner: Runner, session: VoiceCall | ChatSession, outlet: Outlet, text: str) -> None:
    try:
        frame: Any = msgspec.json.decode(text)
        runner.act(lambda: _do(session, frame))
    except (msgspec.DecodeError, EmulatorError, PinecallError) as why:
        outlet.push({"event": "error", "error": str(why)})


def _do(session: VoiceCall | ChatSession, frame: Any) -> None:
    given = frame if isinstance(frame, dict) else {}
    say, press = given.get("say"), given.get("press")
    if isinstance(say, str) and isinstance(session, VoiceCall):
        session.caller.say(Saying(say))
    elif isinstance(say, str):
        session.say(say)
    elif isinstance(press, str) and isinstance(session, VoiceCall):
        session.press(press)
    elif given.get("hangup"):
        _end(session)
    else:
        raise EmulatorError('a frame is {"say": text}, {"press": digits} or {"hangup": true}')


def _who(session: VoiceCall | ChatSession) -> str:
    if isinstance(session, VoiceCall):
        return session.to
    return session.agent.id if session.agent is not None else ""


def _end(session: VoiceCall | ChatSession) -> None:
    if isinstance(session, VoiceCall):
        session.caller_hangs_up()
    elif not session.ended:
        session.end("closed")
