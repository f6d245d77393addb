"""EventSource in Chromium: reconnecting, gaps, and many agents over one stream."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.hubs import World
from .chromium import Page
from .cutting import Proxy
from .pages import Site

DOCS = Path(__file__).parents[2] / "docs" / "web.md"
Open = Callable[..., Page]
EXACT = [f"said {number}" for number in range(12)]


def say(world: Any, call: Any, numbers: range) -> None:
    for number in numbers:
        world.message(call, number)


def test_a_cut_connection_goes_on(world: World, open_page: Open) -> None:
    """A browser that was cut off gets what it missed afterwards: nothing is lost or repeated."""
    call = world.call()
    with Site(world) as site, Proxy(site.port) as proxy:
        page = open_page(f"http://127.0.0.1:{proxy.port}/")
        page.until("seen.length === 2")
        say(world, call, range(4))
        page.until("messages().length === 4")
        proxy.cut()
        page.until("source.readyState === EventSource.CONNECTING")
        say(world, call, range(4, 9))
        proxy.mend()
        page.until("messages().length === 9")
        say(world, call, range(9, 12))
        page.until("messages().length === 12")
        assert page.run("messages()") == EXACT
        assert page.run("opened") == 2
        assert page.run("seen.filter(([name]) => name === 'gap').length") == 0
        assert page.run("seen.filter(([name]) => name === 'call.started').length") == 1


def test_a_restarted_server_goes_on(world: World, open_page: Open) -> None:
    """The web server stops while a stream is open, at once, and another takes over its port: the
    browser comes back by itself and continues."""
    call = world.call()
    with Site(world) as site:
        page = open_page(site.url)
        page.until("seen.length === 2")
        say(world, call, range(4))
        page.until("messages().length === 4")
        site.stop()
        page.until("source.readyState === EventSource.CONNECTING")
        say(world, call, range(4, 9))
        site.start()
        page.until("messages().length === 9")
        say(world, call, range(9, 12))
        page.until("messages().length === 12")
        assert page.run("messages()") == EXACT


def test_another_program_says_so(world: World, open_page: Open) -> None:
    """After a restart of the whole program its memory is gone: the browser gets a gap and the live
    calls."""
    call = world.call()
    with Site(world) as site:
        page = open_page(site.url)
        page.until("seen.length === 2")
        say(world, call, range(2))
        page.until("messages().length === 2")
        site.stop()
        later = World()
        later.hub.ring.epoch = "another"
        later.call("CA2", transcript=[{"role": "user", "content": "still here"}])
        site.world = later
        site.start()
        page.until("seen.at(-1)[1].callId === 'CA2'")
        assert page.run("seen.slice(-3).map(([name]) => name)") == [
            "connected", "gap", "call.started",
        ]  # fmt: skip
        assert page.run("seen.at(-2)[1].reason") == "restarted"
        assert page.run("seen.at(-1)[1].transcript[0].content") == "still here"
        assert page.run("ids.at(-1)").startswith("another-")


def test_six_tabs_of_agents_over_one_stream(world: World, open_page: Open) -> None:
    """A browser opens six connections to a host at most: one stream carries six agents, each in
    its order, and leaves the others for other requests."""
    agents = [f"agent{number}" for number in range(6)]
    calls = [world.call(f"CA{agent}", agent) for agent in agents]
    foreign = world.call("CAforeign", "foreign")
    with Site(world) as site:
        page = open_page(f"{site.url}?agents={','.join(agents)}")
        page.until("seen.length === 7")
        assert world.hub.subscribers == 1
        for number in range(12):
            world.message(foreign, number)
            for call in calls:
                world.message(call, number)
        page.until("messages().length === 72")
        for agent in agents:
            assert page.run(f"messages({agent!r})") == EXACT
        answers = page.run(
            "Promise.all([...Array(12)].map(() => fetch('/other').then((one) => one.text())))"
        )
        assert answers == ["answered"] * 12
        assert "foreign" not in page.run("JSON.stringify(seen)")


def test_a_closed_page_is_noticed(world: World, open_page: Open) -> None:
    """A tab that is closed leaves no reader behind; others stay."""
    world.call()
    with Site(world) as site:
        closed, stays = open_page(site.url), open_page(site.url)
        for page in (closed, stays):
            page.until("seen.length === 2")
        assert world.hub.subscribers == 2
        closed.close()
        stays.until("fetch('/readers').then((answer) => answer.json()).then((n) => n === 1)")


def test_the_snippet_of_the_docs(world: World, open_page: Open) -> None:
    """The page that docs/web.md recommends shows what callers say."""
    [snippet] = re.findall(r"```js\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    call = world.call()
    with Site(world) as site:
        page = open_page(site.url)
        page.run("source.close()")
        page.run(f"{{ {snippet} ; window.shown = source; }}")
        page.until("shown.readyState === EventSource.OPEN")
        say(world, call, range(2))
        page.until("document.body.innerText.includes('CA1: said 1')")
        assert page.run("document.body.innerText.trim()").split("\n") == [
            "CA1: said 0", "CA1: said 1",
        ]  # fmt: skip


def test_one_call_and_no_more(world: World, open_page: Open) -> None:
    """After the end of its call a stream is over for EventSource too: it does not ask for ever."""
    call = world.call()
    with Site(world) as site:
        site.call = call
        page = open_page(site.url)
        page.run("source.close()")
        page.run(
            "window.told = []; window.one = new EventSource('/call');"
            "for (const name of ['call.started', 'user.message', 'call.ended'])"
            " one.addEventListener(name, (event) => told.push(name))"
        )
        page.until("told.length === 1")
        say(world, call, range(1))
        page.until("told.length === 2")
        world.end(call)
        page.until("one.readyState === EventSource.CLOSED")
        assert page.run("told") == ["call.started", "user.message", "call.ended"]
