"""A real Chromium on the whole site, served on a free loopback port."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from hub.store.database import Database
from tests.web.build import fill
from tests.web.conftest import Site, make_site


@pytest.fixture(scope="session")
def browser(peer_unavailable: Callable[[str], NoReturn]) -> Iterator[Browser]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        peer_unavailable(
            "no Chromium on this machine; the console is not tested in a browser (apt-get install chromium)"
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=binary, args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    database = Database(database_url)
    with database.begin() as conn:
        fill(conn)
    yield make_site(database)
    database.close()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that provokes a complaint takes it out again."""
    return []


@pytest.fixture
def open_page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Open a page; what the browser complained about must be nothing when the test ends."""
    contexts: list[BrowserContext] = []

    def open_(path: str = "/", lang: str = "en-GB", **options: Any) -> Page:
        context = browser.new_context(locale=lang, base_url=address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(address) else None)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
