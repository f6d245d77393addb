"""Uses of a history store: its methods are looked up, checked, and run as jobs."""

from __future__ import annotations

from typing import Any

import pytest

from pinecall.core.history.store import check_store, has_method, method_of, store_job, takes
from pinecall.core.kernel.job import Job
from pinecall.errors import ConfigurationError

from ..kernel.bare import Caller
from .world import Lookup, Store


def test_looking_up_a_store() -> None:
    """A store's method that cannot be looked up counts as there, and fails when it is called."""
    store = Lookup(SystemExit(3), broken=True)
    assert has_method(store, "save") and not has_method(store, "list")
    plain = Store()
    assert method_of(plain, "save") == plain.save
    assert not has_method(None, "save")
    with pytest.raises(SystemExit):
        method_of(store, "save")(1)
    ctrl_c = Lookup(KeyboardInterrupt(), broken=True)
    for look in (has_method, method_of):
        with pytest.raises(KeyboardInterrupt):
            look(ctrl_c, "save")


class Coroutines:
    async def save(self, record: Any) -> None: ...


class Finds:
    def save(self, record: Any) -> None: ...
    async def find_by_contact(self, contact: str, limit: int) -> list[Any]: ...  # type: ignore[empty-body]


class Later:
    """An awaitable that is no coroutine."""

    def __await__(self) -> Any:
        return iter(())


class TestChecking:
    def test_with_a_loop(self) -> None:
        """With an event loop any store will do, and no store at all."""
        for store in (Coroutines(), Finds(), Store(), None):
            check_store(store, "mara", coroutines=True)

    def test_without_a_loop(self) -> None:
        """Without an event loop a store of plain methods will do, and one of coroutine methods not."""
        for store in (Store(), None, object()):
            check_store(store, "mara", coroutines=False)
        for bad, method in ((Coroutines(), "save"), (Finds(), "find_by_contact")):
            with pytest.raises(ConfigurationError) as caught:
                check_store(bad, "mara", coroutines=False)
            assert f"agent 'mara': history.{method} is an 'async def'" in caught.value.message
            assert caught.value.agent_id == "mara"


def test_what_a_method_takes() -> None:
    """A parameter is looked for by its name; a method without a readable signature takes none."""

    class Opaque:
        __signature__ = "(...)"

        def __call__(self) -> None: ...

    assert takes(Store().find_by_contact, "limit")
    assert not takes(Store().find_by_contact, "agent_id")
    assert not takes(Opaque(), "limit")
    assert not takes(dict.update, "limit")


class Run:
    """The job of one use of a store, and what came of it."""

    def __init__(self, function: Any, *arguments: Any, **keywords: Any) -> None:
        self.finished: list[Any] = []
        self.failed: list[BaseException] = []
        self.jobs: list[Job] = []
        self.job = store_job(
            Caller("mara"),
            Caller("CA1"),
            "save",
            function,
            arguments,
            keywords,
            finished=lambda job, value: (self.jobs.append(job), self.finished.append(value)),
            failed=lambda job, error: (self.jobs.append(job), self.failed.append(error)),
        )


class TestJobs:
    def test_plain_methods(self) -> None:
        """A plain method runs in a thread, with its arguments; its result goes to ``finished``."""
        run = Run(lambda *args, **keywords: (args, keywords), 1, 2, agent_id="mara")
        job = run.job
        assert (job.label, job.coroutine, job.threaded) == ("history.save", False, True)
        assert job.agent is not None and job.call is not None
        assert (job.agent.id, job.call.id) == ("mara", "CA1")
        job.finished(job.function())
        assert run.finished == [((1, 2), {"agent_id": "mara"})]
        assert run.jobs == [job]
        assert run.failed == []

    def test_coroutine_methods(self) -> None:
        """A coroutine method runs on the event loop, not in a thread."""
        job = Run(Coroutines().save, 1).job
        assert (job.coroutine, job.threaded) == (True, False)
        made = job.function()
        assert made.cr_frame is not None
        made.close()

    def test_what_it_raises(self) -> None:
        """What a method raises goes to ``failed``."""
        run = Run(print)
        error = OSError("disk gone")
        run.job.failed(error)
        assert run.failed == [error]
        assert run.jobs == [run.job]

    def test_a_coroutine_in_disguise(self) -> None:
        """A coroutine that a plain method returned is closed, and an error."""
        made = Coroutines().save(None)
        run = Run(lambda: made)
        run.job.finished(run.job.function())
        assert made.cr_frame is None
        (error,) = run.failed
        assert isinstance(error, ConfigurationError)
        assert "history of agent 'mara': save() returned an awaitable" in error.message
        assert (error.agent_id, error.call_id) == ("mara", "CA1")
        assert run.finished == []

    def test_another_awaitable(self) -> None:
        """So is any other awaitable."""
        run = Run(Later)
        run.job.finished(run.job.function())
        assert [type(error) for error in run.failed] == [ConfigurationError]
        assert run.finished == []
