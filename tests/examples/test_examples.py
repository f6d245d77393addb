"""The examples, the README's among them, at work: a program of its own each, and an emulated server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinecall_sync.emulator import Emulator
from pinecall_sync.history import SqliteHistory

from ..fronts.log import until

FOLDER = Path(__file__).parent.parent.parent / "examples"
README = FOLDER.parent / "README.md"
#: Seconds after which a test fails instead of hanging.
DEADLINE = 20.0
NUMBER = "+13186330963"
LINE = "+12186633772"


class Program:
    """A running example."""

    def __init__(self, emu: Emulator, folder: Path, name: str, *arguments: str) -> None:
        environment = {**os.environ, "PINECALL_URL": emu.url, "PINECALL_API_KEY": emu.api_key}
        command = [sys.executable, "-X", "dev", str(FOLDER / f"{name}.py"), *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop(self, tracebacks: int = 0) -> str:
        """What it printed, once it has ended on SIGTERM; that many errors are logged in it."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=DEADLINE)
        assert self.process.returncode == 0, output
        assert output.count("Traceback") == tracebacks, output
        return output


@pytest.fixture
def emu() -> Iterator[Emulator]:
    with Emulator() as there:
        yield there


@pytest.fixture(params=["", "_sync"], ids=["asyncio", "blocking"])
def front(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def programs(emu: Emulator, tmp_path: Path) -> Iterator[list[Program]]:
    """Those started here, which must not outlive the test."""
    started: list[Program] = []
    yield started
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
            program.process.communicate()


def test_receptionist(emu: Emulator, tmp_path: Path, programs: list[Program], front: str) -> None:
    """It greets in the caller's language, books a table, says what is full, remembers a caller."""
    program = Program(emu, tmp_path, f"receptionist{front}")
    programs.append(program)
    call = emu.phone_call(to=NUMBER, from_="+34600000001", language="es", wait=DEADLINE)
    assert call.wait_reply() == "Trattoria Bella, buenas noches."
    call.say('!tool book_table {"day": "Friday", "people": 4, "name": "Ana"}')
    assert call.wait_reply() == "table: number 4."
    call.say('!tool book_table {"day": "Saturday", "people": 4}')
    assert "no table left on Saturday" in call.wait_reply()
    call.say('!tool free_tables {"day": "Saturday"}')
    assert call.wait_reply() == "0."
    call.hangup()
    saved = SqliteHistory(tmp_path / "receptionist.db")
    until(lambda: [r for r in saved.list() if r.status == "ended"], "the conversation is saved")
    saved.close()
    again = emu.phone_call(to=NUMBER, from_="+34600000001")
    assert again.wait_reply() == "Trattoria Bella, good evening."
    restored = emu.wait_frame("history.set", DEADLINE)
    assert restored["call_id"] == again.id
    assert restored["messages"][0]["content"] == "Trattoria Bella, buenas noches."
    again.say("!tool ask_the_owner {}")
    assert again.wait_ended() == "forwarded"
    output = program.stop(tracebacks=1)
    assert "LookupError: there is no table left on Saturday" in output
    assert "booked: Friday, 4 people, Ana" in output
    assert "error: " in output
    assert (tmp_path / "receptionist.db").exists()


@pytest.mark.parametrize(("answer", "status"), [("true", 0), ("false", 1)])
def test_reminder(
    emu: Emulator, tmp_path: Path, programs: list[Program], front: str, answer: str, status: int
) -> None:
    """It rings, names the appointment, notes the answer, says goodbye and hangs up."""
    program = Program(emu, tmp_path, f"reminder{front}", "+34607827824", "Friday at ten")
    programs.append(program)
    callee = emu.wait_dialled("+34607827824", timeout=DEADLINE)
    assert callee.wait_reply() == "Hello, your appointment is on Friday at ten. Will you come?"
    assert "Friday at ten" in emu.calls[callee.id].prompt
    callee.say(f'!tool confirm {{"comes": {answer}}}')
    assert callee.wait_ended() == "client_hangup"
    assert callee.heard[-1] == "Thank you, goodbye!."
    output, _ = program.process.communicate(timeout=DEADLINE)
    assert program.process.returncode == status, output
    assert "talking to +34607827824" in output
    assert "Traceback" not in output


def test_reminder_of_somebody_who_is_out(
    emu: Emulator, tmp_path: Path, programs: list[Program], front: str
) -> None:
    """Nobody answers: it says why, and its exit status shows it."""
    emu.on_dial("+34607827824", "no-answer")
    program = Program(emu, tmp_path, f"reminder{front}", "+34607827824", "Friday at ten")
    programs.append(program)
    output, _ = program.process.communicate(timeout=DEADLINE)
    assert program.process.returncode == 2, output
    assert "nobody was reached: no-answer" in output


def test_ivr(emu: Emulator, tmp_path: Path, programs: list[Program], front: str) -> None:
    """Keys, words and extensions lead to the right agent, and a caller who chooses nothing hears so."""
    program = Program(emu, tmp_path, f"ivr{front}")
    programs.append(program)
    for agent_id in ("sales", "repairs"):
        emu.wait_agent(agent_id, timeout=DEADLINE)
    by_key = emu.phone_call(to=LINE, from_="+34600000001", wait=DEADLINE)
    assert by_key.wait_reply().startswith("For sales press one")
    by_key.press("2")
    assert by_key.wait_reply() == "Repairs, what is broken?"
    by_word = emu.phone_call(to=LINE, from_="+34600000002")
    by_word.wait_reply()
    by_word.say("Sales please")
    assert by_word.wait_reply() == "Sales, how can I help?"
    by_extension = emu.phone_call(to=LINE, extension="10")
    assert by_extension.wait_reply() == "Sales, how can I help?"
    hours = emu.phone_call(to=LINE, extension="99")
    assert hours.wait_ended() == "hours told"
    assert hours.heard == ["We are open from nine to five. Goodbye."]
    lost = emu.phone_call(to=LINE)
    for _ in range(3):
        lost.wait_reply()
        lost.press("9")
    assert lost.wait_ended() == "nothing chosen"
    for call in (by_key, by_word, by_extension):
        call.hangup()
    output = program.stop()
    assert "+34600000001 goes to repairs" in output
    assert "+34600000002 goes to sales" in output


def test_own_model(emu: Emulator, tmp_path: Path, programs: list[Program], front: str) -> None:
    """It answers each turn token by token, and stops when the caller goes on."""
    program = Program(emu, tmp_path, f"own_model{front}")
    programs.append(program)
    call = emu.phone_call(to=NUMBER, wait=DEADLINE)
    assert call.wait_reply() == "Hello, I repeat everything."
    call.say("one")
    assert call.wait_reply() == "You said one, and that was turn 2."
    call.say("my order")
    emu.wait_frame("bot.reply.stream", DEADLINE, 2, action="start")
    call.continue_("is late")
    assert "is late" in call.wait_reply()
    assert emu.wait_frame("bot.reply.stream", DEADLINE, 3, action="end")
    call.hangup()
    output = program.stop()
    assert "the caller went on" in output
    assert "messages, then hangup" in output


def shown(front: str) -> str:
    """The program; for the blocking front changed as the README says below it."""
    found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    if not front:
        return found[1]
    program = found[1].replace("from pinecall import", "from pinecall_sync import")
    program = re.sub(r"\b(async|await) ", "", program)
    return program.replace("import asyncio\n", "").replace("asyncio.run(main())", "main()")


def test_the_readme_program(
    emu: Emulator, tmp_path: Path, programs: list[Program], front: str
) -> None:
    """It takes a call, looks an order up, prints who called, and ends well on SIGTERM."""
    path = tmp_path / "program.py"
    path.write_text(shown(front), encoding="utf-8")
    program = Program(emu, tmp_path, str(path.with_suffix("")))
    programs.append(program)
    call = emu.phone_call(to=NUMBER, from_="+34607827824", wait=DEADLINE)
    call.say('!tool lookup_order {"order_id": "ORD-12345"}')
    assert call.wait_reply(timeout=DEADLINE) == "The status is shipped."
    call.hangup()
    assert program.stop() == "+34607827824 is calling\n"
