"""``python -m benchmarks [names…] [--quick] [--json FILE] [--compare FILE]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from attrs import evolve

from . import core, fanout, idle, importing, latency, memory, registering, throughput, traces
from .report import Result, as_json, compare, table
from .running import Benchmark, Plan

BENCHMARKS: dict[str, Benchmark] = {
    "asyncio": throughput.asyncio_front,
    "blocking": throughput.blocking_front,
    "core": core.core,
    "scaling": core.scaling,
    "latency": latency.latency,
    "register": registering.registering,
    "memory": memory.memory,
    "traces": traces.traces,
    "import": importing.importing,
    "fanout": fanout.fanout,
    "idle": idle.idle,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="How fast the SDK is, each figure beside its limit, measured in turns.",
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument(
        "--quick", action="store_true", help="see whether it runs; the figures say nothing"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="print ratios to an earlier --json"
    )
    parsed = parser.parse_args()
    unknown = sorted(set(parsed.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return parsed


def main() -> None:
    asked = _arguments()
    plan = Plan(quick=asked.quick)
    results: list[Result] = []
    for name in asked.names or BENCHMARKS:
        began = time.perf_counter()
        found = BENCHMARKS[name](plan)
        results += [evolve(result, met=None) for result in found] if plan.quick else found
        print(f"{name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
    print(table(results))
    if asked.json is not None:
        text = json.dumps(as_json(results, quick=plan.quick), indent=1)
        asked.json.write_text(text + "\n", encoding="utf-8")
    if asked.compare is not None:
        print(f"\nBeside {compare(results, asked.compare)}")


if __name__ == "__main__":
    main()
