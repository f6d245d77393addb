"""What a test knows of a conversation, and what it expects of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pinecall.core.text.spelling import nearest

from .arguments import check_expected, check_seconds, check_text
from .failing import ExpectationFailed, picture
from .story import Reply, Story, ToolUse
from .values import Awaitable, Text

if TYPE_CHECKING:
    from typing_extensions import Self

    from .ground import Ground

__all__ = ["WAIT", "Expectations", "Expected"]

#: What a reply must hold: a part of it in any case, a compiled pattern, a function of the text, or
#: None for any reply.
Expected: TypeAlias = str | re.Pattern[str] | Callable[[str], Any] | None

#: Seconds of the call's time that an expectation waits.
WAIT = 30.0
_QUIET = 2.0


class Expectations(Awaitable):
    """One call or chat, as far as a test looks at it."""

    def __init__(self, stage: Ground, session: Any) -> None:
        self._stage = stage
        self._world = stage.world
        self._known = session
        self._seen_tools = 0
        self._read = 0
        #: How many replies had begun when the test last did or expected something.
        self._mark = 0

    # -- facts ----------------------------------------------------------------------------------

    @property
    def _session(self) -> Any:
        return self._known

    @property
    def id(self) -> str:
        """The id of the call."""
        return str(self._session.id)

    @property
    def story(self) -> Story:
        """What happened so far, with times."""
        return self._stage.stories.of(self.id, self._world.now)

    @property
    def heard(self) -> list[str]:
        """Everything the agent said, as far as it was heard."""
        return [heard.text for heard in self._look(lambda: list(self._session.heard))]

    @property
    def tools(self) -> list[ToolUse]:
        """The tools that the model called, with arguments and results."""
        return list(self.story.tools.values())

    @property
    def trace(self) -> Any:
        """The program's :class:`~pinecall.CallTrace` of this call."""
        return self._stage.trace(self)

    @property
    def forwarded_to(self) -> str | None:
        """The number that the agent has forwarded the call to."""
        to: str | None = getattr(self._session, "forward_to", None)
        return to

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return bool(self._session.ended)

    @property
    def reason(self) -> str | None:
        """Why it ended; None while it goes on."""
        reason: str | None = self._session.reason
        return reason

    def __repr__(self) -> str:
        state = f"ended ({self.reason})" if self.over else "live"
        return f"<pinecall.testing.Call {self.id}: {state}>"

    # -- what the test expects ------------------------------------------------------------------

    def hears(
        self, text: Expected = None, *, within: float | None = None, timeout: float = WAIT
    ) -> Text:
        """Expect the agent's next reply, heard to its end, and return it.

        text: a part of it (in any case), a compiled pattern, or a function of the reply
        within: seconds from the end of the caller's speech to the reply's first sound; not checked
            any more once an injected fault has happened
        timeout: seconds of the call's time to wait for it

        Replies to what the caller said before its last words are skipped, and interrupted ones too.
        """
        __tracebackhide__ = True
        check_expected(f"call.hears({text!r})", text)
        check_seconds("call.hears()", "within", within, optional=True)
        check_seconds("call.hears()", "timeout", timeout)
        what = f"hears({_shown(text)}{'' if within is None else f', within={within:g}'})"
        self._wait(what, lambda: self._next() is not None, timeout, self._no_reply)
        heard = self._next()
        self._read += self._look(lambda: self._session.heard[self._read :].index(heard)) + 1
        self._mark = max(
            self._mark, list(self.story.replies).index(self._reply(heard).message_id) + 1
        )
        if not _fits(text, heard.text):
            self._fail(what, f"the agent's next reply was {heard.text!r}")
        if within is not None and not self._stage.faults.happened:
            self._check_wait(what, self._reply(heard), within)
        return Text(heard.text)

    def expects_tool(self, name: str, /, *, timeout: float = WAIT, **arguments: Any) -> ToolUse:
        """Expect the next call of a tool with these arguments, and return it; others may be there too.

        An argument may be a function of the value. Tool calls are found in order: one that came
        before the last one found is not found again.
        """
        __tracebackhide__ = True
        check_text(f"call.expects_tool({name!r})", name)
        check_seconds("call.expects_tool()", "timeout", timeout)
        given = ", ".join(f"{key}={_shown(value)}" for key, value in arguments.items())
        what = f"expects_tool({name!r}{', ' if given else ''}{given})"
        self._known_tool(what, name)

        def find() -> int | None:
            for at, use in enumerate(self.tools):
                if at >= self._seen_tools and use.name == name and _has(use, arguments):
                    return at
            return None

        self._wait(what, lambda: find() is not None, timeout, lambda: self._other_tools(name))
        at = find()
        assert at is not None
        self._seen_tools = at + 1
        use = self.tools[at]
        if self._stage.faults.active:
            # Its result, which is there at once without a fault, may be on its way.
            self._stage.wait(lambda: use.ended is not None or self.over, WAIT)
        return use

    def ended(self, reason: str | None = None, *, timeout: float = WAIT) -> Self:
        """Expect the end of the call, for this reason if it is given."""
        __tracebackhide__ = True
        if reason is not None:
            check_text(f"call.ended({reason!r})", reason)
        check_seconds("call.ended()", "timeout", timeout)
        what = f"ended({reason!r})" if reason else "ended()"
        if not self._stage.wait(self._looked(lambda: self.over), timeout):
            self._fail(what, f"the call goes on, {timeout:g} s later")
        self._stage.await_end(self.id)
        self._stage.check()
        if reason is not None and self.reason != reason:
            self._fail(what, f"the call ended with the reason {self.reason!r}")
        self._begin()
        return self

    def nothing_more(self, *, within: float = _QUIET) -> Self:
        """Expect that the agent says nothing since the last line of the test, and calls no tool that
        was not expected, for ``within`` seconds more."""
        __tracebackhide__ = True
        check_seconds("call.nothing_more()", "within", within)
        if not self.over:
            self._stage.advance(within)
        self._stage.check()
        extra = list(self.story.replies.values())[self._mark :]
        if extra:
            self._fail("nothing_more()", f"the agent said {extra[0].line.text!r}")
        if self.tools[self._seen_tools :]:
            self._fail("nothing_more()", f"the model called {self.tools[self._seen_tools]}")
        return self

    # -- inside ---------------------------------------------------------------------------------

    def _look(self, read: Callable[[], Any]) -> Any:
        return self._world.runner.look(read)

    def _looked(self, read: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: bool(self._look(read))

    def _begin(self) -> None:
        """Note that what the agent has said so far is not what the test waits for."""
        self._mark = len(self.story.replies)

    def _next(self) -> Any:
        """Return the reply that ``hears`` takes next."""
        session = self._session
        for heard in self._look(lambda: session.heard[self._read :]):
            if heard.after >= session.asked and not heard.interrupted:
                return heard
        return None

    def _reply(self, heard: Any) -> Reply:
        """Return the story's part of what was heard."""
        replies = self.story.replies
        # What a chat's owner writes has an id that the visitor does not see.
        found = replies.get(heard.message_id)
        return found if found is not None else list(replies.values())[-1]

    def _wait(
        self, what: str, found: Callable[[], bool], timeout: float, why: str | Callable[[], str]
    ) -> None:
        __tracebackhide__ = True
        session = self._session
        assert session is not None
        done = self._stage.wait(
            self._looked(lambda: found() or self.over or self._stage.failed), timeout
        )
        self._stage.check()
        if done and found():
            return
        reason = why if isinstance(why, str) else why()
        if self.over:
            self._fail(what, f"{reason} before the call was over ({self.reason})")
        self._fail(what, f"{reason} within {timeout:g} s")

    def _check_wait(self, what: str, reply: Reply, within: float) -> None:
        __tracebackhide__ = True
        story = self.story
        before = [
            other.ended for other in story.replies.values()
            if other is not reply and other.ended is not None and other.ended <= reply.began
        ]  # fmt: skip
        since = max([story.caller_silent, *before]) if before else story.caller_silent
        took = reply.began - min(since, reply.began)
        if took > within + 1e-6:
            self._fail(what, f"its first sound came after {took:.2f} s")

    def _known_tool(self, what: str, name: str) -> None:
        __tracebackhide__ = True
        offered = self._stage.tool_names()
        if name not in offered:
            near = nearest(name, offered)
            hint = f"; did you mean {near!r}?" if near else ""
            known = ", ".join(offered) or "none"
            raise ExpectationFailed(f"{what}: no agent has such a tool{hint} (tools: {known})")

    def _no_reply(self) -> str:
        if self._look(self._session.has_model):
            return "no reply"
        return (
            "no reply (the agent has no prompt and no llm, so its program answers the turns itself)"
        )

    def _other_tools(self, name: str) -> str:
        others = [str(use) for use in self.tools[self._seen_tools :]]
        return (
            f"{name} was not called so; called: {', '.join(others)}"
            if others
            else "no tool was called"
        )

    def _fail(self, what: str, why: str) -> None:
        __tracebackhide__ = True
        text = picture(self.story, f"call.{what}", why, colour=self._stage.colour)
        raise ExpectationFailed(text)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, re.Pattern):
        return f"re.compile({value.pattern!r})"
    name = getattr(value, "__name__", None)
    return name if callable(value) and name else repr(value)


def _fits(expected: Expected, text: str) -> bool:
    if expected is None:
        return True
    if isinstance(expected, str):
        return expected.casefold() in text.casefold()
    if isinstance(expected, re.Pattern):
        return expected.search(text) is not None
    return bool(expected(text))


def _has(use: ToolUse, arguments: dict[str, Any]) -> bool:
    for key, expected in arguments.items():
        if key not in use.arguments:
            return False
        value = use.arguments[key]
        if not (expected(value) if callable(expected) else value == expected):
            return False
    return True
