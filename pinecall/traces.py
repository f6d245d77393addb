"""Traces of calls: what happened in a call, when, and for what the caller waited.

::

    traces = pc.traces()                # from now on: a mapping of call ids
    print(call.trace.transcript())
    print(latency(traces))
    call.trace.save("call.jsonl")
    [trace] = CallTrace.load("call.jsonl")
"""

from __future__ import annotations

from ._shared.traces import CallTrace
from .core.traces.entry import TraceEntry
from .core.traces.latency import Latency, Percentiles, latency
from .core.traces.tools import TraceTool
from .core.traces.turns import TraceTurn

__all__ = [
    "CallTrace",
    "Latency",
    "Percentiles",
    "TraceEntry",
    "TraceTool",
    "TraceTurn",
    "latency",
]
