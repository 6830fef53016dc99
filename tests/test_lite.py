"""The site that `make lite` builds: notebooks run in the browser, and nobody else is asked for anything."""

import json
import os
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, sync_playwright
from stored_notebooks import NOTEBOOKS

from tests.browser.lab import CELLS, FLAGS, KERNEL_IS_READY, NO_CHROMIUM, RACE, RUN_ALL, chromium_path

SITE = Path(__file__).resolve().parent.parent / "build" / "lite"
SECONDS = 300  # Python is compiled in the page and its packages unpacked: long where others work too
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site is not built (make lite)"),
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    """Where the site is served, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def context() -> Iterator[BrowserContext]:
    """A browser that has nothing kept, and to which every other machine's name is unknown."""
    if chromium_path() is None:
        if os.environ.get("FREEPAGES_REQUIRE_BROWSER"):
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, alone])
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(SECONDS * 1000)
        yield context
        browser.close()


def told(cell: dict[str, Any]) -> tuple[str, list[str]]:
    """What a cell printed, and its results and errors as text."""
    outputs = cell.get("outputs", [])
    results = [
        "".join(one["data"]["text/plain"]) if "data" in one else f"{one['ename']}: {one['evalue']}"
        for one in outputs
        if one["output_type"] != "stream"
    ]
    return "".join("".join(one["text"]) for one in outputs if one["output_type"] == "stream"), results


@pytest.mark.parametrize("name", ["01-buddy-zones.ipynb", "03-virtqueue.ipynb"])
def test_a_notebook_says_in_the_browser_what_is_stored(name: str, home: str, context: BrowserContext) -> None:
    page = context.new_page()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}lab/index.html?path={name}")
    page.locator(".jp-Notebook").first.wait_for()
    for function in (KERNEL_IS_READY, RUN_ALL):
        page.evaluate(RACE, [function, None, SECONDS * 1000])
    stored = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    here = [told(cell) for cell in page.evaluate(CELLS)]
    assert here == [told(cell) for cell in stored]

    stepper = page.locator(".jp-Cell", has=page.locator(".fp-picture")).first
    stepper.scroll_into_view_if_needed()
    picture = stepper.locator(".fp-picture .fp-svg").first
    step = int(picture.get_attribute("data-step") or 0)
    way, then = ("back", step - 1) if step else ("forward", 1)
    stepper.get_by_role("button", name=f"one step {way}", exact=True).click(timeout=60_000)
    stepper.locator(f".fp-picture .fp-svg[data-step='{then}']").first.wait_for(timeout=60_000)

    assert any("python_stdlib.zip" in url for url in asked)  # so the kernel's own requests are heard too
    assert not [url for url in asked if not re.match(rf"{re.escape(home)}|data:|blob:", url)]
