"""What an editor offers while a user types: pyright's language server, asked as an editor asks it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from pinecall.options import AddChannelFields, DeployFields
from pinecall.typing import EventName

pytest.importorskip("pyright")

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

#: What is typed; ``^`` is where the cursor stands.
TYPED = """
import pinecall
import pinecall_sync

pc = pinecall.Pinecall()
agent = pc.agent("mara")
blocking = pinecall_sync.Pinecall()

agent.on("^")
agent.on("^", print)
blocking.on("^", print)
pc.events("^")
pc.deploy("mara", ^)
blocking.deploy("mara", ^)
agent.add_channel("chat", ^)
pc.on("*", lambda item: item.call.^)
for item in blocking.events():
    item.call.^
"""


class Editor:
    """Asks a language server over its pipes (JSON-RPC, each message after its length)."""

    def __init__(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "pyright.langserver", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        # A server that hangs ends the test instead.
        self.watch = threading.Timer(180, self.server.kill)
        self.watch.start()
        self.uri = (HERE / "typed.py").as_uri()
        self.lines: list[str] = TYPED.splitlines()
        text = TYPED.replace("^", "")
        self.ask(
            "initialize", rootUri=ROOT.as_uri(), capabilities={"workspace": {"configuration": True}}
        )
        self.send({"method": "initialized", "params": {}})
        document = {"uri": self.uri, "languageId": "python", "version": 1, "text": text}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def send(self, message: dict[str, Any]) -> None:
        assert self.server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.server.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.server.stdout is not None
        length = 0
        while line := self.server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self.server.stdout.read(length))
        return message

    def ask(self, method: str, **params: Any) -> Any:
        self.send({"id": method, "method": method, "params": {"processId": None, **params}})
        while True:
            message = self.receive()
            if message.get("id") == method and "method" not in message:
                return message["result"]
            if "id" in message:  # a question of the server's
                python = {"pythonPath": sys.executable}
                items = message.get("params", {}).get("items", [])
                self.send({"id": message["id"], "result": [python for _ in items]})

    def offers(self, typed: str) -> list[str]:
        """What is offered at the cursor in the line that is ``typed``."""
        (number,) = (n for n, line in enumerate(self.lines) if line.strip() == typed)
        position = {"line": number, "character": self.lines[number].index("^")}
        found = self.ask(
            "textDocument/completion", textDocument={"uri": self.uri}, position=position
        )
        return [item["label"] for item in found["items"]]

    def close(self) -> None:
        self.watch.cancel()
        self.server.kill()
        self.server.communicate()


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    editor = Editor()
    yield editor
    editor.close()


@pytest.mark.parametrize(
    "typed", ['agent.on("^")', 'agent.on("^", print)', 'blocking.on("^", print)', 'pc.events("^")']
)
def test_event_names_are_offered(editor: Editor, typed: str) -> None:
    """An editor offers every event's name, and nothing else between the quotes."""
    offered = [label.strip('"') for label in editor.offers(typed)]
    assert sorted(offered) == sorted(get_args(EventName))


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ('pc.deploy("mara", ^)', DeployFields),
        ('blocking.deploy("mara", ^)', DeployFields),
        ('agent.add_channel("chat", ^)', AddChannelFields),
    ],
)
def test_options_are_offered(editor: Editor, typed: str, fields: type) -> None:
    """An editor offers the options as keywords, on both fronts."""
    assert {f"{name}=" for name in fields.__annotations__} <= set(editor.offers(typed))


@pytest.mark.parametrize("typed", ['pc.on("*", lambda item: item.call.^)', "item.call.^"])
def test_verbs_of_an_items_call_are_offered(editor: Editor, typed: str) -> None:
    """An item's call is the front's own class, with the verbs that only a front has."""
    assert {"say", "hangup", "get_history", "wait_ended"} <= set(editor.offers(typed))
