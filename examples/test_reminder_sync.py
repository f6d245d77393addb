"""The reminder, with the patient at the other end: run with ``pytest``, without key and network."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from reminder_sync import remind

PATIENT = "+34607827824"


@pytest.fixture
def reminding(pinecall_sync):
    """The program, at work beside the test."""
    pool = ThreadPoolExecutor(1)
    yield lambda: pool.submit(remind, pinecall_sync, PATIENT, "Friday at ten")
    pool.shutdown(wait=False)  # whatever it still waits for, the client's end ends it


@pytest.mark.parametrize(("says", "comes", "status"), [("yes", True, 0), ("no", False, 1)])
def test_notes_the_answer(reminding, caller, model, says, comes, status):
    model.on(says).calls("confirm", comes=comes)
    patient = caller.answers(PATIENT)
    program = reminding()
    patient.hears("your appointment is on Friday at ten")
    patient.says(says)
    patient.expects_tool("confirm", comes=comes)
    patient.hears("goodbye")
    patient.ended()
    assert program.result(timeout=5) == status


@pytest.mark.parametrize("how", ["busy", "no_answer"])
def test_nobody_is_reached(pinecall_sync, caller, how):
    caller.answers(PATIENT, how)
    assert remind(pinecall_sync, PATIENT, "Friday at ten") == 2


def test_hangs_up_without_an_answer(reminding, caller):
    patient = caller.answers(PATIENT)
    program = reminding()
    patient.hears("Will you come")
    patient.hangs_up()
    assert program.result(timeout=5) == 1
