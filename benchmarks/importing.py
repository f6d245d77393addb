"""What a program waits for before it can begin: the import, and the first connection."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from statistics import median

from .load import ROOT, Server
from .report import Result, at_most, measured
from .running import Plan, alternate

__all__ = ["importing"]

_ASYNCIO = """
import asyncio, pinecall
async def main():
    async with pinecall.Pinecall("pk_benchmark", url={url!r}):
        ready()
asyncio.run(main())
"""
_BLOCKING = """
import pinecall_sync
with pinecall_sync.Pinecall("pk_benchmark", url={url!r}):
    ready()
"""
_LIBRARIES = """
import asyncio, attrs, msgspec, websockets.asyncio.client
ready()
"""
_READY = """
def ready():
    import sys
    sys.stdout.write(".")
    sys.stdout.flush()
"""


#: An installation compiles what it installs, so what is compiled here is kept as well.
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _milliseconds(code: str) -> float:
    """From the start of an interpreter until it says that it is ready."""
    command = [sys.executable, "-c", _READY + code]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=_ENVIRONMENT, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        said = program.stdout.read(1)
        took = time.perf_counter() - began
    if said != b"." or program.returncode:
        raise RuntimeError(f"the program ended with {program.returncode}")
    return took * 1000


def importing(plan: Plan) -> list[Result]:
    with Server() as server:
        programs: list[tuple[str, str, float | None]] = [
            ("import pinecall", "import pinecall; ready()", 100.0),
            ("import pinecall_sync", "import pinecall_sync; ready()", 100.0),
            ("first connected client, asyncio", _ASYNCIO.format(url=server.url), 250.0),
            ("first connected client, blocking", _BLOCKING.format(url=server.url), 250.0),
            ("no SDK, but the asyncio front's libraries", _LIBRARIES, None),
        ]
        # Compiled once, as after an installation.
        for _, code, _most in programs[: plan.of(len(programs), 0)]:
            _milliseconds(code)
        bare, *ours = alternate(
            plan.of(3, 1) * plan.rounds,
            partial(_milliseconds, "ready()"),
            *(partial(_milliseconds, code) for _, code, _most in programs),
        )
    return [
        measured(
            "import",
            f"{what}, over a bare interpreter",
            "ms",
            [mine - empty for mine, empty in zip(found, bare, strict=True)],
            target=None if most is None else at_most(value=most, unit="ms"),
            note=f"the bare interpreter takes {median(bare):.0f} ms",
        )
        for (what, _, most), found in zip(programs, ours, strict=True)
    ]
