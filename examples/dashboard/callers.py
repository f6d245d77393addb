"""An emulated server for the dashboard, and people who call now and then."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from pinecall.emulator.responders.builtin import respond
from pinecall.emulator.responders.types import Turn
from pinecall_sync.emulator import CallerEnd, Emulator, EmulatorError

PHONES = {"mara": "+13185550110", "leo": "+13185550111", "nora": "+13185550120"}
PACE = 0.8
PAUSE = 3.0

#: Who calls each agent, from where, and what is said: the caller's words, the agent's answer.
TALKS: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {
    "mara": [
        ("+13185550187", [
            ("Hi, do you have a table for four tonight at eight?",
             "At eight we are full, but I have a nice one by the window at half past eight."),
            ("Half past eight is perfect. The name is Okafor.",
             "Wonderful. A table for four at half past eight, for Okafor."),
            ("Thank you, see you tonight!", "See you tonight. Goodbye!"),
        ]),
        ("+13185550142", [
            ("Good evening, is the terrace open on Sunday?",
             "Yes, from noon on, as long as the weather is kind to us."),
            ("And may we bring our dog?", "Of course. There is always a bowl of water by the door."),
        ]),
    ],
    "leo": [
        ("+13185550163", [
            ("Two mushroom risottos and one tiramisu to go, please.",
             "Two risottos and a tiramisu. They will be ready in twenty five minutes."),
            ("Great. Can I pay by card?", "By card or in cash, both are fine at the counter."),
        ]),
    ],
    "nora": [
        ("+13185550175", [
            ("I need to move my appointment on Thursday.",
             "No problem. I have Friday at nine, or Monday at a quarter past two."),
            ("Friday at nine, please.", "It is moved to Friday at nine. You will get a message."),
        ]),
        ("+13185550199", [
            ("Can I get the results of my blood test?",
             "They are in. Doctor Reyes will call you this afternoon to go through them."),
        ]),
    ],
}  # fmt: skip

ANSWERS = {
    "Can I book for six on Saturday?": "On Saturday I have a table for six at seven, or at nine.",
    "At seven, please.": "Seven it is. See you on Saturday!",
    **{words: answer for talks in TALKS.values() for _, talk in talks for words, answer in talk},
}


def answer(turn: Turn) -> Any:
    return ANSWERS.get(turn.text) or respond(turn)


@contextlib.contextmanager
def emulated() -> Iterator[dict[str, str]]:
    """Gives the environment in which a program finds the emulator."""
    over = threading.Event()
    with Emulator(pace=PACE, responder=answer) as emu:
        people = [
            threading.Thread(target=call_now_and_then, args=(emu, agent, over), daemon=True)
            for agent in TALKS
        ]
        for person in people:
            person.start()
        phones = {f"PHONE_{agent.upper()}": phone for agent, phone in PHONES.items()}
        try:
            yield {"PINECALL_URL": emu.url, "PINECALL_API_KEY": emu.api_key, **phones}
        finally:
            over.set()


def call_now_and_then(emu: Emulator, agent: str, over: threading.Event) -> None:
    number = 0
    while not over.wait(PAUSE):
        from_, talk = TALKS[agent][number % len(TALKS[agent])]
        number += 1
        try:
            emu.wait_agent(agent, timeout=60)
            hold(emu.phone_call(PHONES[agent], from_, wait=10), [words for words, _ in talk])
        except (EmulatorError, TimeoutError):
            continue  # the dashboard is not there, or has just gone


def hold(call: CallerEnd, words: list[str]) -> None:
    call.wait_reply(timeout=60)
    for said in words:
        call.say(said)
        call.wait_reply(timeout=60)
    call.hangup()
