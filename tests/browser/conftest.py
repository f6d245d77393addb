"""Tests in a real browser: headless Chromium against real servers on this machine.

Needs the packages of the ``test`` and ``web`` groups (starlette, uvicorn, fastapi, itsdangerous) and
Chromium: ``apt-get install chromium``, or $CHROMIUM says where it is. Without Chromium the tests are
skipped; with CI set they fail instead, so that nothing passes unseen. No chromedriver is needed.

``PINECALL_SCREENSHOT=1`` makes test_dashboard.py write docs/dashboard.png anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

for _needed in ("starlette", "uvicorn", "fastapi", "itsdangerous"):
    if not os.environ.get("CI"):
        pytest.importorskip(_needed)

from ..core.hubs import World  # noqa: E402
from .chromium import Chromium, Page, find  # noqa: E402


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    command = find()
    if command is None:
        why = "there is no Chromium: apt-get install chromium, or set $CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    browser = Chromium(command)
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium: Chromium) -> Iterator[Callable[..., Page]]:
    """``open_page(url)``: a page of its own person, closed after the test."""
    pages: list[Page] = []

    def opened(url: str, person: str | None = None) -> Page:
        pages.append(chromium.page(url, person or chromium.person()))
        return pages[-1]

    yield opened
    for page in pages:
        if not page.closed:
            page.close()


@pytest.fixture
def world() -> World:
    return World()
