"""The SQLite store: what it keeps, and that no crash, neighbour or damaged file costs a record."""

from __future__ import annotations

import asyncio
import inspect
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import pinecall.history
import pinecall_sync.history
from pinecall.errors import ConfigurationError, PinecallError
from pinecall_sync.history import ConversationRecord, SqliteHistory

ROOT = Path(__file__).parent.parent
ANA = "+34607827824"


def record(call_id: str, count: int = 2, **facts: Any) -> ConversationRecord:
    messages = [
        {"role": ("user", "assistant")[n % 2], "content": f"{call_id} says {n}"}
        for n in range(count)
    ]
    given: dict[str, Any] = {
        "agent_id": "mara",
        "channel": "phone",
        "contact": ANA,
        "started_at": 1.0,
        "messages": messages,
        "transcript": messages,
    }
    return ConversationRecord(call_id=call_id, **{**given, **facts})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteHistory]:
    with SqliteHistory(path) as history:
        yield history


def child(path: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that has ``history`` on ``path``, and ``record`` as above."""
    head = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.test_sqlite_history import SqliteHistory, record\n"
        f"history = SqliteHistory({str(path)!r})\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + script, *arguments], stdout=subprocess.PIPE, text=True
    )


# -- what it keeps ------------------------------------------------------------------------------


def test_a_record_comes_back_as_it_was(store: SqliteHistory) -> None:
    """Every field survives, text of any script and tool rounds included."""
    full = ConversationRecord(
        call_id="CA1",
        agent_id="mara",
        channel="phone",
        direction="outbound",
        from_="+13186330963",
        to=ANA,
        contact=ANA,
        started_at=1700000000.25,
        ended_at=1700000060.5,
        duration=60.25,
        reason="hangup",
        status="ended",
        messages=[
            {"role": "user", "content": "¿Qué tal? 你好 👋\x00'\""},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "t", "n": 1.5}]},
            {"role": "tool", "tool_call_id": "t", "content": "[]"},
        ],
        transcript=[{"role": "user", "content": "¿Qué tal? 你好 👋\x00'\""}],
        metadata={"userId": None, "deep": {"list": [1, True, "x"]}},
        language="es",
    )
    store.save(full)
    assert store.get("CA1") == full
    odd = attrs.evolve(full, call_id="CA2", transcript=[{"role": "user", "content": "else"}])
    store.save(odd)
    assert store.get("CA2") == odd


def test_saving_again_updates(store: SqliteHistory) -> None:
    """The same call id is the same conversation: its newest state counts, nothing is doubled."""
    store.save(record("CA1", 2))
    store.save(record("CA1", 5, status="ended"))
    assert store.get("CA1") == record("CA1", 5, status="ended")
    store.save(record("CA1", 3))
    assert store.get("CA1") == record("CA1", 3)
    assert len(store.list()) == 1


def test_a_save_writes_only_what_is_new(store: SqliteHistory, path: Path) -> None:
    """One more message is one more row: those before it are not written again."""
    store.save(record("CA1", 500))
    with sqlite3.connect(path) as watcher:
        watcher.execute("CREATE TABLE written (position)")
        watcher.execute(
            "CREATE TRIGGER watch AFTER INSERT ON messages "
            "BEGIN INSERT INTO written VALUES (new.position); END"
        )
    store.save(record("CA1", 501))
    assert watcher.execute("SELECT position FROM written").fetchall() == [(500,)]
    watcher.close()


def test_finding_a_contact(store: SqliteHistory) -> None:
    """The newest conversations with exactly this contact, newest first, of one agent if asked."""
    for number in range(8):
        store.save(record(f"CA{number}", started_at=float(number + 1)))
    store.save(record("CB", contact=ANA + "0", started_at=50.0))
    store.save(record("CC", contact=None, started_at=51.0))
    store.save(record("CD", agent_id="bank", started_at=52.0))
    assert [r.call_id for r in store.find_by_contact(ANA, 3)] == ["CD", "CA7", "CA6"]
    assert [r.call_id for r in store.find_by_contact(ANA, 2, agent_id="mara")] == ["CA7", "CA6"]
    assert store.find_by_contact("%", 5) == store.find_by_contact("", 5) == []


def test_list_get_delete(store: SqliteHistory) -> None:
    """list gives the newest first, get one or None, delete says whether there was one."""
    for number in (2, 1, 3):
        store.save(record(f"CA{number}", started_at=float(number), agent_id=f"a{number}"))
    assert [r.call_id for r in store.list(limit=2)] == ["CA3", "CA2"]
    assert [r.call_id for r in store.list(agent_id="a1")] == ["CA1"]
    assert store.get("CA9") is None
    assert store.delete("CA2") is True
    assert store.delete("CA2") is False
    assert [r.call_id for r in store.list()] == ["CA3", "CA1"]


def test_a_record_without_a_time_keeps_when_it_was_first_saved(store: SqliteHistory) -> None:
    """started_at 0 becomes this machine's time at the first save, and stays."""
    store.save(record("CA1", 1, started_at=0.0))
    first = store.get("CA1")
    store.save(record("CA1", 2, started_at=0.0))
    second = store.get("CA1")
    assert first is not None and second is not None
    assert first.started_at == second.started_at > 1.0
    store.save(record("CA1", 2, started_at=7.0))
    third = store.get("CA1")
    assert third is not None and third.started_at == 7.0


def test_what_json_cannot_carry_is_refused(store: SqliteHistory) -> None:
    """A record with an object in it raises, names its call, and changes nothing."""
    store.save(record("CA1"))
    with pytest.raises(ConfigurationError, match="call CA1 of agent 'mara'"):
        store.save(record("CA1", metadata={"x": object()}))
    assert store.get("CA1") == record("CA1")


@pytest.mark.parametrize("limit", [-1, 1.5, True, "5"])
def test_bad_limits(store: SqliteHistory, limit: Any) -> None:
    """A limit that is not a count is refused."""
    with pytest.raises(ConfigurationError, match="limit"):
        store.list(limit)


# -- the file -----------------------------------------------------------------------------------


def test_opened_late_and_closed_for_good(path: Path) -> None:
    """Making a store touches no file; close may be repeated, and use after it is an error."""
    history = SqliteHistory(path)
    assert not path.exists()
    history.save(record("CA1"))
    history.close()
    history.close()
    with pytest.raises(ConfigurationError, match="closed"):
        history.get("CA1")
    with SqliteHistory(str(path)) as again:
        assert again.get("CA1") == record("CA1")


def test_only_the_owner_reads_it(store: SqliteHistory, path: Path) -> None:
    """A new file is readable and writable for its owner only, its log too."""
    store.save(record("CA1"))
    files = list(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_bad_paths(tmp_path: Path) -> None:
    """No path, memory, a missing folder and a folder are refused with what to do."""
    for bad in ("", ":memory:"):
        with pytest.raises(ConfigurationError, match="path of a file"):
            SqliteHistory(bad)
    with pytest.raises(ConfigurationError, match="folder that exists"):
        SqliteHistory(tmp_path / "none" / "calls.db").list()
    with pytest.raises(PinecallError) as failed:
        SqliteHistory(tmp_path).list()
    assert failed.value.code == "HISTORY_FAILED"


@pytest.mark.parametrize(
    "content", [b"short", b"{}\n" * 5000, b"SQLite format 3\x00" + b"\xff" * 8000]
)
def test_a_file_that_is_no_history_is_left_alone(path: Path, content: bytes) -> None:
    """Junk raises at every use, and not one byte of it is changed."""
    path.write_bytes(content)
    history = SqliteHistory(path)
    for _ in range(2):
        with pytest.raises(PinecallError) as failed:
            history.save(record("CA1"))
        assert failed.value.code == "HISTORY_DAMAGED"
        assert "left as it is" in str(failed.value)
    history.close()
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("how", ["cut", "zeros"])
def test_a_damaged_history_is_left_alone(path: Path, how: str) -> None:
    """A history that lost its end, or a page of it, raises and keeps the bytes that are left."""
    with SqliteHistory(path) as history:
        for number in range(200):
            history.save(record(f"CA{number}", 10))
    whole = path.read_bytes()
    half = len(whole) // 8192 * 4096
    damaged = whole[:half] if how == "cut" else whole[:half] + bytes(4096) + whole[half + 4096 :]
    path.write_bytes(damaged)
    history = SqliteHistory(path)
    with pytest.raises(PinecallError) as failed:
        history.save(record("new"))
    assert failed.value.code == "HISTORY_DAMAGED"
    history.close()
    assert path.read_bytes() == damaged


def test_another_programs_database_is_refused(path: Path) -> None:
    """A database that is not ours, or of a later form, is not written to."""
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE customers (name)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another program"):
        SqliteHistory(path).save(record("CA1"))
    assert path.read_bytes() == before
    later = path.with_name("later.db")
    with SqliteHistory(later) as history:
        history.save(record("CA1"))
    newer = sqlite3.connect(later)
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(ConfigurationError, match="newer version"):
        SqliteHistory(later).list()


# -- crashes and neighbours ---------------------------------------------------------------------


def test_a_killed_process_loses_nothing_it_had_saved(path: Path) -> None:
    """A process killed in mid-call leaves the call as active, with each message it had saved."""
    script = (
        "import itertools\n"
        "for count in itertools.count(1):\n"
        "    history.save(record('CA1', count, started_at=5.0))\n"
        "    print(count, flush=True)\n"
    )
    process = child(path, script)
    assert process.stdout is not None
    told = 0
    while told < 40:
        told = int(process.stdout.readline())
    process.kill()
    told = max([told, *(int(line) for line in process.stdout if line.endswith("\n"))])
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    with SqliteHistory(path) as history:
        (found,) = history.find_by_contact(ANA, 5)
        assert told <= len(found.messages) <= told + 1
        assert found == record("CA1", len(found.messages), started_at=5.0)
        history.save(record("CA2"))
        assert len(history.list()) == 2


def test_a_process_killed_inside_a_save_leaves_the_one_before(path: Path) -> None:
    """A save is whole or not at all: death between its rows leaves the former state."""
    script = (
        "import os, signal\n"
        "history.save(record('CA1', 3))\n"
        "db = history._file._connection\n"
        "db.create_function('die', 0, lambda: os.kill(os.getpid(), signal.SIGKILL))\n"
        "db.execute('CREATE TEMP TRIGGER t AFTER INSERT ON messages '\n"
        "           'WHEN new.position = 6 BEGIN SELECT die(); END')\n"
        "history.save(record('CA1', 9))\n"
    )
    process = child(path, script)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with SqliteHistory(path) as history:
        assert history.get("CA1") == record("CA1", 3)


def test_two_processes_write_one_file(path: Path) -> None:
    """Processes that open a new file at once and write side by side lose no record."""
    script = (
        "for number in range(40):\n"
        "    for count in (1, 3):\n"
        "        history.save(record(f'{sys.argv[1]}{number}', count))\n"
    )
    processes = [child(path, script, name) for name in ("A", "B")]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with SqliteHistory(path) as history:
        found = history.list(1000)
    expected = {f"{name}{number}" for name in "AB" for number in range(40)}
    assert {r.call_id for r in found} == expected
    assert all(r == record(r.call_id, 3) for r in found)


def test_parallel_saves_of_threads(path: Path) -> None:
    """30 threads on two stores of one new file, saving at once: every record is there."""
    stores = [SqliteHistory(path), SqliteHistory(path)]
    barrier = threading.Barrier(30)
    failures: list[BaseException] = []

    def save(number: int) -> None:
        try:
            barrier.wait()
            stores[number % 2].save(record(f"CA{number}"))
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(stores[0].list()) == 30
    for history in stores:
        history.close()


# -- asyncio ------------------------------------------------------------------------------------


def test_asyncio(path: Path) -> None:
    """The asyncio store does the same, awaited, and many saves at once lose nothing."""

    async def main() -> None:
        async with pinecall.history.SqliteHistory(path) as history:
            await asyncio.gather(*(history.save(record(f"CA{n}")) for n in range(30)))
            assert len(await history.list()) == 30
            assert await history.get("CA7") == record("CA7")
            assert await history.get("none") is None
            assert len(await history.find_by_contact(ANA, 4, agent_id="mara")) == 4
            assert await history.find_by_contact("") == []
            assert await history.delete("CA7") is True
        with pytest.raises(ConfigurationError, match="closed"):
            await history.list()

    asyncio.run(main())


def test_both_fronts_have_the_same_methods() -> None:
    """Same names and arguments; the asyncio ones are coroutine functions, the others are not."""
    for name in ("save", "find_by_contact", "list", "get", "delete", "close"):
        waiting = getattr(pinecall.history.SqliteHistory, name)
        blocking = getattr(pinecall_sync.history.SqliteHistory, name)
        assert inspect.signature(waiting) == inspect.signature(blocking)
        assert inspect.iscoroutinefunction(waiting)
        assert not inspect.iscoroutinefunction(blocking)


def test_importing_is_light() -> None:
    """Neither module imports asyncio, a transport or httpx."""
    script = (
        "import pinecall.history, pinecall_sync.history, pinecall.core.history.historian, sys\n"
        "print([m for m in ('asyncio', 'websockets', 'websocket', 'httpx') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
