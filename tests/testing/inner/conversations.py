"""Tests as users write them, in every form that pytest knows."""

import asyncio
import unittest

import pytest

import pinecall
from pinecall import tool

NUMBER = "+13186330963"


def deploy(pc, find_tables):
    return pc.deploy(
        "mara", prompt="You are Mara.", greeting="Hello. How can I help you?",
        tools=[find_tables], channels=[NUMBER, "chat"],
    )  # fmt: skip


@tool
async def find_tables(party: int) -> list[str]:
    """Find tables.

    Args:
        party: how many people
    """
    await asyncio.sleep(0)
    return ["20:30"]


@tool(name="find_tables")
def find_tables_blocking(party: int) -> list[str]:
    """Find tables.

    Args:
        party: how many people
    """
    return ["20:30"]


@pytest.fixture
def mara(pinecall):
    return deploy(pinecall, find_tables)


@pytest.fixture
def mara_sync(pinecall_sync):
    return deploy(pinecall_sync, find_tables_blocking)


@pytest.fixture(scope="session")
def place():
    return "the whole session"


@pytest.fixture(autouse=True, scope="module")
def surroundings():
    came = []
    yield came
    came.clear()


def conversation(caller, model):
    model.on("table for two").calls("find_tables", party=2).then("There is one at 20:30.")
    call = caller.phones(NUMBER, from_="+34607827824")
    call.hears("How can I help")
    call.says("a table for two tonight")
    call.expects_tool("find_tables", party=2)
    call.hears("20:30", within=0.8)
    call.interrupts("no, three")
    call.presses("1")
    call.hangs_up()
    call.ended("hangup")


def test_plain(mara, caller, model, place):
    conversation(caller, model)


async def test_coroutine(mara, caller, model, place):
    await mara.wait_ready()
    conversation(caller, model)
    await asyncio.sleep(0)


async def test_awaited(mara, caller, model):
    model.on("table").says("At 20:30.")
    call = await caller.phones(NUMBER)
    assert await call.hears("How can I help") == "Hello. How can I help you?"
    await call.says("a table")
    assert await call.hears("20:30") == "At 20:30."
    await call.hangs_up()
    await call.ended("hangup")


async def test_dials(mara, caller):
    callee = caller.answers("+34600000000").picks_up()
    dialling = asyncio.create_task(mara.dial("+34600000000", greeting="Hello, it is Mara."))
    callee.hears("it is Mara")
    call = await dialling
    assert call.to == "+34600000000"
    callee.hangs_up()
    callee.ended("hangup")


def test_blocking(mara_sync, caller, model):
    conversation(caller, model)


async def test_blocking_in_a_coroutine(mara_sync, caller, model):
    conversation(caller, model)
    await asyncio.sleep(0)


def test_blocking_dials(mara_sync, caller):
    caller.answers("+34600000000").busy()
    with pytest.raises(pinecall.DialError):
        mara_sync.dial("+34600000000", greeting="Hello, it is Mara.")


@pytest.mark.pinecall(clock="real")
def test_real(mara, caller, model):
    conversation(caller, model)


@pytest.mark.pinecall(clock="real")
async def test_real_coroutine(mara, caller, model):
    await mara.wait_ready()
    conversation(caller, model)


@pytest.mark.pinecall(clock="real")
def test_real_blocking(mara_sync, caller, model):
    conversation(caller, model)


@pytest.mark.parametrize("party", [2, 3])
async def test_parametrized(mara, caller, model, party):
    model.on("table").calls("find_tables", party=party).then("Done.")
    call = caller.chats("mara", "a table")
    call.expects_tool("find_tables", party=party)
    call.hears("Done")
    call.hangs_up()


def test_tool_that_raises(mara, caller, model, tools):
    tools.replace("find_tables", raises=ValueError("the book is gone"))
    model.on("table").calls("find_tables", party=2).then("I cannot look.")
    call = caller.chats("mara", "a table")
    assert "the book is gone" in str(call.expects_tool("find_tables").result)
    call.hears("I cannot look")
    call.hangs_up()


def test_tool_that_raises_blocking(mara_sync, caller, model, tools):
    tools.replace("find_tables", raises=ValueError("the book is gone"))
    model.on("table").calls("find_tables", party=2).then("I cannot look.")
    call = caller.chats("mara", "a table")
    assert "the book is gone" in str(call.expects_tool("find_tables").result)
    call.hears("I cannot look")
    call.hangs_up()


class TestInAClass:
    @pytest.fixture
    def agent(self, pinecall):
        self.seen = "in the class"
        return deploy(pinecall, find_tables)

    def test_plain(self, agent, caller, model):
        conversation(caller, model)
        assert self.seen == "in the class"

    async def test_coroutine(self, agent, caller, model):
        await agent.wait_ready()
        conversation(caller, model)
        assert self.seen == "in the class"


class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def parts(self, mara, caller, model):
        self.caller, self.model = caller, model

    def test_method(self):
        conversation(self.caller, self.model)
