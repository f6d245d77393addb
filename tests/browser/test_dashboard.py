"""examples/dashboard as its users see it, from the login to the last word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from pinecall_sync.emulator import Emulator

from .chromium import Page
from .cutting import Proxy
from .dashboard import PHONES, ROOT, Dashboard, log_in, wait_live

Open = Callable[..., Page]
LONG = "!words 40"


@pytest.fixture
def emu() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def dashboard(emu: Emulator) -> Iterator[Dashboard]:
    with Dashboard(emu) as running:
        for agent in PHONES:
            emu.wait_agent(agent, timeout=30)
        yield running


def bubbles(page: Page) -> list[str]:
    return page.texts(".call .talk p")


def test_a_call_as_it_happens(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """A call appears by itself, its words one by one, what was cut off is marked, and it ends."""
    page = open_page(dashboard.url)
    log_in(page, "bistro")
    wait_live(page)
    assert page.run("document.querySelector('#board h1').textContent") == "Bistro Central"
    emu.pace = 0.3
    call = emu.phone_call(PHONES["mara"], "+34607827824")
    page.until(
        "document.querySelector('.call.live h2')?.textContent.includes('+34607827824 → mara')"
    )
    call.wait_reply()
    assert bubbles(page)[:1] == ["Bistro Central, this is Mara. How can I help?"]
    page.run(
        "window.lengths = new Set; new MutationObserver(() => lengths.add("
        "[...document.querySelectorAll('.call p.agent')].at(-1).textContent.length))"
        ".observe(document.querySelector('.call .talk'), {childList: true, subtree: true})"
    )
    call.say("I would like a table")
    call.wait_reply()
    page.until("document.querySelectorAll('.call .talk p')[2]?.textContent.endsWith('a table')")
    assert bubbles(page)[1:] == ["I would like a table", "You said: I would like a table"]
    assert page.run("lengths.size") >= 5
    call.interrupt("wait")
    call.say(LONG)
    page.until("document.querySelector('.call p.cut')")
    call.hangup()
    page.until("document.querySelector('.call.over h2 span')?.textContent.startsWith('hangup, ')")


def test_nobody_without_login(dashboard: Dashboard, open_page: Open) -> None:
    """Without a session: no stream, no token; a wrong password is refused, in words."""
    page = open_page(dashboard.url)
    for path in ("/events", "/me"):
        assert page.run(f"fetch({path!r}).then((answer) => answer.status)") == 401
    asked = (
        "fetch('/token', {method: 'POST', headers: {'Content-Type': 'application/json'},"
        " body: JSON.stringify({agent: 'mara'})}).then((answer) => answer.status)"
    )
    assert page.run(asked) == 401
    for tenant, password in (("bistro", "mint"), ("nobody", "mint")):
        page.run("document.querySelector('#login form').reset()")
        log_in(page, tenant, password)
        page.until("document.querySelector('.error').textContent.includes('wrong password')")
        page.run("document.querySelector('.error').textContent = ''")
    assert page.run("document.querySelector('#board').hidden")
    page.run("document.querySelector('#login form').reset()")
    log_in(page, "bistro")
    wait_live(page)
    assert page.run(asked) == 200
    page.click("#logout")
    page.until("!document.querySelector('#login').hidden")
    page.until("fetch('/events').then((answer) => answer.status === 401)")


def test_tenants_see_their_own(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """Two people, two tenants: neither gets a call, a byte of the stream, or a token of the other's."""
    pages = {tenant: open_page(dashboard.url) for tenant in ("bistro", "clinic")}
    for tenant, page in pages.items():
        log_in(page, tenant)
        wait_live(page)
        page.run(
            "window.raw = ''; fetch('/events').then(async ({body}) => {"
            " for await (const piece of body.pipeThrough(new TextDecoderStream())) raw += piece; });"
            " true"  # not the promise, which would be waited for: the stream has no end
        )
        page.until("raw.includes('connected')")
    calls = {agent: emu.phone_call(phone) for agent, phone in PHONES.items()}
    for agent, call in calls.items():
        call.wait_reply()
        call.say(f"the secret of {agent}")
        call.wait_reply()
        call.hangup()
    pages["bistro"].until("document.querySelectorAll('.call.over').length === 2")
    pages["clinic"].until("document.querySelectorAll('.call.over').length === 1")
    for tenant, own in (("bistro", {"mara", "leo"}), ("clinic", {"nora"})):
        page = pages[tenant]
        page.until(f"(raw.match(/event: call.ended/g) || []).length === {len(own)}")
        everything = page.run("raw + document.body.innerText")
        for agent in PHONES:
            assert (f"the secret of {agent}" in everything) == (agent in own)
            assert (f'"{agent}"' in page.run("raw")) == (agent in own)
            status = page.run(
                f"ask('/token', {{agent: {agent!r}}}).then(() => 200, (why) => why.status)"
            )
            assert status == (200 if agent in own else 404)


def test_the_chat_answers(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """A message goes out with a token from the back end, its answer grows, and the chat is one of
    the live calls; its metadata says whose page it was."""
    page = open_page(dashboard.url)
    log_in(page, "bistro")
    wait_live(page)
    for text in ("good news", "and more of it"):
        page.type("#chat form input", text)
        page.enter()
        page.until(f"document.querySelector('#chat .talk').innerText.includes('You said: {text}')")
    assert page.texts("#chat .talk p") == [
        "good news", "You said: good news", "and more of it", "You said: and more of it",
    ]  # fmt: skip
    page.until("document.querySelector('.call.live h2')?.textContent.includes('Chat with mara')")
    page.until("[...document.querySelectorAll('.call p.agent')].length === 2")
    assert bubbles(page) == page.texts("#chat .talk p")
    [chat] = emu.calls.values()
    assert chat.metadata == {"tenant": "bistro"}
    page.run(
        "document.querySelector('#chat select').value = 'leo';"
        "document.querySelector('#chat select').dispatchEvent(new Event('change'))"
    )
    page.until("document.querySelector('.call.over')")
    page.type("#chat form input", "and you?")
    page.enter()
    page.until("document.querySelector('#chat .talk').innerText.includes('You said: and you?')")
    page.until("document.querySelector('.call.live h2')?.textContent.includes('Chat with leo')")


def test_markup_stays_text(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """What a caller says is text, whatever it looks like."""
    page = open_page(dashboard.url)
    log_in(page, "clinic")
    wait_live(page)
    call = emu.phone_call(PHONES["nora"])
    call.wait_reply()
    call.say("<img src=x onerror=document.title='broken'>")
    call.wait_reply()
    page.until("document.querySelectorAll('.call .talk p').length === 3")
    assert "<img" in bubbles(page)[1]
    assert page.run("document.title") == "Live calls"
    call.hangup()


def test_cut_off_in_mid_sentence(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """The page's connection breaks while people speak: afterwards every word is there, once."""
    with Proxy(dashboard.port) as proxy:
        page = open_page(f"http://127.0.0.1:{proxy.port}/")
        log_in(page, "bistro")
        wait_live(page)
        page.run("on['message.confirmed'] = () => 0")
        call = emu.phone_call(PHONES["mara"])
        call.wait_reply()
        emu.pace = 0.1
        call.say(LONG)
        page.until("document.querySelectorAll('.call p')[2]?.textContent.includes(' ')")
        proxy.cut()
        page.until("document.querySelector('#state').textContent === 'reconnecting'")
        whole = call.wait_reply()
        assert len(whole.split()) == 40
        proxy.mend()
        page.until("document.querySelectorAll('.call p')[2].textContent.split(' ').length >= 40")
        assert bubbles(page)[2] == whole
        assert len(page.texts(".call")) == 1
        call.hangup()
        page.until("document.querySelector('.call.over')")


def test_there_and_back(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """A page that is left lets go of its stream; on the way back it has what it missed."""
    page = open_page(dashboard.url)
    log_in(page, "clinic")
    wait_live(page)
    call = emu.phone_call(PHONES["nora"])
    call.wait_reply()
    page.until("document.querySelectorAll('.call p').length === 1")
    page.run("window.before = true")
    page.go(f"{dashboard.url}me")
    call.say("still there?")
    call.wait_reply()
    page.run("history.back()")
    page.until("document.querySelectorAll('.call p').length === 3")
    wait_live(page)
    assert bubbles(page)[1:] == ["still there?", "You said: still there?"]
    call.hangup()


def test_a_restarted_program(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """The whole program starts anew: it stops at once although a stream is open, and the page is
    live again by itself, logged in as before."""
    page = open_page(dashboard.url)
    log_in(page, "bistro")
    wait_live(page)
    printed = dashboard.stop()
    assert "Traceback" not in printed
    page.until("document.querySelector('#state').textContent === 'reconnecting'")
    dashboard.start()
    wait_live(page)
    call = emu.phone_call(PHONES["leo"], wait=20)
    call.wait_reply()
    page.until("document.querySelector('.call.live .talk p')?.textContent.includes('Leo speaking')")
    assert len(page.texts(".call.live")) == 1
    call.hangup()


def test_it_shows_itself(open_page: Open) -> None:
    """``app.py --emulator`` needs nothing: people call, and their words are there."""
    with Dashboard() as dashboard:
        page = open_page(dashboard.url)
        log_in(page, "bistro")
        wait_live(page)
        page.type("#chat form input", "hello")
        page.enter()
        page.until(
            "document.querySelector('#chat .talk').innerText.includes('How can I help you?')"
        )
        page.until("document.querySelector('.call.live h2')?.textContent.includes('→')", 60)
        page.until("document.querySelectorAll('.call.live .talk p').length >= 2", 60)
        if os.environ.get("PINECALL_SCREENSHOT"):
            take_screenshot(page)
        printed = dashboard.stop()
    assert "Traceback" not in printed


def take_screenshot(page: Page) -> None:
    for text, answer in (
        ("Can I book for six on Saturday?", "or at nine"),
        ("At seven, please.", "Seven it is"),
    ):
        page.type("#chat form input", text)
        page.enter()
        page.until(f"document.querySelector('#chat .talk').innerText.includes({answer!r})")
    page.until(
        "[...document.querySelectorAll('.call.live')].filter((one) => "
        "one.querySelectorAll('p').length >= 5 && one.innerText.includes('→')).length >= 1"
        " && document.querySelectorAll('.call').length >= 4",
        120,
    )
    page.until("document.querySelector('p.agent')")
    page.screenshot(ROOT / "docs" / "dashboard.png")


def _emulate(page: Page, width: int, scheme: str) -> None:
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=844,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )


#: Elements in which something is hidden that could be scrolled to.
_SCROLLED = """[...document.querySelectorAll('body *')].filter((one) =>
    /auto|scroll/.test(getComputedStyle(one).overflowY) && one.scrollHeight > one.clientHeight + 1
).map((one) => one.id || one.className)"""


def test_on_a_phone_in_the_dark(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """At 390 px one thing scrolls, the page; its colours are dark where that is preferred."""
    page = open_page(dashboard.url)
    _emulate(page, 390, "dark")
    log_in(page, "bistro")
    wait_live(page)
    caller = emu.phone_call(PHONES["mara"], "+34607827824")
    for number in range(6):
        caller.say(f"line {number} " + "and some more words " * 4)
        caller.wait_reply()
    page.until("document.querySelectorAll('.call .talk p').length >= 12")
    assert page.run(_SCROLLED) == []
    assert page.run("document.documentElement.scrollWidth") == 390
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 30)"
    assert page.run("document.documentElement.scrollHeight > innerHeight")


def test_calls_have_a_clock_and_an_end(
    emu: Emulator, dashboard: Dashboard, open_page: Open
) -> None:
    """A live call shows how long it has gone on; an ended one moves to where the ended are."""
    page = open_page(dashboard.url)
    log_in(page, "bistro")
    wait_live(page)
    assert page.run("document.querySelector('#past').hidden")
    caller = emu.phone_call(PHONES["mara"], "+34607827824")
    page.until("/^0:0[1-9]$/.test(document.querySelector('#live .call time')?.textContent)")
    caller.hangup()
    page.until("document.querySelector('#ended .call')")
    assert page.run("document.querySelectorAll('#live .call').length") == 0
    assert not page.run("document.querySelector('#past').hidden")
    assert not page.run("document.querySelector('#none').hidden")


def test_whose_words_they_are(emu: Emulator, dashboard: Dashboard, open_page: Open) -> None:
    """In the chat the visitor's own words stand on the right, the agent's on the left."""
    page = open_page(dashboard.url)
    log_in(page, "bistro")
    wait_live(page)
    page.type("#chat input", "hello")
    page.enter()
    page.until("document.querySelector('#chat .talk p.agent')?.textContent.length > 5")
    sides = (
        "['p.mine', 'p.agent'].map((one) => {"
        " const box = document.querySelector('#chat .talk ' + one).getBoundingClientRect();"
        " const all = document.querySelector('#chat .talk').getBoundingClientRect();"
        " return box.left - all.left > all.right - box.right ? 'right' : 'left'; })"
    )
    assert page.run(sides) == ["right", "left"]


def test_without_a_connection(open_page: Open) -> None:
    """A page whose server has no connection to Pinecall says so, instead of nothing happening."""

    class Nowhere:
        url = "ws://127.0.0.1:9/client"
        api_key = "pk_nowhere"

    with Dashboard(Nowhere()) as running:
        page = open_page(running.url)
        log_in(page, "bistro")
        page.until(
            "document.querySelector('#state').textContent.includes('not connected to Pinecall')"
        )
