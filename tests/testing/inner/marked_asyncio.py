"""Tests and fixtures with the marks of pytest-asyncio, beside the plugin's fixtures."""

import asyncio

import pytest
import pytest_asyncio


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def prompt():
    await asyncio.sleep(0)
    return "You are Mara."


@pytest_asyncio.fixture
async def mara(pinecall, prompt):
    agent = pinecall.deploy("mara", prompt=prompt, greeting="Hello.", channels=["chat"])
    await agent.wait_ready()
    yield agent
    await pinecall.create_token("chat", "mara")


@pytest_asyncio.fixture
async def running():
    return asyncio.get_running_loop()


@pytest.mark.asyncio
async def test_marked(mara, caller, running):
    assert asyncio.get_running_loop() is running
    call = await caller.chats("mara", "hello")
    await call.hears()
    await call.hangs_up()


@pytest.mark.asyncio(loop_scope="session")
async def test_marked_for_the_session(mara, caller):
    caller.chats("mara").hangs_up()


async def test_unmarked(mara, caller):
    caller.chats("mara").hangs_up()


@pytest.mark.asyncio
async def test_of_others(running):
    await asyncio.sleep(0)
    assert asyncio.get_running_loop() is running
