"""Conversation history: when a call is saved, and what is restored for a returning contact.

A store is any object with ``save(record)`` and, if it restores, ``find_by_contact(contact,
limit)``; ``agent_id`` is passed too if that accepts it. A store is user code: each use is a job,
one at a time for each call. Its exceptions are reported and change nothing else.

========= ============================================ ========================================
state     what runs                                    what ends it
========= ============================================ ========================================
new       nothing                                      ``started()`` → finding or saving
finding   ``find_by_contact``, then ``history.set``    its result, an error, 5 s, the end
idle      nothing                                      0.2 s after ``changed()``; ``ended()``
saving    ``save``; what changes meanwhile waits       its result or error → idle, saving, done
done      the last ``save`` was handed out             nothing: no more saves
========= ============================================ ========================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import CallEnded, RequestRejected, RequestTimeout
from ...logs import Log
from ..kernel.job import Job
from ..kernel.runtime import Runtime
from ..kernel.usercode import shown
from ..model.call_state import CallState
from ..model.conversation import is_spoken
from .record import (
    CONVERSATIONS,
    ConversationRecord,
    contact_of,
    record_from,
    record_of,
    restored_messages,
    same_contact,
)
from .store import check_store, has_method, method_of, store_job, takes

__all__ = [
    "ConversationRecord",
    "Historian",
    "check_store",
    "contact_of",
    "record_from",
    "record_of",
    "restored_messages",
]

log = Log("history")

#: Seconds from the last change to the save.
SAVE_AFTER = 0.2
#: Seconds that a store may take to find a contact; a later result is not used.
FIND_WITHIN = 5.0
#: Seconds after which a save that has not returned is reported.
SLOW_SAVE = 10.0


class Historian:
    """Saves one call, and restores what is known of its contact.

    ``clock`` returns epoch seconds, for calls whose times the server has not sent yet.
    """

    def __init__(
        self,
        runtime: Runtime,
        call: CallState,
        store: Any,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.runtime = runtime
        self.agent = call.agent
        self.call = call
        self.store = store
        self._clock = clock or runtime.front.epoch
        self._started_at = 0.0
        self._ended_at = 0.0
        self._done = False
        self._written = False
        self._restored: list[dict[str, Any]] = []
        self._job: Job | None = None
        self._finding = False
        self._waiting = False
        self._failing = False

    # -- what happens to the call ---------------------------------------------------------------

    def started(self) -> None:
        """Look up the contact of a call that began, and save the call as active."""
        self._started_at = self._clock()
        contact = self._record().contact
        restores = has_method(self.store, "find_by_contact")
        if restores and contact is not None and not self.call.messages:
            self._find(contact)
        else:
            self._save()

    def changed(self) -> None:
        """Save 0.2 s after the last change of ``call.messages``."""
        if not self._done:
            self.runtime.timers.set(self._timer("save"), SAVE_AFTER, self._save)

    def written(self) -> None:
        """Note that the program wrote the server's history: nothing is restored over it."""
        self._written = True

    def ended(self) -> None:
        """Save a call that is over one last time: its facts are final."""
        if self._done:
            return
        self._done = True
        self._ended_at = self._clock()
        self.runtime.timers.clear(self._timer("save"))
        if self._finding:
            self._give_up()
        self._save()

    # -- saving ---------------------------------------------------------------------------------

    def _record(self) -> ConversationRecord:
        times = {"started_at": self._started_at, "ended_at": self._ended_at}
        return record_of(self.call, restored=self._restored, **times)

    def _save(self, _late: float = 0.0) -> None:
        if self._job is not None:
            self._waiting = True
            return
        self._waiting = False
        self._run("save", self._record(), done=self._saved, failed=self._failed_save)
        self.runtime.timers.set(self._timer("slow"), SLOW_SAVE, self._slow)

    def _saved(self, _: Any) -> None:
        self._failing = False
        if self._waiting:
            self._save()

    def _failed_save(self, error: BaseException) -> None:
        # An unreachable store would fail for each message: report it once, and when the last save
        # fails.
        last = self._done and not self._waiting
        if last or not self._failing:
            self._report(error, "save")
        else:
            log.debug("history of call %s: save failed again: %s", self.call.id, shown(error))
        self._failing = True
        if self._waiting:
            self._save()

    def _slow(self, _late: float) -> None:
        self.runtime.report(
            RequestTimeout(
                f"history of call {self.call.id}, agent {self.agent.id!r}: save() has not returned "
                f"for {SLOW_SAVE:g} s; later changes wait for it. Is the store reachable?",
                "HISTORY_SLOW",
                agent_id=self.agent.id,
                call_id=self.call.id,
            ),
            agent=self.agent,
            call=self.call,
        )

    # -- restoring ------------------------------------------------------------------------------

    def _find(self, contact: str) -> None:
        self._finding = True
        narrowed = takes(method_of(self.store, "find_by_contact"), "agent_id")
        self._run(
            "find_by_contact",
            contact,
            CONVERSATIONS,
            done=self._found,
            failed=self._failed_find,
            **({"agent_id": self.agent.id} if narrowed else {}),
        )
        self.runtime.timers.set(self._timer("find"), FIND_WITHIN, self._too_late)

    def _found(self, result: Any) -> None:
        try:
            now = self._record()
            records = [record_from(value) for value in result or ()]
            self._restore(restored_messages([r for r in records if same_contact(r, now)]))
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # records are the store's own objects, and may raise
            self._report(exc, "find_by_contact")
        self._looked_up()

    def _failed_find(self, error: BaseException) -> None:
        self._report(error, "find_by_contact")
        self._looked_up()

    def _too_late(self, _late: float) -> None:
        error = RequestTimeout(
            f"history of call {self.call.id}, agent {self.agent.id!r}: find_by_contact() gave no "
            f"answer within {FIND_WITHIN:g} s; the call goes on without its history",
            "HISTORY_SLOW",
            agent_id=self.agent.id,
            call_id=self.call.id,
        )
        self._give_up()
        self._report(error, "find_by_contact")
        self._looked_up()

    def _give_up(self) -> None:
        self._finding = False
        job, self._job = self._job, None
        assert job is not None
        job.cancel()
        self.runtime.timers.clear(self._timer("find"))

    def _looked_up(self) -> None:
        self._finding = False
        self._save()

    def _restore(self, messages: list[dict[str, Any]]) -> None:
        """Send ``history.set``, unless the conversation has gone on: it would be replaced.

        A greeting that the server has spoken meanwhile stays, after what is restored.
        """
        call = self.call
        greeting = [message for message in call.messages if is_spoken(message)]
        begun = len(greeting) < len(call.messages)
        if not messages or begun or self._written or not call._live:
            return
        outcome = self.runtime.requests.ask(
            call,
            "history.set",
            "history.updated",
            lambda _: None,
            durable=False,
            messages=[*messages, *greeting],
        )
        self._restored = messages

        def answered() -> None:
            error = outcome.error
            if isinstance(error, RequestRejected):
                # After any other failure the server may still have it.
                self._restored = []
            if error is not None and not isinstance(error, CallEnded):
                self._report(error, "history.set")

        outcome.waiters.append(answered)

    # -- jobs -----------------------------------------------------------------------------------

    def _run(
        self,
        method: str,
        *arguments: Any,
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
        **keywords: Any,
    ) -> None:
        def settle(job: Job, then: Callable[[Any], None], value: Any) -> None:
            if self._over(job):
                then(value)

        self._job = store_job(
            self.agent,
            self.call,
            method,
            method_of(self.store, method),
            arguments,
            keywords,
            finished=lambda job, value: settle(job, done, value),
            failed=lambda job, error: settle(job, failed, error),
        )
        self.runtime.run(self._job)

    def _over(self, job: Job) -> bool:
        """Whether a result is current: False for the late result of an abandoned job."""
        if job is not self._job:
            return False
        self._job = job.stop = None
        self.runtime.timers.clear(self._timer("slow"))
        self.runtime.timers.clear(self._timer("find"))
        return True

    def _report(self, error: BaseException, method: str) -> None:
        where = f"the history store's {method}" if method != "history.set" else method
        self.runtime.report_failure(error, where, self.agent, self.call)

    def _timer(self, what: str) -> tuple[str, str, str]:
        return ("history", what, self.call.id)
