"""The FastAPI application of :mod:`apps`; FastAPI looks annotations up in the module."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request

from .apps import agents_of, asyncio_front, publish, stats

app = FastAPI()
pc = asyncio_front()


@app.get("/events")
async def events(request: Request):  # type: ignore[no-untyped-def]
    return pc.stream(agents=agents_of(request.query_params))


@app.get("/agent")
def agent():  # type: ignore[no-untyped-def]
    stream = pc.agent_stream()
    stream.headers["X-Added"] = "yes"
    return stream


@app.get("/call")
async def call():  # type: ignore[no-untyped-def]
    return pc.call_stream()


@app.get("/publish")
async def make(request: Request) -> dict[str, Any]:
    return publish(request.query_params)


@app.get("/stats")
async def tell() -> dict[str, Any]:
    return stats()
