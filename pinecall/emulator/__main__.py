"""``python -m pinecall.emulator``: a Pinecall server on this machine until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from ..errors import PinecallError
from . import talking
from .console import Console
from .conversations import Conversations
from .core.kernel.outbox import Passed
from .far_ends import ChatBase
from .views import HeldAgent

__all__ = ["main"]


_Chat = ChatBase[None, str]


class _Served(Conversations[None, object, _Chat, object, object, HeldAgent]):
    _chat_end = _Chat

    def serve(self, console: Console, chat: str | None) -> None:
        """Serve until interrupted; with ``chat``, let a person type with that agent."""

        def show(passed: Passed) -> None:
            line = console.line(passed)
            if line is not None:
                print(line, flush=True)

        if chat is None:
            self._watcher = show
        self._start(None)
        try:
            print(f"Pinecall emulator on {self.url}")
            print(f"  PINECALL_URL={self.url}  PINECALL_API_KEY={self.api_key}", flush=True)
            if chat is None:
                threading.Event().wait()
            else:
                self._talk(chat)
        finally:
            self._stop()

    def _talk(self, agent: str) -> None:
        print(f"waiting for agent {agent!r} …", flush=True)
        self.wait_agent(agent, 24 * 3600)
        end = self.chat(agent, wait=1.0)
        print("type, and end with an empty line", flush=True)
        while not end.ended and (text := input("> ").strip()):
            end.say(text)
            try:
                print(f"{agent}: {end.wait_reply(60.0)}", flush=True)
            except TimeoutError as why:
                print(f"({why})", flush=True)
        end.close()


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in talking.COMMANDS:
        return talking.main(argv)
    parser = argparse.ArgumentParser(
        "python -m pinecall.emulator",
        description="A Pinecall server on this machine, until Ctrl-C or SIGTERM.",
        epilog="While it runs, 'call' and 'chat AGENT' in another shell talk to its agents: "
        "python -m pinecall.emulator call --help.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1")
    parser.add_argument(
        "--port", type=int, default=talking.DEFAULT_PORT, help="0 takes a free one (default 4100)"
    )
    parser.add_argument(
        "--pace", type=float, default=1.0, help="speed of speech: 1 like people, 0 at once"
    )
    parser.add_argument("--responder", metavar="URL", help="the model: an OpenAI-compatible server")
    parser.add_argument("--key", action="append", help="an API key to accept; can be repeated")
    parser.add_argument("--chat", metavar="AGENT", help="chat with an agent on this terminal")
    parser.add_argument(
        "--verbose", action="store_true", help="also show words, interim texts and pings"
    )
    options = parser.parse_args(argv)
    # A process manager's SIGTERM stops it like Ctrl-C, so that clients get a close frame.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        emulator = _Served(
            options.port, options.key, options.responder, pace=options.pace, host=options.host
        )
        console = Console(colour=sys.stdout.isatty(), quiet=not options.verbose)
        emulator.serve(console, options.chat)
    except (KeyboardInterrupt, EOFError):
        print()
    except PinecallError as why:
        if options.port and talking.is_running(options.host, options.port):
            print(
                f"emulator: one is running on {options.host}:{options.port} already. Talk to its agents "
                "with 'python -m pinecall.emulator call' or 'chat AGENT'; --port 0 starts another",
                file=sys.stderr,
            )
            return 1
        print(f"emulator: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
