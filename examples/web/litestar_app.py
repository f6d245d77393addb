"""Litestar: uvicorn litestar_app:app"""

from contextlib import asynccontextmanager

from litestar import Litestar, get
from litestar.types import ASGIApp

from pinecall import Pinecall

pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])


@asynccontextmanager
async def lifespan(app: Litestar):
    async with pc:
        yield


@get("/events")
async def events() -> ASGIApp:
    return pc.stream()


app = Litestar([events], lifespan=[lifespan])
