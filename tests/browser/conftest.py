"""The browser tests' fixtures: one JupyterLab and one headless Chromium for all of them.

They come last in a run. Playwright keeps an event loop running in the main thread from its first call on,
and whatever else wants a loop there (nbval's and nbclient's kernels) must have had it by then.
"""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from stored_notebooks import NOTEBOOKS

from tests.browser.lab import NO_CHROMIUM, Lab, Server, chromium_path, launch

HERE = Path(__file__).parent
TEST_SECONDS = 300
expect.set_options(timeout=30_000)  # a kernel on a busy machine answers late


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: HERE in item.path.parents)


def pytest_runtest_setup() -> None:
    """Skip all tests of this folder from one place, so that the summary has one line for them."""
    if chromium_path() is None:
        if os.environ.get("FREEPAGES_REQUIRE_BROWSER"):
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab over copies of the shipped notebooks; see `Lab` for what a test can do with it."""
    server = Server(tmp_path_factory.mktemp("lab"), NOTEBOOKS)
    try:
        yield Lab(server, browser)
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def closed_afterwards(lab: Lab) -> Iterator[None]:
    """Close the pages that a test opened itself; those of a wider fixture stay."""
    before = list(lab.pages)
    yield
    for page in [page for page in lab.pages if page not in before]:
        lab.close(page)


@pytest.fixture(autouse=True)
def time_limit(browser: Browser) -> Iterator[None]:
    """A page that hangs altogether would hold the test for ever: then the browser is killed under it."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    [pid] = [process["id"] for process in processes if process["type"] == "browser"]
    timer = threading.Timer(TEST_SECONDS, os.kill, [pid, signal.SIGKILL])
    timer.start()
    yield
    timer.cancel()
