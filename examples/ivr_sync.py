"""A company's switchboard: a phone line answered by code, with keys, words and extensions.

Needs PINECALL_API_KEY, and PINECALL_URL where it is not the platform itself. For asyncio:
ivr.py.
"""

from __future__ import annotations

from pinecall_sync import LineCall, Pinecall

pc = Pinecall()

pc.deploy("sales", prompt="You sell bicycles.", greeting="Sales, how can I help?")
pc.deploy("repairs", prompt="You repair bicycles.", greeting="Repairs, what is broken?")
AGENTS = {"1": "sales", "2": "repairs"}

line = pc.line("+12186633772", voice="elevenlabs/sarah", language="en", extension_window=1.5)


@line.on("call")
def welcome(call: LineCall) -> None:
    for _ in range(3):
        heard = call.ask(
            "For sales press one or say sales. For repairs press two or say repairs.",
            digits=1,
            speech=True,
            timeout=6.0,
        )
        said = [name for name in AGENTS.values() if name in heard.text.lower()]
        agent = said[0] if said else AGENTS.get(heard.digits)
        if agent is None:
            call.say("Sorry, I did not understand.").wait()
            continue
        call.context(asked_by=heard.by)
        route = call.route_to(agent)
        if route.ok:
            print(f"{call.from_} goes to {agent}", flush=True)
            return
        print(f"{agent} cannot take {call.from_}: {route.reason}", flush=True)
        call.say("Nobody is free there now.").wait()
    call.say("Please call again later. Goodbye.").wait()
    call.hangup(reason="nothing chosen")


def opening_hours(call: LineCall) -> None:
    call.say("We are open from nine to five. Goodbye.").wait()
    call.hangup(reason="hours told")


line.extensions({"10": "sales", "20": "repairs", "99": opening_hours})


if __name__ == "__main__":
    pc.run_forever()
