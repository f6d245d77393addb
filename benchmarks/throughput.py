"""Events a second from the wire to a typed handler, beside a bare receive loop."""

from __future__ import annotations

from functools import partial

from . import clients
from .load import Server
from .report import Result, at_least, measured
from .running import Plan, alternate, run_async

__all__ = ["asyncio_front", "blocking_front"]


def asyncio_front(plan: Plan) -> list[Result]:
    count = plan.of(100_000, 4_000)
    with Server() as server:
        server.ask("prepare", count=count, calls=10, parts=1)
        ours, bare, counted = alternate(
            plan.rounds,
            lambda: run_async(partial(clients.asyncio_front, server, count)),
            lambda: run_async(partial(clients.bare_websockets, server, count)),
            partial(clients.count_frames, server, count),
        )
    return _results("asyncio", ours, bare, counted, against="websockets + json.loads", least=1.1)


def blocking_front(plan: Plan) -> list[Result]:
    # A lane merges interim events when 1,000 wait in it; that would be work left out.
    parts = plan.of(10, 1)
    count = parts * plan.of(9_000, 2_000)
    with Server() as server:
        server.ask("prepare", count=count, calls=10, parts=parts)
        ours, bare, counted = alternate(
            plan.rounds,
            partial(clients.blocking_front, server, count, parts=parts),
            partial(clients.bare_websocket_client, server, count, parts=parts),
            partial(clients.count_frames, server, count, parts=parts),
        )
    return _results(
        "blocking", ours, bare, counted, against="websocket-client + json.loads", least=0.9
    )


def _results(
    name: str,
    ours: list[clients.Sample],
    bare: list[clients.Sample],
    counted: list[clients.Sample],
    *,
    against: str,
    least: float,
) -> list[Result]:
    missed = sum(sample.missed for sample in ours)
    return [
        measured(
            name,
            "events to a handler",
            "events/s",
            [sample.per_second for sample in ours],
            [sample.per_second for sample in bare],
            against=against,
            target=at_least(least),
            note=f"{missed} interim events were merged" if missed else "",
        ),
        measured(
            name,
            "CPU per event",
            "us",
            [sample.cpu_each for sample in ours],
            [sample.cpu_each for sample in bare],
            against=against,
        ),
        measured(
            name,
            "what the server gives",
            "events/s",
            [sample.per_second for sample in counted],
            [sample.per_second for sample in bare],
            against=f"{against} (well above 1: the server holds nobody up)",
        ),
    ]
