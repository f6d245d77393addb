"""What an object shows without an underscore is the contract, and nothing else, in both fronts."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

CLIENT = """
agent agents audio balance chat connect connected create_token deploy disconnect drain events get_agent
knowledge line observe off on once online_agents phones remove_agent run_forever send state stats stream
traces voices
"""
AGENT = """
add_channel bridge call calls channels config configure configure_channel configure_session create_token
dial events id memory name off on once pause registered remove_channel resume route_callers send
send_message skill stream wait_ready
"""
CALL = """
active_skills add_context add_history agent cancel clear clear_history configure current_bot_text
direction duration ended_at events extension forward from_ get_history hangup hold id language
last_message_id line_transcript load_skill messages metadata mute off on once reason reply reply_stream
routed_from say send_dtmf set_history set_prompt set_prompt_file set_prompt_vars started_at status stream
to tool_result trace transcript transport unhold unload_skill unmute wait_ended
"""
LINE = "calls config destroy events extensions id number off on once registered wait_ready"
REQUESTS = """
add_context add_history clear_history get_history set_history set_prompt set_prompt_file set_prompt_vars
"""

CONTRACT = {
    "Pinecall": CLIENT,
    "Agent": AGENT,
    "Call": CALL,
    "Line": LINE,
    "LineCall": f"{CALL} ask context listen route_to routed",
    "WhatsAppSession": f"{REQUESTS} contact_name contact_phone id",
}
#: Blocking web frameworks have no WebSockets.
ASYNCIO_ONLY = {"Pinecall": {"ws"}, "Agent": {"ws"}}


def objects(package: str) -> dict[str, Any]:
    """One object of each kind, by the name of its class."""
    pc = importlib.import_module(package).Pinecall(api_key="key")
    engine = pc._engine
    agent, line = pc.agent("mara"), pc.line("+12186633772")
    call = engine.makers.make_call(engine, agent, "CA1")
    line_call = engine.makers.make_line_call(engine, line, "CL1")
    session = engine.makers.make_whatsapp_session(call, "Ana")
    made = [pc, agent, line, call, line_call, session]
    return {type(one).__name__: one for one in made}


def shown(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
@pytest.mark.parametrize("kind", CONTRACT)
def test_what_an_object_shows(package: str, kind: str) -> None:
    """Each name of the contract is there, and no other name without an underscore."""
    more = ASYNCIO_ONLY.get(kind, set()) if package == "pinecall" else set()
    assert shown(objects(package)[kind]) == set(CONTRACT[kind].split()) | more


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
@pytest.mark.parametrize("kind", ["Pinecall", "Agent", "Call"])
def test_every_member_is_documented(package: str, kind: str) -> None:
    """help() has a text for each public member."""
    cls = type(objects(package)[kind])
    silent = [name for name in shown(cls) if not inspect.getdoc(inspect.getattr_static(cls, name))]
    assert silent == []


@pytest.mark.parametrize("package", ["pinecall", "pinecall_sync"])
def test_no_member_stands_twice(package: str) -> None:
    """ "Go to definition" of a public member lands on one definition: no class repeats the name of
    another but to override it."""
    module = importlib.import_module(package)
    for kind in ("Pinecall", "Agent", "Call", "Line"):
        owners: dict[str, list[str]] = {}
        for cls in getattr(module, kind).__mro__[:-1]:
            for name in vars(cls):
                if not name.startswith("_"):
                    owners.setdefault(name, []).append(cls.__name__)
        assert len(owners) > 5
        assert {name: classes for name, classes in owners.items() if len(classes) > 1} == {}


def test_no_stubs() -> None:
    """No class declares a method a second time for type checkers, but the two hooks that its other
    half has."""
    root = Path(__file__).parents[2]
    found = set()
    for path in [*root.glob("pinecall/**/*.py"), *root.glob("pinecall_sync/**/*.py")]:
        for cls in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(cls, ast.ClassDef):
                for part in cls.body:
                    if isinstance(part, ast.If) and "TYPE_CHECKING" in ast.unparse(part.test):
                        found |= {f"{cls.name}.{one.name}" for one in part.body
                                  if isinstance(one, ast.FunctionDef)}  # fmt: skip
    assert found == {"HistoryVerbs._ask_history", "HistoryVerbs._ask_change"}
