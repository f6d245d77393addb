"""The dashboard of the examples as a process, and a person in front of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .chromium import Page

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "dashboard" / "app.py"
PHONES = {"mara": "+13185550110", "leo": "+13185550111", "nora": "+13185550120"}
PASSWORDS = {"bistro": "basil", "clinic": "mint"}


class Dashboard:
    """``emulator``: the one to use; None: it starts its own, with callers."""

    def __init__(self, emulator: Any = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        phones = {f"PHONE_{agent.upper()}": phone for agent, phone in PHONES.items()}
        self._environment = {**os.environ, **phones, "DASHBOARD_SECRET": "of the tests"}
        self._arguments = [f"--port={self.port}"]
        if emulator is None:
            self._arguments.append("--emulator")
        else:
            self._environment |= {
                "PINECALL_URL": emulator.url,
                "PINECALL_API_KEY": emulator.api_key,
            }
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, str(APP), *self._arguments],
            env={**self._environment, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the dashboard did not start:\n{self.stop()}")

    def stop(self) -> str:
        """As Ctrl-C does; gives what it printed."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            printed = self._process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            self._process.kill()
            printed = self._process.communicate()[0]
            raise AssertionError(f"the dashboard did not stop:\n{printed}") from None
        return printed

    def __enter__(self) -> Dashboard:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def log_in(page: Page, tenant: str, password: str = "") -> None:
    page.until("!document.querySelector('#login').hidden")
    page.type("[name=tenant]", tenant)
    page.type("[name=password]", password or PASSWORDS[tenant])
    page.enter()


def wait_live(page: Page) -> None:
    page.until("document.querySelector('#state').textContent === 'live'")
