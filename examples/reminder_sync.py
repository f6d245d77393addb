"""Ring somebody up to remind them: ``reminder_sync.py +34607827824 "Friday at ten"``.

Exits with 0 once the appointment is confirmed, with 1 if it is not, with 2 if nobody answered. Needs
PINECALL_API_KEY, and PINECALL_URL where it is not the platform itself. For asyncio:
reminder.py. Its tests: test_reminder_sync.py.
"""

from __future__ import annotations

import sys

from pinecall_sync import Call, DialError, Pinecall, tool


def remind(pc: Pinecall, number: str, when: str) -> int:
    answers: list[bool] = []

    @tool
    def confirm(comes: bool, call: Call) -> str:
        """Note whether the patient comes.

        Args:
            comes: true if the patient comes, false if not
        """
        answers.append(comes)
        return "Thank you, goodbye!"

    clinic = pc.agent(
        "clinic",
        llm="openai/gpt-4.1-mini",
        voice="elevenlabs/sarah",
        prompt="Remind the patient of the appointment on {{when}}. Ask if they come, and note it.",
        tools=[confirm],
        phone_number="+13186330963",
    )

    @clinic.on("message.confirmed")
    def spoken(event: object, call: Call) -> None:
        if answers:
            call.hangup()

    clinic.wait_ready()
    try:
        call = clinic.dial(
            number,
            greeting=f"Hello, your appointment is on {when}. Will you come?",
            config={"prompt_vars": {"when": when}},
            timeout=45.0,
        )
    except DialError as error:
        print(f"nobody was reached: {error.reason}")
        return 2
    print(f"talking to {call.to}", flush=True)
    call.wait_ended()

    print("confirmed" if True in answers else "not confirmed")
    return 0 if True in answers else 1


if __name__ == "__main__":
    with Pinecall() as pc:
        raise SystemExit(remind(pc, sys.argv[1], sys.argv[2]))
