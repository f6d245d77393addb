"""Tests under faults, as users write them."""

import pytest

from pinecall import tool

NUMBER = "+13186330963"


@pytest.fixture
def mara(pinecall):
    @tool
    async def find_tables(party: int) -> list[str]:
        """Find tables."""
        return ["20:30"]

    return pinecall.deploy(
        "mara", prompt="You are Mara.", greeting="How can I help you?", tools=[find_tables],
        channels=[NUMBER],
    )  # fmt: skip


def talk(caller, model, party=2, within=None):
    model.on("table").calls("find_tables", party=party).then("There is one at 20:30.")
    call = caller.phones(NUMBER)
    call.hears("How can I help")
    call.says("a table")
    call.expects_tool("find_tables", party=party)
    call.hears("20:30", within=within)
    call.hangs_up()


def test_plain(mara, caller, model):
    talk(caller, model)


@pytest.mark.parametrize("party", [2, 3])
def test_parametrized(mara, caller, model, party):
    talk(caller, model, party)


@pytest.mark.pinecall(faults=["cut-during-tool", "repeated-start"])
def test_named(mara, caller, model):
    talk(caller, model)


@pytest.mark.pinecall(faults=[])
def test_calm(mara, caller, model):
    talk(caller, model)


@pytest.mark.pinecall(faults=["cut-during-tool"])
def test_never(mara, caller):
    caller.phones(NUMBER).hangs_up()


@pytest.mark.pinecall(faults=["handshake-503"])
def test_no_client(clock):
    clock.advance(1)


@pytest.mark.pinecall(faults=["cut-durin-tool"])
def test_unknown(mara):
    pass


@pytest.mark.pinecall(faults="cut-during-tool")
def test_no_list(mara):
    pass


@pytest.mark.pinecall(faults=["black-hole"], clock="real")
def test_real(mara):
    pass


@pytest.mark.pinecall(faults=["cut-during-tool"])
def test_fails(mara, caller, model):
    model.on("table").calls("find_tables", party=2).then("There is one at 20:30.")
    call = caller.phones(NUMBER)
    call.says("a table")
    call.hears("21:00")


@pytest.mark.pinecall(faults=["late-tool-result"])
def test_late(mara, caller, model):
    talk(caller, model, within=0.5)


@pytest.mark.pinecall(faults=[])
def test_late_without(mara, caller, model):
    talk(caller, model, within=0.5)


def test_without_a_client(clock, model):
    clock.advance(1)


@pytest.mark.pinecall(clock="real")
def test_sockets(pinecall):
    pass
