"""Real servers in processes of their own, and a browser's end of a stream."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pinecall.core.wire.sse_reader import ServerSentEvent, SseReader

ROOT = Path(__file__).parents[2]

#: Framework → the servers it is tested on.
PAIRS = [
    ("starlette", "uvicorn"),
    ("starlette", "hypercorn"),
    ("fastapi", "uvicorn"),
    ("litestar", "uvicorn"),
    ("quart", "hypercorn"),
    ("quart", "uvicorn"),
    ("django_asgi", "uvicorn"),
    ("aiohttp", "aiohttp"),
    ("flask", "gunicorn"),
    ("flask", "waitress"),
    ("django_wsgi", "gunicorn"),
    ("django_wsgi", "waitress"),
]


#: What they are, as modules.
ALL = ("aiohttp", "django", "fastapi", "flask", "gunicorn", "hypercorn", "litestar", "quart",
       "starlette", "uvicorn", "waitress")  # fmt: skip


def needs(*modules: str) -> None:
    """For a test module that cannot do without these: skipped where one is missing, with the reason;
    with CI set it fails instead, so that nothing passes unseen."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        why = f"not installed: {', '.join(missing)} (the web group: pip install --group web)"
        if os.environ.get("CI"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why, allow_module_level=True)


#: Of the WSGI servers; a stream holds one.
THREADS = 70

#: Seconds to notice who has gone without writing: an idle stream is pinged after 15 s, which would
#: tell too.
BEFORE_A_PING = 12.0


def _command(framework: str, server: str, port: int) -> list[str]:
    python = [sys.executable, "-m", server]
    if server == "uvicorn":
        return [*python, f"tests.web.apps:{framework}", "--factory", "--port", str(port)]
    if server == "hypercorn":
        return [*python, f"tests.web.apps:{framework}()", "--bind", f"127.0.0.1:{port}"]
    if server == "gunicorn":
        threads = ["-k", "gthread", "--threads", str(THREADS)]
        return [*python, *threads, "-b", f"127.0.0.1:{port}", f"tests.web.apps:{framework}()"]
    if server == "waitress":
        return [
            *python,
            f"--listen=127.0.0.1:{port}",
            f"--threads={THREADS}",
            "--call",
            f"tests.web.apps:{framework}",
        ]
    return [sys.executable, "-m", "tests.web.apps", str(port)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_up(process: subprocess.Popen[str], port: int) -> bool:
    """Until somebody listens on the port; False if nobody does in 30 s, or the process has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


class Server:
    def __init__(self, framework: str, server: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            _command(framework, server, self.port),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if not wait_up(self.process, self.port):
            raise RuntimeError(f"the server did not start:\n{self.stop()}")

    def get(self, path: str, headers: dict[str, str] | None = None) -> Browser:
        return Browser(self.port, path, headers)

    def json(self, path: str) -> dict[str, Any]:
        # hypercorn keeps what belongs to a connection until its time-out, though the client left.
        asked = {"Accept-Encoding": "identity", "Connection": "close"}
        with self.get(path, asked) as answer:
            return json.loads(answer.rest())  # type: ignore[no-any-return]

    def publish(self, n: int = 1, agent: str = "mine", size: int = 10) -> None:
        self.json(f"/publish?agent={agent}&n={n}&size={size}")

    def until(
        self, subscribers: int, timeout: float = 20.0, *, poke: bool = True
    ) -> dict[str, Any]:
        """Wait for so many readers; with ``poke`` events help to notice who has gone."""
        deadline = time.monotonic() + timeout
        while True:
            stats = self.json("/publish" if poke else "/stats")
            if stats["subscribers"] == subscribers or time.monotonic() > deadline:
                return stats
            time.sleep(0.01)

    def stop(self, signum: int = signal.SIGTERM, timeout: float = 20.0) -> str:
        """Ends the server and gives what it printed."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            return self.process.communicate(timeout=timeout)[0] or ""
        except subprocess.TimeoutExpired:
            # Its workers too: they are in the process group that was made for it.
            os.killpg(self.process.pid, signal.SIGKILL)
            return f"killed: {self.process.communicate()[0]}"

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class Browser:
    """One GET over a socket of its own, read as EventSource would."""

    def __init__(self, port: int, path: str, headers: dict[str, str] | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.parser = SseReader()
        self.comments = 0
        asked = {"Host": "127.0.0.1", "Accept": "*/*", "Accept-Encoding": "gzip", **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        self._buffer = b""
        self.ended = False
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        self._chunked = self.headers.get("transfer-encoding") == "chunked"
        self._pending: list[ServerSentEvent] = []

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(mark)
        return head

    def _receive(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError
        self._buffer += piece

    def _piece(self) -> bytes:
        """A piece of the body; EOFError at its end."""
        if not self._chunked:
            if not self._buffer:
                self._receive()
            piece, self._buffer = self._buffer, b""
            return piece
        size = int(self._until(b"\r\n"), 16)
        while len(self._buffer) < size + 2:
            self._receive()
        piece, self._buffer = self._buffer[:size], self._buffer[size + 2 :]
        if not size:
            self.ended = True
            raise EOFError
        return piece

    @property
    def in_order(self) -> bool:
        """Did the body end as HTTP has it? Without chunks the end of the connection is its end."""
        return self.ended or not self._chunked

    def rest(self) -> bytes:
        body = b""
        length = int(self.headers.get("content-length", -1))
        try:
            while length < 0 or len(body) < length:
                body += self._piece()
        except EOFError:
            pass
        return body

    def events(self, count: int) -> list[tuple[str, dict[str, Any], str]]:
        """The next so many events."""
        while len(self._pending) < count:
            self._pending += self.parser.feed(self._piece())
        taken, self._pending = self._pending[:count], self._pending[count:]
        return [(e.event, json.loads(e.data), e.id) for e in taken]

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
