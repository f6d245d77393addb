"""examples/web: each program on the server that it names, with a client of its own, and the docs."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pinecall_sync.emulator import Emulator

from .serving import ALL, Browser, free_port, needs, wait_up

needs(*ALL)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "web"
DOCS = ROOT / "docs" / "web.md"
PORT_OPTIONS = {
    "uvicorn": "--port={}",
    "hypercorn": "--bind=127.0.0.1:{}",
    "gunicorn": "--bind=127.0.0.1:{}",
    "waitress-serve": "--listen=127.0.0.1:{}",
    "python": "",
}


def commands() -> list[tuple[str, str]]:
    """What the first lines of the examples say to type: (file, command)."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        title = path.read_text(encoding="utf-8").splitlines()[0].partition(": ")[2]
        found += [(path.name, command.strip(' "')) for command in title.split(", or ")]
    return found


def test_every_example_says_how_it_is_started() -> None:
    """All of them are run below."""
    assert {name for name, _ in commands()} == {path.name for path in FOLDER.glob("*.py")}
    assert {command.split()[0] for _, command in commands()} == set(PORT_OPTIONS)


@contextmanager
def started(emu: Emulator, command: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    program, *arguments = shlex.split(command)
    port = free_port()
    module = {"waitress-serve": "waitress", "python": ""}.get(program, program)
    start = [sys.executable, *(["-m", module] if module else [])]
    option = PORT_OPTIONS[program].format(port)
    path = os.pathsep.join([str(ROOT), str(FOLDER)])
    process = subprocess.Popen(
        [*start, *([option] if option else []), *arguments],
        cwd=FOLDER,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "PINECALL_URL": emu.url,
            "PINECALL_API_KEY": emu.api_key,
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert wait_up(process, port), process.communicate()[0]
        yield port, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize(
    ("name", "command"), commands(), ids=[f"{n[:-3]}-{c.split()[0]}" for n, c in commands()]
)
def test_an_example_streams_a_call(name: str, command: str) -> None:
    """Started as it says, it shows a call as it happens, and Ctrl-C ends it and its streams."""
    with Emulator() as emu, started(emu, command) as (port, process):
        emu.wait_agent("mara", timeout=20)
        with Browser(port, "/events") as browser:
            assert browser.events(1)[0][:2] == ("connected", {"agents": ["mara"]})
            chat = emu.chat("mara")
            chat.say("good news")
            name, data, _ = browser.events(2)[1]
            assert (name, data["text"]) == ("user.message", "good news")
            process.send_signal(signal.SIGINT)
            # With the stream open: an end that waits for its reader would never come.
            printed = process.communicate(timeout=20)[0]
            browser.rest()
            assert browser.in_order, printed
    assert "Traceback" not in printed


def test_the_other_routes_of_the_fastapi_example() -> None:
    """A token for a browser, and one call's stream until its end; there is none of another call."""
    command = dict(commands())["fastapi_app.py"]
    with Emulator() as emu, started(emu, command) as (port, _):
        emu.wait_agent("mara", timeout=20)
        base = f"http://127.0.0.1:{port}"
        token = httpx.post(f"{base}/token", trust_env=False).json()
        assert set(token) == {"server", "token"}
        assert token["token"]
        assert httpx.get(f"{base}/calls/nobody/events", trust_env=False).status_code == 404
        chat = emu.chat("mara")
        with Browser(port, "/events") as all_of_it:
            assert all_of_it.events(2)[1][1]["callId"] == chat.id
        with Browser(port, f"/calls/{chat.id}/events") as browser:
            assert browser.events(1)[0][:2] == ("call.started", {"callId": chat.id})
            chat.close()
            assert browser.events(1)[0][0] == "call.ended"
            assert browser.rest() == b""


def blocks(kind: str) -> list[str]:
    text = DOCS.read_text(encoding="utf-8")
    return [textwrap.dedent(found) for found in re.findall(rf"```{kind}\n(.*?)```", text, re.S)]


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.split("\n")[0][:40])
def test_the_docs_show_the_examples(block: str) -> None:
    """Every Python snippet of the docs is in an example that the tests run."""
    files = [*FOLDER.glob("*.py"), *(ROOT / "examples" / "dashboard").glob("*.py")]
    assert any(block in path.read_text(encoding="utf-8") for path in files), block


def test_the_docs_show_every_framework() -> None:
    """The line that answers with a stream is there for each example."""
    shown = "".join(blocks("python"))
    examples = list(FOLDER.glob("*.py"))
    assert len(examples) >= 8
    for path in examples:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert any(".stream()" in line and line in shown for line in lines) or (
            path.name == "fastapi_app.py" and "pc.stream(agents=" in shown
        ), path.name
    assert json.loads(blocks("json")[0])["event"] == "bot.word"
