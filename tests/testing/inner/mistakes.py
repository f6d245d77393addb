"""One mistake each. A docstring, in parts, is what the failure must tell; ``test_mistakes.py`` reads it."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import pinecall as asyncio_front
import pinecall_sync as blocking_front
from pinecall import tool

NUMBER = "+13186330963"


@tool
async def find_tables(party: int) -> list[str]:
    """Find tables.

    Args:
        party: how many people
    """
    return ["20:30"]


@tool(name="find_tables")
def find_tables_blocking(party: int) -> list[str]:
    """Find tables.

    Args:
        party: how many people
    """
    return ["20:30"]


def deploy(pc, *tools):
    return pc.deploy(
        "mara", prompt="You are Mara.", greeting="Hello.", tools=tools, channels=[NUMBER, "chat"]
    )


@pytest.fixture(params=["asyncio", "blocking"])
def mara(request):
    """The agent, on each front."""
    if request.param == "asyncio":
        return deploy(request.getfixturevalue("pinecall"), find_tables)
    return deploy(request.getfixturevalue("pinecall_sync"), find_tables_blocking)


@pytest.fixture
def mara_async(pinecall):
    return deploy(pinecall, find_tables)


@pytest.fixture
def mara_sync(pinecall_sync):
    return deploy(pinecall_sync, find_tables_blocking)


# -- the other front ------------------------------------------------------------------------------


def test_coroutine_handler_on_the_blocking_front(mara_sync):
    """a handler of the blocking client is a plain function"""

    @mara_sync.on("call.started")
    async def greet(call):
        pass


def test_coroutine_tool_on_the_blocking_front(pinecall_sync):
    """find_tables"""
    deploy(pinecall_sync, find_tables)


def test_coroutine_never_run(mara_async):
    """called but never run: Agent.dial() at test_mistakes.py: | It is a coroutine of the asyncio front"""
    mara_async.dial("+34600000000", greeting="Hello.")


@pytest.mark.filterwarnings("ignore")
async def test_coroutine_never_awaited(pinecall):
    """called but never run: create_token() at test_mistakes.py:"""
    pinecall.create_token("chat", "mara")


# -- nobody there ---------------------------------------------------------------------------------


def test_nobody_to_chat_with(pinecall, caller):
    """caller.chats('nobody'): no agent 'nobody' | deployed: no agent; build the program under test first"""
    caller.chats("nobody")


def test_nobody_to_phone(mara, caller):
    """caller.phones('nobody'): | deployed: agents mara; numbers +13186330963"""
    caller.phones("nobody")


def test_number_nobody_has(mara, caller):
    """caller.phones('+1999'): nobody answers +1999 | numbers that are answered: +13186330963"""
    caller.phones("+1999")


@pytest.mark.pinecall(clock="real")
def test_number_nobody_has_in_real_time(mara, caller):
    """caller.phones('+1999'): nobody answers +1999"""
    caller.phones("+1999")


def test_not_dialled(mara, caller):
    """caller.answers('+34600000000'): the program has not dialled it within 60 s"""
    caller.answers("+34600000000").hears("Hello")


# -- after the end --------------------------------------------------------------------------------


@pytest.fixture
def over(mara, caller):
    call = caller.phones(NUMBER)
    call.hears("Hello")
    call.hangs_up()
    return call


def test_says_after_the_end(over):
    """call.says('hello'): the call is over (hangup), so the caller can do nothing more"""
    over.says("hello")


def test_presses_after_the_end(over):
    """call.presses('1'): the call is over (hangup)"""
    over.presses("1")


def test_interrupts_after_the_end(over):
    """call.interrupts('no'): the call is over (hangup)"""
    over.interrupts("no")


def test_hears_after_the_end(over):
    """call.hears('Hello'): no reply before the call was over (hangup)"""
    over.hears("Hello")


# -- arguments ------------------------------------------------------------------------------------


@pytest.fixture
def call(mara, caller):
    call = caller.phones(NUMBER)
    call.hears("Hello")
    yield call
    call.hangs_up()


ARGUMENTS = {
    "says-3": (lambda call: call.says(3), "TypeError: call.says(3): a text, not int"),
    "says-None": (lambda call: call.says(None), "call.says(None): a text, not None"),
    "says-empty": (lambda call: call.says(" "), "call.says(' '): the text is empty"),
    "interrupts-3": (lambda call: call.interrupts(3), "call.interrupts(3): a text, not int"),
    "interrupts-empty": (lambda call: call.interrupts(""), "call.interrupts(''): the text is empty"),
    "continues-None": (lambda call: call.continues(None), "call.continues(None): a text, not None"),
    "presses-1": (lambda call: call.presses(1), "call.presses(1): a text, not int"),
    "presses-letter": (lambda call: call.presses("1a"), "call.presses('1a'): a phone has the keys 0-9, * and #"),
    "presses-empty": (lambda call: call.presses(""), "call.presses(''): the text is empty"),
    "waits-text": (lambda call: call.waits("2"), "call.waits('2'): seconds='2' is no number of seconds"),
    "waits-negative": (lambda call: call.waits(-1), "call.waits(-1): seconds=-1, seconds, 0 or more"),
    "waits-forever": (lambda call: call.waits(float("inf")), "call.waits(inf): seconds=inf"),
    "hears-3": (lambda call: call.hears(3), "call.hears(3): a part of the reply, a compiled pattern"),
    "hears-negative": (lambda call: call.hears("x", within=-1), "call.hears(): within=-1, seconds, 0 or more"),
    "hears-text": (lambda call: call.hears("x", within="1"), "call.hears(): within='1' is no number of seconds"),
    "hears-timeout": (lambda call: call.hears("x", timeout=None), "call.hears(): timeout=None is no number"),
    "tool-3": (lambda call: call.expects_tool(3), "call.expects_tool(3): a text, not int"),
    "tool-empty": (lambda call: call.expects_tool(""), "call.expects_tool(''): the text is empty"),
    "tool-unknown": (lambda call: call.expects_tool("find_table"), "no agent has such a tool; did you mean 'find_tables'?"),
    "ended-3": (lambda call: call.ended(3), "call.ended(3): a text, not int"),
    "nothing-text": (lambda call: call.nothing_more(within="2"), "call.nothing_more(): within='2' is no number"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_argument_of_a_verb(call, name):
    ARGUMENTS[name][0](call)


FIXTURES = {
    "phones-3": (lambda caller, model, tools, clock: caller.phones(3), "caller.phones(3): a text, not int"),
    "phones-None": (lambda caller, model, tools, clock: caller.phones(None), "caller.phones(None): a text, not None"),
    "phones-empty": (lambda caller, model, tools, clock: caller.phones(""), "caller.phones(''): the text is empty"),
    "phones-from": (lambda caller, model, tools, clock: caller.phones("+1", from_=3), "caller.phones('+1'): a text, not int"),
    "phones-metadata": (lambda caller, model, tools, clock: caller.phones("+1", metadata="a"), "metadata is a dict with texts as keys, not 'a'"),
    "chats-None": (lambda caller, model, tools, clock: caller.chats(None), "caller.chats(None): a text, not None"),
    "chats-empty": (lambda caller, model, tools, clock: caller.chats(""), "caller.chats(''): the text is empty"),
    "chats-text": (lambda caller, model, tools, clock: caller.chats("mara", 3), "caller.chats('mara'): a text, not int"),
    "answers-3": (lambda caller, model, tools, clock: caller.answers(3), "caller.answers(3): a text, not int"),
    "answers-how": (lambda caller, model, tools, clock: caller.answers("+1", "sleeps"), "caller.answers('+1', 'sleeps'): one of busy, no_answer, picks_up"),
    "answers-after": (lambda caller, model, tools, clock: caller.answers("+1", after=-1), "after=-1, seconds, 0 or more"),
    "on-3": (lambda caller, model, tools, clock: model.on(3), "model.on() takes a part of what the caller says"),
    "on-None": (lambda caller, model, tools, clock: model.on(None), "model.on() takes a part of what the caller says"),
    "on-empty": (lambda caller, model, tools, clock: model.on(""), "model.on(''): the text is empty"),
    "rule-says": (lambda caller, model, tools, clock: model.on("a").says(3), "model.on(…).says() takes texts"),
    "rule-calls": (lambda caller, model, tools, clock: model.on("a").calls(3), "model.on(…).calls(3): a text, not int"),
    "rule-fails": (lambda caller, model, tools, clock: model.on("a").fails(None), "model.on(…).fails(None): a text, not None"),
    "replace-3": (lambda caller, model, tools, clock: tools.replace(3), "tools.replace(3): a text, not int"),
    "replace-raises": (lambda caller, model, tools, clock: tools.replace("find_tables", raises="no"), "tools.replace('find_tables'): raises='no' is no exception"),
    "replace-unknown": (lambda caller, model, tools, clock: tools.replace("find_table"), "no deployed agent runs such a tool; did you mean 'find_tables'?"),
    "advance-text": (lambda caller, model, tools, clock: clock.advance("1"), "clock.advance('1'): seconds='1' is no number of seconds"),
    "advance-negative": (lambda caller, model, tools, clock: clock.advance(-1), "clock.advance(-1): seconds=-1, seconds, 0 or more"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIXTURES)
def test_argument_of_a_fixture(mara, caller, model, tools, clock, name):
    FIXTURES[name][0](caller, model, tools, clock)


def test_double_before_the_agent(pinecall, tools):
    """tools.replace('find_tables'): no deployed agent runs such a tool (tools: none; deploy the agent first)"""
    tools.replace("find_tables", returns=[])


# -- the end of a test ----------------------------------------------------------------------------


def test_leaves_a_call_open(mara, caller):
    """is still open; end it with call.hangs_up(), or expect its end with call.ended() | picked up"""
    caller.phones(NUMBER)


def test_leaves_a_task(mara_async, caller):
    """left running at the end of the test: the task 'waiting for nobody' (test_leaves_a_task.<locals>.waits"""

    async def waits():
        await asyncio.Event().wait()

    tasks = []

    @mara_async.on("call.ended")
    async def begin(call, reason):
        tasks.append(asyncio.create_task(waits(), name="waiting for nobody"))

    caller.phones(NUMBER).hangs_up()


_go_on = threading.Event()


def test_leaves_a_thread(mara, caller):
    """left running at the end of the test: the thread 'a thread of mine' (Event.wait). End it in the test"""
    threading.Thread(target=_go_on.wait, name="a thread of mine", daemon=True).start()


@pytest.mark.pinecall(clock="real")
def test_leaves_a_client(mara, emulator):
    """left running at the end of the test: <pinecall | Pinecall connected: 0 agents, 0 calls>, which the test has connected itself"""
    client = blocking_front.Pinecall(api_key="pk_test", url=emulator.url)
    client.connect()
    emulator.mine = client


@pytest.mark.pinecall(clock="real")
async def test_leaves_a_client_of_the_loop(mara, emulator):
    """left running at the end of the test: <pinecall | Pinecall connected: 0 agents, 0 calls>, which the test has connected itself"""
    client = asyncio_front.Pinecall(api_key="pk_test", url=emulator.url)
    await client.connect()
    emulator.mine = client


# -- handlers that raise --------------------------------------------------------------------------


def raises_on(agent, event):
    @agent.on(event)
    def boom(*args):
        raise ValueError("boom of the handler")


def test_handler_raises(mara, caller):
    """ValueError: boom of the handler | raise ValueError("boom of the handler")"""
    raises_on(mara, "call.started")
    caller.phones(NUMBER).hangs_up()


@pytest.mark.pinecall(clock="real")
def test_handler_raises_in_real_time(mara, caller):
    """ValueError: boom of the handler | raise ValueError("boom of the handler")"""
    raises_on(mara, "call.started")
    caller.phones(NUMBER).hangs_up()


async def test_coroutine_handler_raises(mara_async, caller):
    """ValueError: boom of the coroutine | raise ValueError("boom of the coroutine")"""

    @mara_async.on("call.started")
    async def boom(call):
        await asyncio.sleep(0)
        raise ValueError("boom of the coroutine")

    caller.phones(NUMBER).hangs_up()


def test_handler_raises_after_the_last_line(mara, caller):
    """ValueError: boom of the handler | raise ValueError("boom of the handler")"""
    call = caller.phones(NUMBER)
    raises_on(mara, "call.ended")
    call.hangs_up()


def test_handler_raises_later(mara, caller):
    """ValueError: after a while"""

    @mara.on("call.ended")
    def boom(call, reason):
        time.sleep(0.05)
        raise ValueError("after a while")

    call = caller.phones(NUMBER)
    call._world.runner.act(call._session.caller_hangs_up)


def test_handler_raises_at_teardown(mara, caller):
    """is still open | ValueError: boom of the handler"""
    raises_on(mara, "call.ended")
    caller.phones(NUMBER)


def test_handler_raises_and_the_test_fails(mara, caller):
    """ValueError: boom of the handler | AssertionError: my own"""
    call = caller.phones(NUMBER)
    call._world.settle = lambda: None
    raises_on(mara, "call.ended")
    call._world.runner.act(call._session.caller_hangs_up)
    del call._world.settle
    raise AssertionError("my own")


def test_handler_raises_and_the_test_skips(mara, caller):
    """ValueError: boom of the handler"""
    raises_on(mara, "call.started")
    try:
        caller.phones(NUMBER).hangs_up()
    except ValueError:
        pytest.skip("because of that")


def test_handler_raises_and_the_test_catches_it(mara, caller):
    """ValueError: boom of the handler | raise ValueError("boom of the handler")"""
    raises_on(mara, "call.started")
    with pytest.raises(ValueError, match="boom"):
        caller.phones(NUMBER)
    for call in caller.calls:
        call.hangs_up()


# -- programs that hang ---------------------------------------------------------------------------


@pytest.mark.pinecall(patience=0.2)
def test_handler_blocks(mara, caller):
    """the program under test hangs | patience=60"""

    @mara.on("call.started")
    def block(call):
        _go_on.wait()

    caller.phones(NUMBER)


@pytest.mark.pinecall(patience=0.2)
def test_handler_loops(mara_async, caller):
    """the program under test hangs: this has blocked the event loop for too long | while True"""

    @mara_async.on("call.started")
    def loop(call):
        while True:
            pass

    caller.phones(NUMBER)


def test_handler_waits_for_ever(mara_async, caller):
    """left running at the end of the test: | of call CA | which waits at test_mistakes.py: | : await asyncio.Event().wait()"""

    @mara_async.on("call.started")
    async def waits(call):
        await asyncio.Event().wait()

    caller.phones(NUMBER).hangs_up()


@pytest.mark.pinecall(patience=0.2)
def test_handler_polls_for_ever(mara_async, caller):
    """the program under test hangs: it has been at work for 0.2 s; at work: | polls of call CA"""

    @mara_async.on("call.started")
    async def polls(call):
        while True:
            await asyncio.sleep(0.01)

    caller.phones(NUMBER).hangs_up()


@pytest.mark.pinecall(patience=0.2)
async def test_coroutine_waits_for_ever(mara_async):
    """the test has waited 0.2 s at test_mistakes.py: | : await asyncio.Event().wait()"""
    await asyncio.Event().wait()


@pytest.mark.pinecall(patience=0.2)
async def test_coroutine_runs_for_ever(pinecall):
    """the test has waited 0.2 s at test_mistakes.py: | : await pinecall.run_forever()"""
    await pinecall.run_forever()


@pytest.mark.pinecall(patience=0.2)
def test_runs_for_ever(pinecall_sync):
    """what the test waits for has not come in 0.2 s"""
    pinecall_sync.run_forever()


@pytest.mark.pinecall(patience=0.2)
async def test_coroutine_blocks(mara_async):
    """the program under test hangs: this has blocked the event loop for too long | _go_on.wait()"""
    _go_on.wait()


@pytest.mark.pinecall(patience=0.2, clock="real")
async def test_coroutine_waits_for_ever_in_real_time(mara_async):
    """the test has waited 0.2 s at test_mistakes.py: | await asyncio.Event().wait()"""
    await asyncio.Event().wait()


@pytest.fixture
async def never(mara_async):
    await asyncio.Event().wait()


@pytest.mark.pinecall(patience=0.2)
def test_fixture_waits_for_ever(never):
    """the fixture 'never' has waited 0.2 s at test_mistakes.py: | : await asyncio.Event().wait()"""


# -- the mark -------------------------------------------------------------------------------------


@pytest.mark.pinecall(pase=0.0)
def test_mark_unknown(pinecall):
    """@pytest.mark.pinecall(pase=…): no such option; did you mean 'pace'?"""


@pytest.mark.pinecall(clock="fast")
def test_mark_clock(pinecall):
    """@pytest.mark.pinecall(clock='fast'): 'virtual' or 'real'"""


@pytest.mark.pinecall("real")
def test_mark_without_keyword(pinecall):
    """@pytest.mark.pinecall('real'): it takes keywords, like clock='real'"""


@pytest.mark.pinecall(patience=-1)
def test_mark_patience(pinecall):
    """@pytest.mark.pinecall(patience=-1): seconds, more than 0"""


@pytest.mark.pinecall(patience="1")
def test_mark_patience_text(pinecall):
    """@pytest.mark.pinecall(patience='1'): seconds, more than 0"""


@pytest.mark.pinecall(faults="cut")
def test_mark_faults(pinecall):
    """@pytest.mark.pinecall(faults='cut'): a list of names"""


@pytest.mark.pinecall(pace=20)
def test_mark_setting(pinecall):
    """@pytest.mark.pinecall(…): pace=20: 0.0 (at once) to 1.0"""


@pytest.mark.pinecall(clock="real")
def test_mark_without_effect():
    """@pytest.mark.pinecall has no effect on a test without a fixture of the plugin"""


# -- a program in a thread of its own ----------------------------------------------------------------


@pytest.fixture
def dialling(mara_sync):
    """A program that waits for the end of a call, in a thread that is waited for in turn."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(lambda: mara_sync.dial("+34600000000").wait_ended())


def test_a_failure_beside_a_waiting_thread(dialling, caller):
    """no reply within 30 s"""
    guest = caller.answers("+34600000000")
    dialling()
    guest.hears()


def test_an_agent_without_a_model(pinecall, caller):
    """the agent has no prompt and no llm"""
    pinecall.agent("mara", phone_number=NUMBER)
    call = caller.phones(NUMBER)
    call.says("Hello?")
    call.hears()
