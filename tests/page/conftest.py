"""A browser, and services to look at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def wsdl(root: Path) -> Path:
    """The folder with the project's own contracts."""
    return root / "wsdl"


@pytest.fixture(scope="module")  # no longer: while playwright is there, no other event loop can run
def chromium(missing_peer: Callable[[str], None]) -> Iterator[Any]:
    """Debian's Chromium, driven by playwright."""
    program = shutil.which("chromium")
    if program is None:
        missing_peer("chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Any]]:
    """A function that opens an address in a window of its own, and gives the page. What the console said is in
    ``page.told``: a message there fails the test, but for those that it expects."""
    contexts: list[Any] = []
    pages: list[Any] = []

    def opened(address: str, *, console: tuple[str, ...] = (), **settings: Any) -> Any:
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.told = []
        page.expected = console
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(f"error: {error}"))
        pages.append(page)
        page.goto(address)
        return page

    yield opened
    told = [text for page in pages for text in page.told if not any(known in text for known in page.expected)]
    for context in contexts:
        context.close()
    assert told == []
