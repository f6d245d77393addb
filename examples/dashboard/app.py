"""A dashboard for several tenants: live calls, their words as they are spoken, and a chat.

    pip install "pinecall-sdk[emulator]" fastapi itsdangerous
    python examples/dashboard/app.py --emulator                   # no account: people call by themselves
    PINECALL_API_KEY=… python examples/dashboard/app.py           # your account

Then open http://127.0.0.1:8000. The rule of the whole program: what a request may see is decided by
the tenant in its signed session, never by what the page asks for.

DASHBOARD_SECRET signs the sessions (without it everybody logs in again after a restart);
PHONE_MARA=+1… gives the agent ``mara`` a number of your account.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.middleware.sessions import SessionMiddleware

from pinecall import Pinecall, PinecallError

PAGE = Path(__file__).with_name("index.html")


@dataclass(frozen=True)
class Tenant:
    id: str
    name: str
    password: str
    agents: dict[str, dict[str, Any]]


# Yours come from a database, with hashed passwords.
TENANTS = {
    tenant.id: tenant
    for tenant in (
        Tenant(
            id="bistro",
            name="Bistro Central",
            password="basil",
            agents={
                "mara": {
                    "prompt": "You are Mara. You take reservations for Bistro Central. Be brief.",
                    "greeting": "Bistro Central, this is Mara. How can I help?",
                },
                "leo": {
                    "prompt": "You are Leo. You take orders to go for Bistro Central. Be brief.",
                    "greeting": "Bistro Central, orders to go, Leo speaking.",
                },
            },
        ),
        Tenant(
            id="clinic",
            name="Northside Clinic",
            password="mint",
            agents={
                "nora": {
                    "prompt": "You are Nora. You make appointments at Northside Clinic. Be brief.",
                    "greeting": "Northside Clinic, Nora speaking.",
                },
            },
        ),
    )
}


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    pc = Pinecall()
    connecting = asyncio.create_task(connect(pc))
    try:
        for tenant in TENANTS.values():
            for agent, about in tenant.agents.items():
                phone = os.environ.get(f"PHONE_{agent.upper()}")
                channels = ["chat", "webrtc", phone] if phone else ["chat", "webrtc"]
                pc.deploy(
                    agent, voice="elevenlabs/sarah", language="en", channels=channels, **about
                )
        yield {"pc": pc}
    finally:
        connecting.cancel()
        await pc.disconnect()


async def connect(pc: Pinecall) -> None:
    """Until there is a connection: the page is served before, and says that there is none."""
    while not pc.connected:
        try:
            await pc.connect()
        except PinecallError as why:
            print(why, flush=True)
            await asyncio.sleep(2)


app = FastAPI(lifespan=lifespan, openapi_url=None)
# Behind TLS: https_only=True.
app.add_middleware(
    SessionMiddleware,
    secret_key=os.environ.get("DASHBOARD_SECRET") or secrets.token_hex(32),
    max_age=8 * 3600,
    same_site="strict",
)


def current(request: Request) -> Tenant:
    tenant = TENANTS.get(request.session.get("tenant", ""))
    if tenant is None:
        raise HTTPException(401, "log in first")
    return tenant


def connection(request: Request) -> Pinecall:
    pc: Pinecall = request.state.pc
    return pc


Me = Annotated[Tenant, Depends(current)]
Connection = Annotated[Pinecall, Depends(connection)]


class Login(BaseModel):
    tenant: str
    password: str


class Wanted(BaseModel):
    agent: str


@app.get("/")
async def page() -> FileResponse:
    return FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


@app.get("/me")
async def whoami(me: Me, pc: Connection) -> dict[str, Any]:
    return {"name": me.name, "agents": list(me.agents), "connected": pc.connected}


@app.post("/login")
async def login(sent: Login, request: Request, pc: Connection) -> dict[str, Any]:
    tenant = TENANTS.get(sent.tenant)
    known = tenant.password if tenant else ""
    if not hmac.compare_digest(sent.password.encode(), known.encode()) or tenant is None:
        raise HTTPException(401, "unknown tenant, or wrong password")
    request.session["tenant"] = tenant.id
    return await whoami(tenant, pc)


@app.post("/logout")
async def logout(request: Request) -> dict[str, Any]:
    request.session.clear()
    return {}


@app.get("/events")
async def events(me: Me, pc: Connection) -> Any:
    return pc.stream(agents=me.agents)


@app.post("/token")
async def token(wanted: Wanted, me: Me, pc: Connection) -> dict[str, str]:
    """What the page needs for one chat; the API key stays here."""
    if wanted.agent not in me.agents:
        raise HTTPException(404, f"there is no agent {wanted.agent!r}")
    try:
        made = await pc.create_token("chat", wanted.agent, metadata={"tenant": me.id})
    except PinecallError as why:
        raise HTTPException(503, str(why)) from why
    return {"server": made.server, "token": made.token}


def main() -> None:
    parser = argparse.ArgumentParser(description="The dashboard.")
    parser.add_argument("--emulator", action="store_true", help="without an account, with callers")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if options.emulator:
            from callers import emulated

            os.environ.update(stack.enter_context(emulated()))
        someone = next(iter(TENANTS.values()))
        print(f"http://{options.host}:{options.port}: log in as", end=" ")
        print(f"{someone.id}, password {someone.password}", flush=True)
        uvicorn.run(app, host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
