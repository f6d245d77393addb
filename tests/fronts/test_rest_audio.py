"""Speech and recordings through both ports."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pinecall import ApiError, ConfigurationError

from .driving import Front
from .rest import Handler, Rest, replies, settings


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that says whether it was closed."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks
        self.given = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            self.given += 1
            yield chunk

    async def __aiter__(self) -> Any:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def spoken(*chunks: bytes | Exception, kind: str = "audio/pcm") -> tuple[Chunks, Handler]:
    body = Chunks(*chunks)
    headers = {"Content-Type": kind, "X-Pinecall-Request-Id": "r1", "X-Sample-Rate": "16000"}
    return body, replies(httpx.Response(200, headers=headers, stream=body))


def test_speech(front: Front) -> None:
    """speech() returns with the head; chunks are read as they are asked for, in order."""
    body, handler = spoken(b"one ", b"two ", b"three ")
    one = Rest(front, handler)
    speech = one.front.do(one.audio.speech, "Hola", voice="v")
    assert (speech.request_id, speech.format, body.given) == ("r1", "pcm", 0)
    assert one.front.take(speech, 1) == [b"one "]
    assert body.given == 1
    assert one.front.do(speech.read) == b"two three "
    assert one.front.do(speech.done).audio_ms == 14 / 2 / 16
    assert body.closed


def test_words_without_reading_the_audio(front: Front) -> None:
    """done() gets the figures and the words; the audio is still there afterwards."""
    events = [
        {"type": "audio", "data": base64.b64encode(b"ab").decode()},
        {"type": "word", "word": "hola", "start": 0.0, "end": 0.4},
        {"type": "audio", "data": base64.b64encode(b"cd").decode()},
        {"type": "done", "characters": 4, "audio_ms": 9},
    ]
    chunks = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    _, handler = spoken(*chunks, kind="text/event-stream")
    one = Rest(front, handler)
    speech = one.front.do(one.audio.speech, "Hola", voice="v", timestamps=True)
    assert one.front.do(speech.done).audio_ms == 9.0
    assert [word.word for word in speech.words] == ["hola"]
    assert one.front.do(speech.read) == b"abcd"


def test_speech_cut_off(front: Front) -> None:
    """A body that breaks off is an error for the reader and for done()."""
    _, handler = spoken(b"one", httpx.RemoteProtocolError("incomplete"))
    one = Rest(front, handler)
    speech = one.front.do(one.audio.speech, "Hola", voice="v")
    with pytest.raises(ApiError) as caught:
        one.front.do(speech.read)
    assert caught.value.code == "NETWORK_ERROR"
    with pytest.raises(ApiError):
        one.front.do(speech.done)


def test_speech_cancelled(front: Front) -> None:
    """cancel() closes the connection; reading ends, done() fails."""
    body, handler = spoken(b"one", b"two")
    one = Rest(front, handler)
    speech = one.front.do(one.audio.speech, "Hola", voice="v")
    one.front.take(speech, 1)
    one.front.do(speech.cancel)
    assert body.closed
    assert one.front.take(speech, 5) == []
    with pytest.raises(ApiError) as caught:
        one.front.do(speech.done)
    assert caught.value.code == "CANCELLED"


def test_speech_refused(front: Front) -> None:
    """A refusal has the platform's code; it is not sent again."""
    one = Rest(
        front, replies(httpx.Response(402, json={"error": "no", "code": "INSUFFICIENT_CREDITS"}))
    )
    with pytest.raises(ApiError) as caught:
        one.front.do(one.audio.speech, "Hola", voice="v")
    assert (caught.value.status, caught.value.code) == (402, "INSUFFICIENT_CREDITS")
    assert len(one.requests) == 1


def test_closing_the_port_ends_a_speech(front: Front) -> None:
    """What streams over a port ends with it."""
    body, handler = spoken(b"one", b"two")
    one = Rest(front, handler)
    speech = one.front.do(one.audio.speech, "Hola", voice="v")
    one.close()
    assert body.closed
    assert one.front.take(speech, 1) == []


@pytest.mark.parametrize("source", ["bytes", "path", "file"])
def test_transcribe(front: Front, tmp_path: Path, source: str) -> None:
    """From bytes, a path or an open file, with progress up to the last byte."""

    def handler(request: httpx.Request) -> httpx.Response:
        assert f"; boundary={boundary(request)}" in request.headers["Content-Type"]
        assert "Transfer-Encoding" not in request.headers
        return httpx.Response(200, json={"text": "hola", "language": "es", "duration": 2})

    data = b"RIFF" + bytes(200_000)
    path = tmp_path / "talk.mp3"
    path.write_bytes(data)
    seen: list[tuple[int, int]] = []
    one = Rest(front, handler)
    file: Any = {"bytes": data, "path": path, "file": io.BytesIO(data)}[source]
    found = one.front.do(
        one.audio.transcribe, file, progress=lambda sent, total: seen.append((sent, total))
    )
    assert (found.text, found.duration) == ("hola", 2.0)
    body = one.requests[0].content
    assert data in body
    assert (b'filename="talk.mp3"' in body) == (source == "path")
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] == (len(body), len(body))


def boundary(request: httpx.Request) -> str:
    return request.content[2:].split(b"\r\n")[0].decode()


def test_transcribe_wrong_source(front: Front, tmp_path: Path) -> None:
    """A text file, and a file over 25 MB, are refused with a reason before anything is sent."""
    one = Rest(front, replies(httpx.Response(200)))
    with pytest.raises(ConfigurationError, match="'rb'"):
        one.front.do(one.audio.transcribe, io.StringIO("text"))
    big = tmp_path / "big.wav"
    with big.open("wb") as file:
        file.truncate((25 << 20) + 1)
    with pytest.raises(ConfigurationError, match="at most 25 MB"):
        one.front.do(one.audio.transcribe, big)
    with pytest.raises(FileNotFoundError):
        one.front.do(one.audio.transcribe, tmp_path / "none.wav")
    assert one.requests == []


def test_cancel_wakes_a_reader(front: Front) -> None:
    """A reader that waits for more audio, on a real connection, is released by cancel()."""
    stalled = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def stall() -> None:
        connection, _ = listener.accept()
        with connection:
            while b"Hola" not in connection.recv(65536):
                pass
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            connection.sendall(head.encode() + b"2\r\nab\r\n")
            while connection.recv(65536):
                pass
            stalled.set()

    server = threading.Thread(target=stall)
    server.start()
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        one = Rest(front, None, settings=settings(url))
        speech = front.do(one.audio.speech, "Hola", voice="v")
        assert front.take(speech, 1) == [b"ab"]
        reading = front.begin(speech.read)
        front.do(speech.cancel)
        assert reading.result(10) == b""
        assert stalled.wait(10)
    server.join()
