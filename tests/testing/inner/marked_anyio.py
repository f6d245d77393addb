"""Tests and fixtures with the mark of anyio, beside the plugin's fixtures."""

import anyio
import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def mara(pinecall):
    agent = pinecall.deploy("mara", prompt="You are Mara.", greeting="Hello.", channels=["chat"])
    await agent.wait_ready()
    return agent


@pytest.mark.anyio
async def test_marked(mara, caller):
    with anyio.fail_after(5):
        await mara.wait_ready()
    call = await caller.chats("mara", "hello")
    await call.hears()
    await call.hangs_up()


@pytest.mark.anyio
async def test_of_others():
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
