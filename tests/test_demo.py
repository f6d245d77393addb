"""What the README's first command shows."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parent.parent / "examples" / "demo.py"

PHONE = [
    "+34607827824 rings +13186330963 (phone)",
    "mara  Hello, this is Mara. How can I help?",
    "caller  Hi, where is my order ORD-12345?",
    'tool  lookup_order({"order_id":"ORD-12345"})',
    "mara  The status is shipped and the arrives is Friday.",
    "ended  hangup after",
]
CHAT = [
    "a visitor opens a chat with mara",
    'tool  lookup_order({"order_id":"ORD-99999"})',
    "mara  The status is unknown.",
    "ended  chat_completed after",
]


def run(*arguments: str, typed: str = "") -> str:
    done = subprocess.run(
        [sys.executable, str(DEMO), "--pace=0", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("front", ["async", "sync"])
def test_the_conversation(front: str) -> None:
    """A phone call and a chat are shown in order: who rang, turns, words, the tool, the end."""
    shown = run(front)
    for conversation in (PHONE, CHAT):
        at = 0
        for line in conversation:
            assert line in shown[at:], shown
            at = shown.index(line, at)


def test_two_conversations_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """While one conversation's words grow, another's lines and words wait for the end of them."""
    screen = runpy.run_path(str(DEMO.parent / "console.py"))["Console"]()
    screen.word("phone", "mara", "You")
    screen.line("chat", "caller", "Hello?")
    screen.word("chat", "mara", "Hello!")
    screen.word("phone", "mara", "said:")
    assert capsys.readouterr().out == "    mara  You said:"
    screen.end_of_speech("chat")
    screen.line("phone", "ended", "hangup")
    assert capsys.readouterr().out.splitlines() == [
        "",
        "   ended  hangup",
        "  caller  Hello?",
        "    mara  Hello!",
    ]


def test_no_colour_in_a_pipe() -> None:
    """What goes into a pipe or a file is plain text."""
    assert "\033" not in run("sync")


@pytest.mark.parametrize("front", ["async", "sync"])
def test_a_person_types(front: str) -> None:
    """With --chat what is typed reaches the agent, and an empty line ends it."""
    shown = run(front, "--chat", typed="where is my order ORD-12345?\n\n")
    assert 'lookup_order({"order_id":"ORD-12345"})' in shown
    assert "mara  The status is shipped" in shown
    assert "chat_completed" in shown


@pytest.mark.parametrize("front", ["async", "sync"])
def test_ctrl_c_while_typing(front: str) -> None:
    """Ctrl-C, which a terminal sends to demo and agent alike, ends both, and no traceback is shown."""
    demo = subprocess.Popen(
        [sys.executable, str(DEMO), "--pace=0", front, "--chat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert demo.stdin is not None and demo.stdout is not None
    demo.stdin.write("hello\n")
    demo.stdin.flush()
    while "caller  hello" not in demo.stdout.readline():
        assert demo.poll() is None
    os.killpg(demo.pid, signal.SIGINT)
    shown, errors = demo.communicate(timeout=60)
    assert (demo.returncode, errors) == (0, ""), shown
    assert "ended" in shown
