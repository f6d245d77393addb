"""``python -m pinecall.emulator call`` and ``chat``: talk to the agents of a running emulator."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import websocket

from .._shared.settings import http_base
from .errors import EmulatorError
from .lifecycle import DEFAULT_KEY

__all__ = ["COMMANDS", "DEFAULT_PORT", "is_running", "main"]

DEFAULT_PORT = 4100
COMMANDS = ("call", "chat")
#: Seconds to wait for the answer to one line.
_REPLY = 60.0
# Loopback never goes through a proxy, whatever the environment says.
_DIRECT: dict[str, Any] = {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}


def main(argv: list[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    # argparse does not accept positional lines after the options.
    options, rest = parser.parse_known_args(argv)
    if any(line.startswith("-") for line in rest):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.lines += rest
    try:
        with _Conversation(options) as conversation:
            conversation.run(options.lines)
    except (KeyboardInterrupt, EOFError):
        print()
    except EmulatorError as why:
        print(f"emulator: {why}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m pinecall.emulator",
        description="Talk to an agent of the emulator that runs on this machine.",
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    call = kinds.add_parser("call", help="ring a number")
    call.add_argument("--to", help="the number (default: the first that is answered)")
    call.add_argument("--from", dest="from_", default="+15551230000", help="the caller's number")
    call.add_argument("--extension", help="keys dialled behind the number of a line")
    chat = kinds.add_parser("chat", help="write to an agent")
    chat.add_argument("agent", help="the agent's id")
    for kind in (call, chat):
        kind.add_argument("lines", nargs="*", help="what to say; none: type it, /press 1, /hangup")
        kind.add_argument("--url", help="default $PINECALL_URL, else the usual port")
        kind.add_argument("--key", help="default $PINECALL_API_KEY, else the emulator's own")
        kind.add_argument("--wait", type=float, default=5.0, help="seconds to keep trying")
    return parser


def is_running(host: str, port: int) -> bool:
    """Whether an emulator answers at that address."""
    import httpx

    try:
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            answer = client.get(f"http://{host}:{port}/emulator")
            return bool(answer.json().get("emulator") == "pinecall")
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


class _Conversation:
    def __init__(self, options: argparse.Namespace) -> None:
        url = options.url or os.environ.get("PINECALL_URL") or f"ws://127.0.0.1:{DEFAULT_PORT}"
        self._base = http_base(url).replace("http", "ws", 1)
        key = options.key or os.environ.get("PINECALL_API_KEY") or DEFAULT_KEY
        query = {"kind": options.kind, "wait": str(options.wait)}
        for name, field in (
            ("agent", "agent"),
            ("to", "to"),
            ("from", "from_"),
            ("extension",) * 2,
        ):
            if getattr(options, field, None):
                query[name] = getattr(options, field)
        self._who = options.agent if options.kind == "chat" else "agent"
        try:
            self._socket = websocket.create_connection(
                f"{self._base}/emulator/talk?{urlencode(query)}",
                timeout=options.wait + 10.0,
                header=[f"Authorization: Bearer {key}"],
                suppress_origin=True,
                **_DIRECT,
            )
        except websocket.WebSocketBadStatusException as why:
            raise EmulatorError(
                f"{self._base} refused (HTTP {why.status_code}): is it an emulator, and --key one of "
                "its keys?"
            ) from None
        except (OSError, websocket.WebSocketException) as why:
            raise EmulatorError(
                f"no emulator answers at {self._base} ({why}); start one: python -m pinecall.emulator"
            ) from None

    def __enter__(self) -> _Conversation:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.close()

    def run(self, lines: list[str]) -> None:
        begun = self._next()
        print(f"{begun.get('id')} to {begun.get('to')}", flush=True)
        self._socket.settimeout(_REPLY)
        for line in lines or _typed():
            if lines:
                print(f"> {line}", flush=True)
            if line == "/hangup":
                break
            if line.startswith("/press "):
                self._send({"press": line[7:].strip()})
                continue
            self._send({"say": line})
            if not self._reply():
                return
        self._send({"hangup": True})
        while self._reply():
            pass

    def _reply(self) -> bool:
        """Show the agent's next words; False at the end."""
        try:
            told = self._next()
        except websocket.WebSocketTimeoutException:
            print(f"(no reply within {_REPLY:g} s)", flush=True)
            return True
        if told["event"] == "ended":
            print(f"(ended: {told.get('reason')})", flush=True)
            return False
        print(f"{self._who}: {told.get('text')}", flush=True)
        return True

    def _next(self) -> dict[str, Any]:
        try:
            text = self._socket.recv()
        except websocket.WebSocketTimeoutException:
            raise
        except (OSError, websocket.WebSocketException):
            return {"event": "ended", "reason": "the emulator is gone"}
        told: dict[str, Any] = json.loads(text) if text else {"event": "ended", "reason": "closed"}
        if told["event"] == "error":
            raise EmulatorError(told["error"])
        return told

    def _send(self, frame: dict[str, Any]) -> None:
        try:
            self._socket.send(json.dumps(frame))
        except (OSError, websocket.WebSocketException):
            pass  # the next read reports the end


def _typed() -> Iterator[str]:
    """Read lines, typed or piped, until an empty one."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if not line:
            return
        yield line
