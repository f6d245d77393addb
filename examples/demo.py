"""The demo: an emulated Pinecall server, the program mara.py beside it, a phone call and a chat.

python examples/demo.py [async|sync] [--chat] [--pace 0.4]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from pinecall_sync.emulator import Emulator

HERE = Path(__file__).parent
PROGRAMS = {"async": HERE / "mara.py", "sync": HERE / "mara_sync.py"}
NUMBER = "+13186330963"


def main() -> int:
    parser = argparse.ArgumentParser(description="Mara takes a phone call and a chat, offline.")
    parser.add_argument("front", nargs="?", choices=PROGRAMS, default="async")
    parser.add_argument("--chat", action="store_true", help="type with the agent yourself")
    parser.add_argument(
        "--pace", type=float, default=0.5, help="speed of speech: 1 is real, 0 is at once"
    )
    options = parser.parse_args()

    with Emulator(pace=options.pace) as emu:
        print(f"emulator at {emu.url}; running {PROGRAMS[options.front].name}\n", flush=True)
        environment = {**os.environ, "PINECALL_URL": emu.url, "PINECALL_API_KEY": emu.api_key}
        program = subprocess.Popen([sys.executable, PROGRAMS[options.front]], env=environment)
        try:
            emu.wait_agent("mara", timeout=30)
            if options.chat:
                type_with(emu)
            else:
                phone(emu)
                chat(emu)
        except KeyboardInterrupt:
            print()  # after the terminal's ^C; the program had it too, and ends by itself
        finally:
            program.send_signal(signal.SIGTERM)
            status = program.wait(timeout=10)
    return status


def phone(emu: Emulator) -> None:
    call = emu.phone_call(to=NUMBER, from_="+34607827824")
    call.wait_reply(timeout=30)
    for words in ("Hi, where is my order ORD-12345?", "Great, thank you. Bye!"):
        call.say(words)
        call.wait_reply(timeout=30)
    call.hangup()
    call.wait_ended(timeout=10)


def chat(emu: Emulator) -> None:
    conversation = emu.chat("mara")
    conversation.say("Hello, can you look up order ORD-99999 for me?")
    conversation.wait_reply(timeout=30)
    conversation.close()
    conversation.wait_ended(timeout=10)


def type_with(emu: Emulator) -> None:
    print("Type to Mara; an empty line ends the chat.\n", flush=True)
    conversation = emu.chat("mara")
    for line in sys.stdin:
        if not line.strip():
            break
        conversation.say(line.strip())
        conversation.wait_reply(timeout=60)
    conversation.close()
    conversation.wait_ended(timeout=10)


if __name__ == "__main__":
    raise SystemExit(main())
