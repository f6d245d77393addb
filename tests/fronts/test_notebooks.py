"""Notebooks: cells in a real IPython kernel, and what they do to handlers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from .driving import FRONTS, Front
from .log import Log, until
from .server import KEY, Connection, Server, said

ROOT = Path(__file__).parents[2]


class Notebook:
    """A kernel of its own; ``cell`` gives what the cell prints, and raises what it raises."""

    def __init__(self, name: str) -> None:
        self._blocking = name == "blocking"
        self._book = nbformat.v4.new_notebook()
        self._client = nbclient.NotebookClient(self._book, timeout=60, kernel_name="python3")
        self._kernel = self._client.setup_kernel()
        self._kernel.__enter__()
        package = "pinecall_sync" if self._blocking else "pinecall"
        self.cell(f"from {package} import Pinecall\nlog = []\npc = Pinecall()")

    def cell(self, source: str) -> str:
        """``await`` and ``async`` go for the blocking front."""
        if self._blocking:
            source = source.replace("await ", "").replace("async ", "")
        cell = nbformat.v4.new_code_cell(source)
        self._book.cells.append(cell)
        self._client.execute_cell(cell, len(self._book.cells) - 1)
        assert not [o for o in cell.outputs if o.get("name") == "stderr"], cell.outputs
        return "".join(output.get("text", "") for output in cell.outputs)

    def close(self) -> None:
        self._kernel.__exit__(None, None, None)


@pytest.fixture(params=list(FRONTS))
def notebook(
    request: pytest.FixtureRequest,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Notebook]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PINECALL_API_KEY", KEY)
    monkeypatch.setenv("PINECALL_URL", server.url)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    there = Notebook(request.param)
    yield there
    there.close()


HANDLER = """
@mara.on("user.message")
async def heard(event, call):
    log.append("{}: " + event.text)
    await call.get_history()
    call.reply("{}")
"""


def talk(server: Server, connection: int, text: str, reply: str) -> None:
    """A call in which the caller says something, and hears this."""
    call_id = f"CA{connection}"
    there = server.start_call(call_id, connection=connection)
    there.send(said(text, call_id))
    there.frames.wait_for(lambda f: f["event"] == "bot.reply" and f["text"] == reply)


def test_handlers_between_cells(server: Server, notebook: Notebook) -> None:
    """Handlers run while no cell does; a cell that defines one again, edited or not, replaces it."""
    notebook.cell("mara = pc.deploy('mara')")
    notebook.cell(HANDLER.format("old", "old"))
    notebook.cell("await pc.connect()\nawait mara.wait_ready()")
    notebook.cell(HANDLER.format("new", "new"))
    notebook.cell(HANDLER.format("new", "new"))
    talk(server, 1, "hello", "new")
    assert notebook.cell("print(log)") == "['new: hello']\n"
    assert [f["text"] for f in server.frames if f["event"] == "bot.reply"] == ["new"]
    notebook.cell("await pc.disconnect()")
    assert server.connection().close_code == 1000


def test_a_cell_waits(server: Server, notebook: Notebook) -> None:
    """A cell may wait for an event, and ask the server; nothing is left of it afterwards."""
    server.replies["please.call"] = lambda connection, _: server.start_call()
    notebook.cell("mara = pc.deploy('mara')\nawait pc.connect()\nawait mara.wait_ready()")
    waits = """
calls = pc.events("call.started")
pc.send({"event": "please.call"})
async for item in calls:
    break
print((await item.call.get_history())[0]["content"])
"""
    assert notebook.cell(waits) == "of CA1\n"
    notebook.cell("await pc.disconnect()")
    threads = (
        "import threading\nprint([t.name for t in threading.enumerate() if 'pinecall' in t.name])"
    )
    assert notebook.cell(threads) == "[]\n"


def test_connecting_again(server: Server, notebook: Notebook) -> None:
    """The cells that deploy, connect and disconnect run again: the same agent, once per connection."""
    deploy = "mara = pc.deploy('mara')\nprint(mara is pc.agents['mara'], len(pc.agents))"
    connect = "await pc.connect()\nawait mara.wait_ready()\nprint(pc.connected)"
    for connection in (1, 2):
        assert notebook.cell(deploy) == "True 1\n"
        notebook.cell(HANDLER.format(connection, connection))
        assert notebook.cell(connect) == "True\n"
        assert notebook.cell(connect) == "True\n"
        talk(server, connection, "hello", str(connection))
        assert notebook.cell("await pc.disconnect()\nprint(pc.connected)") == "False\n"
        notebook.cell("await pc.disconnect()")
    assert notebook.cell("print(log)") == "['1: hello', '2: hello']\n"
    assert len(server.connections) == 2
    block = "async with pc:\n    await mara.wait_ready()\nprint(pc.connected)"
    assert notebook.cell(block) == "False\n"
    assert len(server.connections) == 3


PRINTS = """
import sys
cells = []
defined = sys.stdout.parent_header["msg_id"]

@mara.on("user.message")
async def heard(event, call):
    cells.append(sys.stdout.parent_header["msg_id"])
    raise ValueError("on purpose")

@mara.on("user.message")
def heard_too(event, call):
    cells.append(sys.stdout.parent_header["msg_id"])
    call.reply("done")
"""


def test_what_a_handler_prints(server: Server, notebook: Notebook) -> None:
    """It belongs to the cell that defined the handler, whichever cell runs or connected."""
    notebook.cell("mara = pc.deploy('mara')")
    notebook.cell(PRINTS)
    notebook.cell("await pc.connect()\nawait mara.wait_ready()")
    notebook.cell("another_cell = True")
    talk(server, 1, "hello", "done")
    assert notebook.cell("print(cells == [defined, defined])") == "True\n"
    notebook.cell("await pc.disconnect()")


def one_holder(server: Server) -> list[int]:
    """The server gives a name to one connection at a time; which one asked and was refused."""
    refused: list[int] = []

    def create(connection: Connection, frame: dict[str, Any]) -> None:
        about = {"agent_id": frame["agent_id"]}
        others = [one for one in server.connections if one is not connection]
        if all(one.over.is_set() or one.close_code is not None for one in others):
            connection.send({"event": "agent.created", **about})
            return
        refused.append(server.connections.items.index(connection) + 1)
        error = {"event": "error", "code": "AGENT_CONFLICT", "error": "AGENT_CONFLICT", **about}
        connection.send({**error, "retry_after_s": 3600, "holder_alive": True})

    server.replies["agent.create"] = create
    return refused


def test_the_cell_that_connects_runs_again(server: Server, notebook: Notebook) -> None:
    """The client of its new run takes the place of the former one, which is closed before."""
    refused = one_holder(server)
    source = """
pc = Pinecall()
mara = pc.deploy("mara")
await pc.connect()
await mara.wait_ready()
"""
    for number in (1, 2, 3):
        notebook.cell(source)
        assert server.connection(number).close_code is None
    assert [server.connection(number).close_code for number in (1, 2)] == [1000, 1000]
    assert refused == []
    notebook.cell("await pc.disconnect()")


def test_a_cell_that_connects_first(server: Server, notebook: Notebook) -> None:
    """An agent that is deployed on a client which is connected already takes its place as well."""
    one_holder(server)
    source = """
pc = Pinecall()
await pc.connect()
mara = pc.deploy("mara")
await mara.wait_ready()
print(mara.registered)
"""
    for number in (1, 2):
        assert notebook.cell(source) == "True\n"
        assert server.connection(number).close_code is None
    assert server.connection(1).close_code == 1000
    notebook.cell("await pc.disconnect()")


def test_two_clients_on_purpose(server: Server, notebook: Notebook) -> None:
    """Clients that have a variable each, other agents, or another server are left alone."""
    source = """
{0} = Pinecall()
{0}.deploy({1!r})
await {0}.connect()
print({0}.connected)
"""
    for name, agent_id in (("pc", "mara"), ("pc", "leo"), ("other", "leo")):
        assert notebook.cell(source.format(name, agent_id)) == "True\n"
    assert [server.connection(number).close_code for number in (1, 2, 3)] == [None] * 3


def test_ipython_cells(server: Server, front: Front) -> None:
    """A handler that a second cell defines again, edited, replaces the first one."""
    pc = front.client(server)
    main: dict[str, Any] = {"__name__": "__main__", "pc": pc, "log": Log()}
    cell = "@pc.on('call.started')\ndef started(call):\n    log({!r})\n"
    for number, text in enumerate(("one", "two", "two")):
        exec(compile(cell.format(text), f"<ipython-input-{number}>", "exec"), main)
    front.do(pc.connect)
    front.do(pc.agent("mara").wait_ready)
    server.start_call()
    main["log"].wait_count(1)
    until(lambda: pc.agents["mara"].calls, "the call")
    front.do(pc.disconnect)
    assert main["log"].items == ["two"]
