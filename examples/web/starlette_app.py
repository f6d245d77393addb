"""Starlette: uvicorn starlette_app:app

In a page: new EventSource("/events").addEventListener("user.message", e => console.log(e.data))
"""

from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from pinecall import Pinecall

pc = Pinecall()
mara = pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])


@asynccontextmanager
async def lifespan(app):
    async with pc:
        yield


async def events(request):
    return pc.stream()


async def messages(websocket):
    await mara.ws(websocket)


app = Starlette(
    lifespan=lifespan,
    routes=[Route("/events", events), WebSocketRoute("/ws", messages)],
)
