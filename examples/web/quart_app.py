"""Quart: hypercorn quart_app:app"""

from quart import Quart

from pinecall import Pinecall

app = Quart(__name__)
pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])


@app.while_serving
async def connected():
    async with pc:
        yield


@app.get("/events")
async def events():
    return pc.stream()
