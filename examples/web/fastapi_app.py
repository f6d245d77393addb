"""FastAPI: uvicorn fastapi_app:app

Each tenant sees its own agents: the filter is made from who is logged in, never from the query.
"""

from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException

from pinecall import Pinecall

pc = Pinecall()
mara = pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])

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


@app.get("/calls/{call_id}/events")
async def call_events(call_id: str):
    call = mara.call(call_id)
    if call is None:
        raise HTTPException(404, "there is no such call now")
    return call.stream()


@app.post("/token")
async def token(tenant: str = Depends(tenant)):
    made = await pc.create_token("webrtc", "mara", metadata={"tenant": tenant})
    return {"server": made.server, "token": made.token}
