"""FastAPI: uvicorn fastapi_app:app

Each tenant sees its own agents: the filter is made from who is logged in, never from the query.
"""

from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from pinecall import Pinecall

pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])

AGENTS = {"acme": ["mara"], "globex": []}


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with pc:
        yield


app = FastAPI(lifespan=lifespan)


def tenant() -> str:
    return "acme"  # from the session cookie, in an application with logins


@app.get("/events")
async def events(tenant: str = Depends(tenant)):
    return pc.stream(agents=AGENTS[tenant])


@app.post("/token")
async def token():
    return await pc.create_token("webrtc", "mara")
