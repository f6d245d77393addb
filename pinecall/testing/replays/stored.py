"""Stored traces: ``assert_trace`` compares a call with one, ``--pinecall-update`` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..failing import ExpectationFailed
from .comparing import first_difference

if TYPE_CHECKING:
    from ..ground import Ground

__all__ = ["Stored"]


class Stored:
    """The traces of one test file: ``traces/NAME.jsonl`` beside it."""

    def __init__(self, ground: Ground, folder: Path, *, update: bool) -> None:
        self._ground = ground
        self._folder = folder / "traces"
        self._update = update

    def assert_trace(self, name: str, call: Any) -> None:
        """Compare the trace of a call with the stored one. Raises ExpectationFailed."""
        __tracebackhide__ = True
        if not isinstance(name, str) or not name or name != Path(name).name:
            raise ExpectationFailed(f"assert_trace({name!r}): a name like 'booking', no path")
        path = self._folder / f"{name.removesuffix('.jsonl')}.jsonl"
        trace = call.trace
        if self._update:
            self._folder.mkdir(exist_ok=True)
            trace.save(path)
            return
        if not path.exists():
            raise ExpectationFailed(
                f"assert_trace({name!r}): there is no {path}; run pytest with --pinecall-update to write "
                "it, read it, and keep it with the test"
            )
        stored = load_one(path)
        found = first_difference(
            stored.entries, trace.entries, times=bool(self._ground.world.virtual)
        )
        if found is not None:
            raise ExpectationFailed(
                f"assert_trace({name!r}): the call went another way than {path.name} says, at entry "
                f"{found.place + 1}\n\n{found}\n\nif the new way is right: pytest --pinecall-update"
            )


def load_one(path: Path, call_id: str | None = None) -> Any:
    """Return the only trace of a file, or the one of that call. Raises ExpectationFailed."""
    __tracebackhide__ = True
    from pinecall import CallTrace
    from pinecall.errors import ConfigurationError

    try:
        traces = CallTrace.load(path)
    except (OSError, ConfigurationError) as exc:
        raise ExpectationFailed(f"{path}: {exc}") from None
    if call_id is not None:
        traces = [trace for trace in traces if trace.call_id == call_id]
    if len(traces) != 1:
        held = ", ".join(trace.call_id for trace in traces) or "none"
        raise ExpectationFailed(f"{path}: one call is wanted (call_id=…); it holds {held}")
    return traces[0]
