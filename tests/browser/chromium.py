"""A headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import websocket

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DEADLINE = 30.0


def find() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, COMMANDS)), None)


class PageError(AssertionError):
    """A script threw, or what was waited for did not come."""


class Chromium:
    """``page()`` gives a page; pages of another ``person()`` share no cookies."""

    def __init__(self, command: str) -> None:
        self._home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [
                command,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--no-proxy-server",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._home.name}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        port, path = self._address()
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}{path}", timeout=DEADLINE, suppress_origin=True
        )
        self._number = 0

    def _address(self) -> list[str]:
        told = Path(self._home.name, "DevToolsActivePort")
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline and self._process.poll() is None:
            if told.exists() and len(lines := told.read_text().split()) == 2:
                return lines
            time.sleep(0.05)
        self._stop()
        raise RuntimeError(f"Chromium did not start ({self._process.args!r})")

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        frame = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(frame | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

    def person(self) -> str:
        """Somebody with cookies of their own."""
        return str(self.call("Target.createBrowserContext")["browserContextId"])

    def page(self, url: str, person: str | None = None) -> Page:
        options = {"browserContextId": person} if person else {}
        target = self.call(
            "Target.createTarget", url="about:blank", width=1280, height=800, **options
        )["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        page.go(url)
        return page

    def close(self) -> None:
        self._socket.close()
        self._stop()

    def _stop(self) -> None:
        # Its children too: they are in the process group that was made for it.
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._home.cleanup()


class Page:
    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        self.closed = False

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def go(self, url: str) -> None:
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise PageError(f"{url}: {answer['errorText']}")
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression, once it is there if it is a promise."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise PageError(
                f"{script}: {thrown.get('exception', thrown).get('description', thrown)}"
            )
        return answer["result"].get("value")

    def until(self, script: str, timeout: float = DEADLINE) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + timeout
        while not self.run(f"(async () => !!(await ({script})))()"):
            if time.monotonic() > deadline:
                shown = self.run("document.body.innerText.slice(0, 3000)")
                raise PageError(f"in {timeout} s there was no {script}; the page says:\n{shown}")
            time.sleep(0.02)

    def type(self, selector: str, text: str) -> None:
        """What a person does: into the field, key by key."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def enter(self) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Enter",
                code="Enter",
                windowsVirtualKeyCode=13,
                text="\r" if kind == "keyDown" else "",
            )

    def click(self, selector: str) -> None:
        box = self.run(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=box[0],
                y=box[1],
                button="left",
                clickCount=1,
            )

    def texts(self, selector: str) -> list[str]:
        found = self.run(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)"
        )
        return list(found)

    def screenshot(self, path: Path) -> None:
        shot = self.call("Page.captureScreenshot", format="png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self.closed = True
        self._browser.call("Target.closeTarget", targetId=self._target)
