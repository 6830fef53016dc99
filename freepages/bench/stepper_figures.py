"""How long a learner waits: from the click on a button of the stepper to the painted picture, in JupyterLab;
and what travels for a step.

The map is the worst there is: no two neighbouring pages have the same state, every step changes every eighth
page, and a bitmap lies beside it. Needs a checkout, whose tests bring the rig, with Playwright and Chromium.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import numpy as np
from numpy.typing import NDArray

from freepages.bench import Row
from freepages.engine.errors import FreepagesError
from freepages.engine.run import Process, Run, Scenario, Steps
from freepages.lab.stepper import Stepper
from freepages.view.frame import Bits, Frame, PageMap, State

SIZES = (64, 4096, 65536)  # pages
CLICKS = 20
FETCHED = 4000  # milliseconds, after which the known views are in the page
STEPS = 50  # of which the payload is added up
BACK, FORWARD = "one step back", "one step forward"
CLICKED = (("back", BACK), ("forward", FORWARD), ("new step", FORWARD))  # the first two within known views
STATES = np.array([state for state in State if state is not State.HOLE], np.uint8)

# From the click to the svg that says the next step, and on to the second animation frame after it.
CLICK = """name => new Promise(done => {
    const step = () => Number(document.querySelector('.fp-svg').dataset.step);
    const now = step(), start = performance.now();
    const seen = new MutationObserver(() => {
        if (step() === now) return;
        seen.disconnect();
        const changed = performance.now() - start;
        requestAnimationFrame(() => requestAnimationFrame(() => done([changed, performance.now() - start])));
    });
    seen.observe(document.querySelector('.fp-stepper'), {childList: true, subtree: true});
    document.querySelector(`.fp-stepper button[title='${name}']`).click();
})"""


def mixed(pages: int) -> Scenario:
    """A stretch of pages of which no two neighbours are alike, an eighth of them changed by every step."""

    def build() -> tuple[NDArray[np.uint8], list[Process]]:
        owners = (np.arange(pages) % len(STATES)).astype(np.uint8)

        def change() -> Steps:
            for number in range(1000):
                yield "changes every eighth page"
                part = owners[number % len(STATES) :: len(STATES)]
                part[:] = (part + 3) % len(STATES)  # both neighbours stay different

        return owners, [Process("g", "guest", change())]

    def picture(run: Run) -> Frame:
        bits = np.arange(pages) % 2 == len(run.steps) % 2
        return Frame("mixed", (PageMap("memory", 0, STATES[run.world]), Bits("bitmap", 0, bits)))

    return Scenario("mixed", f"{pages:,} pages, no two neighbours alike", build, picture)


def rows() -> Iterator[Row]:
    try:
        from playwright.sync_api import sync_playwright

        from tests.browser.lab import NO_CHROMIUM, Lab, Server, chromium_path, launch
    except ImportError as fault:
        raise FreepagesError(
            f"run it as python -m freepages in a checkout, with Playwright: {fault}"
        ) from None
    if chromium_path() is None:
        raise FreepagesError(NO_CHROMIUM)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (notebooks := Path(folder, "notebooks")).mkdir()
        server = Server(Path(folder, "lab"), notebooks)
        try:
            browser = launch(playwright)
            lab = Lab(server, browser)
            for pages in SIZES:
                yield _payload(pages)
                yield from _clicks(lab, Path(folder, f"{pages}-pages.ipynb"), pages)
            browser.close()
        finally:
            server.stop()


def _clicks(lab: Any, notebook: Path, pages: int) -> Iterator[Row]:
    source = (
        "from freepages.bench.stepper_figures import mixed\n"
        "from freepages.lab.stepper import Stepper\n"
        f"Stepper(mixed({pages}), 'g' * {CLICKS})"
    )
    cells = [nbformat.v4.new_code_cell(source)]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), notebook)
    page = lab.open(notebook)
    lab.run_all(page)
    page.locator(".fp-svg").wait_for()
    page.wait_for_timeout(FETCHED)
    for what, name in CLICKED:
        times = [lab.evaluate(page, CLICK, name) for _ in range(CLICKS)]
        changed, painted = (median(column) for column in zip(*times, strict=True))
        yield {
            "pages": pages,
            "step": what,
            "changed_ms": round(changed, 1),
            "painted_ms": round(painted, 1),
        }
    lab.close(page)


def _payload(pages: int) -> Row:
    """What travels for a new step, and what a page keeps of many, in characters of JSON."""
    stepper = Stepper(mixed(pages))
    stepper.answer({"do": "hello"})
    sizes = [len(json.dumps(stepper.answer({"do": "ahead", "number": n}))) for n in range(STEPS)]
    return {"pages": pages, "step": "new step", "payload_kB": round(median(sizes) / 1e3, 1)} | {
        "kept_kB": round(sum(sizes) / 1e3),
        "steps": STEPS,
    }
