"""Coroutine fixtures of users, beside the plugin's and upon them."""

import asyncio

import pytest


@pytest.fixture
async def mara(pinecall, loop_of_fixtures):
    agent = pinecall.deploy("mara", prompt="You are Mara.", greeting="Hello.", channels=["chat"])
    await agent.wait_ready()
    return agent


@pytest.fixture
async def loop_of_fixtures():
    loop = asyncio.get_running_loop()
    yield loop
    assert asyncio.get_running_loop() is loop


@pytest.fixture
async def notes(mara):
    written = []
    yield written
    await asyncio.sleep(0)
    written.append("closed")


async def test_coroutine(mara, caller, notes, loop_of_fixtures):
    assert asyncio.get_running_loop() is loop_of_fixtures
    assert notes == []
    call = caller.chats("mara", "hello")
    call.hears()
    call.hangs_up()


def test_plain(mara, caller, notes):
    call = caller.chats("mara", "hello")
    call.hears()
    call.hangs_up()


async def test_asks_while_it_runs(mara, caller, request):
    assert request.getfixturevalue("notes") == []
    caller.chats("mara").hangs_up()


class TestInAClass:
    @pytest.fixture
    async def own(self, mara):
        self.mine = mara
        return "own"

    async def test_method(self, own, mara, caller):
        assert self.mine is mara and own == "own"
        caller.chats("mara").hangs_up()
