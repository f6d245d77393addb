"""Tests of people who have the plugin installed and do not use it."""

import sys


def test_imports_nothing():
    loaded = set(sys.modules)
    assert not loaded & {"pinecall.core", "pinecall.client", "pinecall_sync", "pinecall.emulator"}
    assert not loaded & {"attrs", "attr", "httpx", "msgspec", "websockets", "starlette", "asyncio"}
    assert "pinecall.testing.plugin" in loaded
