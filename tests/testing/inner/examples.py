"""Tests whose examples Hypothesis makes."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies

few = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
texts = strategies.sampled_from(["hello", "a table", "¿qué tal?"])


@pytest.fixture
def mara(pinecall):
    return pinecall.deploy("mara", prompt="You are Mara.", greeting="Hello.", channels=["chat"])


@few
@given(text=texts)
def test_plain(mara, caller, text):
    chat = caller.chats("mara", text)
    chat.hears(text)
    chat.hangs_up()


@few
@given(text=texts)
async def test_coroutine(mara, caller, text):
    chat = await caller.chats("mara", text)
    await chat.hears(text)
    await chat.hangs_up()
