"""``python -m pinecall.emulator``: served in one shell, used from another."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pinecall_sync
from pinecall_sync.emulator import Emulator

NUMBER = "+13186330963"


def command(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pinecall.emulator", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def emu() -> Emulator:
    with Emulator(responder=lambda turn: f"you said {turn.text}") as emulator:
        yield emulator


@pytest.fixture
def reached(emu: Emulator) -> list[str]:
    """Register an agent; returns how the command reaches its server."""
    with pinecall_sync.Pinecall(emu.api_key, url=emu.url) as pc:
        pc.deploy("mara", prompt="Be brief.", channels=["chat", NUMBER]).wait_ready()
        yield ["--url", emu.url, "--key", emu.api_key]


def test_a_call(emu: Emulator, reached: list[str]) -> None:
    """``call`` rings a number, says each line, shows each answer, and hangs up."""
    done = command("call", "--to", NUMBER, "--from", "+34607827824", *reached, "hello", "thanks")
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert first.startswith("CA") and first.endswith(f"to {NUMBER}")
    assert rest[:4] == ["> hello", "agent: you said hello", "> thanks", "agent: you said thanks"]
    assert rest[4].startswith("(ended: ")
    assert emu.calls == {}


def test_what_is_typed(reached: list[str]) -> None:
    """Without arguments, lines are read from the input; keys and the end have commands of their own."""
    done = command(
        "call", "--from", "anonymous", *reached, typed="hello\n/press 1\n/hangup\nnever\n"
    )
    assert done.returncode == 0
    assert "agent: you said hello" in done.stdout and "never" not in done.stdout


def test_a_chat(emu: Emulator, reached: list[str]) -> None:
    """``chat AGENT`` writes to an agent."""
    done = command("chat", "mara", *reached, "hello")
    assert "mara: you said hello" in done.stdout and done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["call", "--to", "+15550000000", "--wait", "0"], "nobody answers +15550000000"),
        (["call", "--to", "nonsense", "--wait", "0"], "is not a phone number"),
        (["chat", "nobody", "--wait", "0"], "agent 'nobody' is not registered"),
    ],
)
def test_what_cannot_be(reached: list[str], arguments: list[str], said: str) -> None:
    """A command that cannot work says why in one line, and fails."""
    done = command(*arguments, *reached, "hello")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert said in line


def test_another_key(emu: Emulator) -> None:
    """The socket refuses keys that are not the emulator's."""
    done = command("chat", "mara", "--url", emu.url, "--key", "pk_other", "hello")
    assert (done.returncode, "is --key" in done.stderr or "its key" in done.stderr) == (1, True)
    assert "pk_other" not in done.stderr


def test_no_emulator() -> None:
    """Where none runs, the command says how to start one."""
    done = command("chat", "mara", "--url", "ws://127.0.0.1:9/client", "hello")
    assert done.returncode == 1
    assert "start one: python -m pinecall.emulator" in done.stderr


def test_a_second_one(emu: Emulator) -> None:
    """On a port where an emulator runs, a second one does not start, and says so."""
    done = command("--port", str(emu.port))
    assert done.returncode == 1
    assert f"one is running on 127.0.0.1:{emu.port} already" in done.stderr


def test_repr(emu: Emulator, reached: list[str]) -> None:
    """An emulator's repr shows its URL and what it holds, and never its key."""
    assert repr(emu) == f"<Emulator {emu.url}: 1 agents, 0 live calls>"
    assert repr(Emulator()) == "<Emulator: not running>"
