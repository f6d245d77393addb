"""aiohttp: python aiohttp_app.py"""

import os

from aiohttp import web

from pinecall import Pinecall

pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])


async def connected(app):
    async with pc:
        yield


async def events(request):
    return pc.stream()


app = web.Application()
app.cleanup_ctx.append(connected)
app.router.add_get("/events", events)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
