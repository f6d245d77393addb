"""The reminder, with the patient at the other end: run with ``pytest``, without key and network."""

import asyncio

import pytest
from reminder import remind

PATIENT = "+34607827824"


@pytest.mark.parametrize(("says", "comes", "status"), [("yes", True, 0), ("no", False, 1)])
async def test_notes_the_answer(pinecall, caller, model, says, comes, status):
    model.on(says).calls("confirm", comes=comes)
    patient = caller.answers(PATIENT)
    reminding = asyncio.create_task(remind(pinecall, PATIENT, "Friday at ten"))
    patient.hears("your appointment is on Friday at ten")
    patient.says(says)
    patient.expects_tool("confirm", comes=comes)
    patient.hears("goodbye")
    patient.ended()
    assert await reminding == status


@pytest.mark.parametrize("how", ["busy", "no_answer"])
async def test_nobody_is_reached(pinecall, caller, how):
    caller.answers(PATIENT, how)
    assert await remind(pinecall, PATIENT, "Friday at ten") == 2


async def test_hangs_up_without_an_answer(pinecall, caller):
    patient = caller.answers(PATIENT)
    reminding = asyncio.create_task(remind(pinecall, PATIENT, "Friday at ten"))
    patient.hears("Will you come")
    patient.hangs_up()
    assert await reminding == 1
