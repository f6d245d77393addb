"""The key is in the first frame, and nowhere else."""

from __future__ import annotations

import base64
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from pinecall import AuthenticationError, ConnectError, PinecallError

from .driving import Blocking, Front
from .log import Log
from .server import KEY, Server, said, tool_call
from .test_tls import Proxy


class Everything(logging.Handler):
    """All records of all loggers, as they would be written, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines = Log()

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter("%(name)s %(message)s").format(record)
        self.lines(f"{text} {record.args!r} {record.__dict__!r}")


@pytest.fixture
def everything() -> Iterator[Log]:
    handler = Everything()
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("pinecall", "websockets", "asyncio"))]
    loggers += [logging.getLogger(name) for name in ("websocket", "websockets.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def test_a_whole_session_at_debug(front: Front, server: Server, everything: Log, log: Log) -> None:
    """Connecting, talking, errors and reconnects: no record of any logger holds the key."""
    pc = front.connected(server, "mara")
    pc.on("user.message", lambda event, call: 1 / 0)
    pc.on("error", lambda err: log(str(err)))
    pc.on("call.started", lambda call: log(call))
    there = server.start_call()
    call = log.wait_count(1)[0]
    there.send(said(f"my key is {KEY}"), f"nonsense {KEY}", tool_call("nothing"))
    there.send({"event": "error", "code": "X", "error": f"bad key {KEY}"})
    front.do(call.get_history)
    there.frames.wait_for(lambda frame: frame["event"] == "llm.tool_result")
    there.reset()
    server.connection(2).frames.wait_count(2)
    front.do(pc.disconnect)
    assert [line for line in everything if "llm.tool_result" in line] != []
    assert [line for line in everything if KEY in line] == []
    assert [text for text in log if isinstance(text, str) and KEY in text] == []


def test_reprs(front: Front, server: Server) -> None:
    """No repr shows the key: not of the client, its settings, nor of what it has in it."""
    pc = front.connected(server, "mara", proxy=None)
    seen = [repr(pc), repr(pc._settings), repr(pc._runtime), repr(pc.get_agent("mara"))]
    seen += [repr(value) for value in vars(pc).values()]
    seen += [repr(value) for value in vars(pc._runtime).values()]
    seen.append(repr(pc._runtime.link.settings))
    assert [text for text in seen if KEY in text] == []


def test_a_refused_key(front: Front, server: Server, everything: Log) -> None:
    """The server repeats the key in its refusal; the error and the logs do not."""

    def refuse(connection: Any, frame: dict[str, Any]) -> None:
        text = f"no such key: {frame['api_key']}"
        connection.send({"event": "error", "code": "INVALID_KEY", "error": text})

    server.replies["connect"] = refuse
    pc = front.client(server)
    with pytest.raises(AuthenticationError) as caught:
        front.do(pc.connect)
    error = caught.value
    told = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    for text in (str(error), repr(error), told, repr(vars(error)), repr(error.args)):
        assert KEY not in text
    assert "***" in str(error)
    assert [line for line in everything if KEY in line] == []


def test_a_refused_key_in_the_close_frame(front: Front, server: Server) -> None:
    """The same where the refusal is a close frame."""

    def refuse(connection: Any, frame: dict[str, Any]) -> None:
        connection.close(1008, f"bad key {frame['api_key']}")

    server.replies["connect"] = refuse
    with pytest.raises(PinecallError) as caught:
        front.do(front.client(server).connect)
    assert isinstance(caught.value, AuthenticationError)
    assert KEY not in str(caught.value)
    assert KEY not in repr(vars(caught.value))


def test_a_proxys_password(front: Front) -> None:
    """A proxy's password is in no repr either."""
    pc = front.client("ws://localhost:1", proxy="http://me:hunter2@127.0.0.1:3128")
    assert "hunter2" not in repr(pc._settings)
    assert "hunter2" not in repr(pc)


def test_errors_can_be_pickled() -> None:
    """An error crosses a process boundary with its code and its ids."""
    error = PinecallError("broken", "X", agent_id="mara", call_id="CA1")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code, again.agent_id) == ("broken", "X", "mara")


def test_the_librarys_trace(server: Server, everything: Log, log: Log) -> None:
    """websocket-client's trace shows neither a proxy's password nor a key that the server repeats."""
    import websocket

    proxy = Proxy(log)
    websocket.enableTrace(True, level="DEBUG")
    try:
        front = Blocking()
        pc = front.client(server, proxy=f"http://me:hunter2@127.0.0.1:{proxy.port}")
        pc.on("disconnected", log)
        front.do(pc.connect)
        server.connection().close(1008, f"bad key {KEY}")
        log.wait_count(2)
        front.do(pc.disconnect)
        front.close()
    finally:
        websocket.enableTrace(False)
        proxy.stop()
    shown = "\n".join(everything)
    assert "Proxy-Authorization" in shown  # there was something to clean
    for secret in (KEY, "hunter2", base64.b64encode(b"me:hunter2").decode()):
        assert secret not in shown


def test_tokens_in_urls(front: Front) -> None:
    """What a URL's query holds is in no error and in no repr."""
    pc = front.client(
        "ws://localhost:1/client?token=a-token-in-the-url", reconnect=False, connect_timeout=5
    )
    with pytest.raises(ConnectError) as caught:
        front.do(pc.connect)
    for text in (str(caught.value), repr(pc._settings), repr(pc)):
        assert "a-token-in-the-url" not in text


def test_whatsapp_secrets_and_tokens(
    front: Front, server: Server, everything: Log, log: Log
) -> None:
    """The secrets of a WhatsApp channel that the server repeats are in no error and no log line."""
    pc = front.connected(server, "mara")
    pc.on("error", lambda err: log(f"{err} {err!r} {vars(err)}"))
    agent = pc.get_agent("mara")
    names = ("access_token", "verify_token", "app_secret")
    secrets = {name: f"{name}-of-the-channel" for name in names}
    agent.add_channel("whatsapp", "123456789012345", **secrets)
    there = server.connection()
    for value in secrets.values():
        there.send({"event": "error", "code": value, "error": f"Malformed {value}"})
        there.send({"event": "agent.displaced", "agent_id": "other", "reason": value})
        there.send(f'{{"x": "{{\\\\"appSecret\\\\": \\\\"{value}\\\\"')
    log.wait_count(6)
    text = "\n".join([*log, *everything])
    assert [value for value in secrets.values() if value in text] == []
