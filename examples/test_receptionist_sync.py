"""The receptionist on the phone: run with ``pytest``, without a key, a model or a network."""

from pathlib import Path

import pytest
from receptionist_sync import OWNER, deploy

from pinecall_sync.history import SqliteHistory

NUMBER, GUEST = "+13186330963", "+34600000001"


@pytest.fixture
def history(tmp_path: Path):
    store = SqliteHistory(tmp_path / "calls.db")
    yield store
    store.close()


@pytest.fixture
def bella(pinecall_sync, history):
    return deploy(pinecall_sync, history)


def test_greets_in_the_callers_language(bella, caller):
    english, spanish = caller.phones(NUMBER), caller.phones(NUMBER, language="es")
    english.hears("good evening")
    spanish.hears("buenas noches")
    english.hangs_up()
    spanish.hangs_up()


def test_books_a_table(bella, caller, model):
    model.on("table on Friday").calls("free_tables", day="Friday").then("Yes. For how many?")
    model.on("four").calls("book_table", day="Friday", people=4).then("You have table four.")
    call = caller.phones(NUMBER, GUEST)
    call.hears("Trattoria Bella")
    call.says("Have you got a table on Friday?")
    call.hears("For how many", within=0.8)
    call.says("four")
    booking = call.expects_tool("book_table", people=4)
    call.hears("table four")
    assert booking.result == {"table": "number 4"}
    call.hangs_up()
    call.ended("hangup")


def test_says_what_is_full(bella, caller, model):
    model.on("Saturday").calls("book_table", day="Saturday", people=2)
    call = caller.phones(NUMBER)
    call.says("Two on Saturday, please")
    call.hears("no table left on Saturday")
    call.hangs_up()


def test_is_interrupted(bella, caller):
    call = caller.phones(NUMBER)
    call.interrupts("Is that the trattoria?")
    call.hears("Is that the trattoria")
    assert call.heard[0] == "Trattoria Bella,"
    call.hangs_up()


def test_books_in_a_chat(bella, caller, model, tools):
    booking = tools.replace("book_table", returns={"table": "by the window"})
    model.on("two of us").calls("book_table", day="Friday", people=2)
    chat = caller.chats("bella")
    chat.says("Friday evening, the two of us")
    chat.hears("by the window")
    chat.hangs_up()
    assert booking.calls == [{"day": "Friday", "people": 2}]


def test_the_book_is_lost(bella, caller, model, tools):
    tools.replace("free_tables", raises=OSError("the book is lost"))
    model.on("free").calls("free_tables", day="Friday").then("I cannot tell now. Call again?")
    call = caller.phones(NUMBER)
    call.says("Is anything free on Friday?")
    call.hears("cannot tell")
    call.hangs_up()


def test_puts_a_complaint_through(bella, caller, model):
    model.on("cold").calls("load_skill", name="complaints").calls("ask_the_owner")
    call = caller.phones(NUMBER)
    call.says("My soup was cold")
    call.expects_tool("ask_the_owner")
    call.ended("forwarded")
    assert call.forwarded_to == OWNER
    call.nothing_more()


def test_ends_a_silent_call(bella, caller, clock):
    call = caller.phones(NUMBER)
    call.hears("good evening")
    clock.advance(60)
    call.ended("idle_timeout")


def test_remembers_the_guest(bella, caller, clock, history):
    call = caller.phones(NUMBER, GUEST)
    call.says("My name is Ana")
    call.hears("Ana")
    call.waits(20)  # time enough for a lost link to come back
    call.hangs_up()
    clock.advance(20)
    (saved,) = history.list()
    assert saved.contact == GUEST
    assert "My name is Ana" in [message["content"] for message in saved.messages]
