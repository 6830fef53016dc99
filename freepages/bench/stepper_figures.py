"""How long a learner waits: from the click on a button of the stepper to the painted picture, in JupyterLab;
what travels for a step, and what stays in the page.

The map is the worst there is: no two neighbouring pages have the same state, every step changes every eighth
page, and a bitmap lies beside it. Beside it the whole machine is stepped. Needs a checkout, whose tests bring
the rig, with Playwright and Chromium.

Two animation frames pass before something is known to be painted: `floor_ms` is what that takes in the same
page where next to nothing changes.

Clicks are as far apart as steps where a stepper plays at its fastest. Steps that come one right after the
other have a row of their own. There a new step waits for the network as well: the kernel says "busy" and then
answers, and TCP holds back the second of two small segments until the first is acknowledged (RFC 896), which
the other side may put off for 40 ms.
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
from freepages.engine import Process, Run, Scenario, Steps
from freepages.engine.errors import FreepagesError
from freepages.lab.stepper import Stepper
from freepages.scenarios.machine.scenario import one_machine
from freepages.view.frame import Bits, Frame, PageMap, State

SIZES = (64, 4096, 65536)  # pages
CLICKS = 20
FETCHED = 4000  # milliseconds, after which the known views are in the page
APART = 200  # milliseconds between two steps where play is at its fastest
STEPS, MANY = 50, 1000  # of which the payload is the median, and of which it is added up
BACK, FORWARD = "one step back", "one step forward"
CLICKED = (("forward", FORWARD), ("back", BACK))  # within known views
BEGIN = "w16w h h0r"  # of the machine: the guest is asked
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


FLOOR = """() => new Promise(done => {
    const start = performance.now();
    document.querySelector('.fp-svg').style.outline = 'none';
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""

# From running the cell, whose imports are done, to the painted picture.
FIRST_VIEW = """() => new Promise(done => {
    const start = performance.now();
    const seen = new MutationObserver(() => {
        if (!document.querySelector('.fp-svg')) return;
        seen.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    });
    seen.observe(document.body, {childList: true, subtree: true});
    window.jupyterapp.commands.execute('notebook:run-cell');
})"""
RUN_AND_NEXT = "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"


def mixed(pages: int) -> Scenario:
    """A stretch of pages of which no two neighbours are alike, an eighth of them changed by every step."""

    def build() -> tuple[NDArray[np.uint8], list[Process]]:
        owners = (np.arange(pages) % len(STATES)).astype(np.uint8)

        def change() -> Steps:
            for number in range(2000):
                yield "changes every eighth page"
                part = owners[number % len(STATES) :: len(STATES)]
                part[:] = (part + 3) % len(STATES)  # both neighbours stay different

        return owners, [Process("g", "guest", change())]

    def picture(run: Run) -> Frame:
        bits = (b"\0\1" if len(run.steps) % 2 else b"\1\0") * (pages // 2)
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
                yield _payload(f"{pages} pages", Stepper(mixed(pages)), pages == SIZES[0])
                made = f"Stepper(mixed({pages}), 'g' * {CLICKS})"
                yield from _clicks(lab, Path(folder, f"{pages}-pages.ipynb"), f"{pages} pages", made)
            yield _payload("the machine", Stepper(one_machine(), BEGIN, ""))
            made = f"Stepper(one_machine(), '{BEGIN}', '')"
            yield from _clicks(lab, Path(folder, "machine.ipynb"), "the machine", made, known=False)
            browser.close()
        finally:
            server.stop()


def _clicks(lab: Any, notebook: Path, what: str, made: str, known: bool = True) -> Iterator[Row]:
    """The first view of a stepper; steps within what is known, if any is; and new ones."""
    imports = (
        "from freepages.bench.stepper_figures import mixed\n"
        "from freepages.lab.stepper import Stepper\n"
        "from freepages.scenarios.machine.scenario import one_machine"
    )
    cells = [nbformat.v4.new_code_cell(source) for source in (imports, made)]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), notebook)
    page = lab.open(notebook)
    lab.evaluate(page, RUN_AND_NEXT)
    page.wait_for_timeout(FETCHED)
    yield {"what": what, "step": "first view", "painted_ms": round(lab.evaluate(page, FIRST_VIEW))}
    page.wait_for_timeout(FETCHED)
    if known:
        page.get_by_role("button", name="to the beginning", exact=True).first.click()
        page.wait_for_timeout(FETCHED)
        for step, name in CLICKED:
            yield {"what": what, "step": step} | _times(lab, page, name)
        page.get_by_role("button", name="to the end", exact=True).first.click()
        page.wait_for_timeout(FETCHED)
    yield {"what": what, "step": "new step"} | _times(lab, page, FORWARD)
    if known:  # the machine's story has no more steps
        yield {"what": what, "step": "new step at once"} | _times(lab, page, FORWARD, apart=0)
    lab.close(page)


def _times(lab: Any, page: Any, button: str, apart: float = APART) -> Row:
    """Medians of a number of clicks on that button, in milliseconds."""
    times = []
    for _ in range(CLICKS):
        page.wait_for_timeout(apart)
        times.append((*lab.evaluate(page, CLICK, button), lab.evaluate(page, FLOOR)))
    medians = map(median, zip(*times, strict=True))
    return {
        key: round(ms, 1) for key, ms in zip(("changed_ms", "painted_ms", "floor_ms"), medians, strict=True)
    }


def _payload(what: str, stepper: Stepper, many: bool = False) -> Row:
    """What travels for a new step, and what a page keeps of many, in characters of JSON."""
    stepper.answer({"do": "hello"})
    begin, steps = stepper.player.position, MANY if many else STEPS // 2
    sizes = [len(json.dumps(stepper.answer({"do": "ahead", "number": begin + n}))) for n in range(steps)]
    row: Row = {"what": what, "step": "new step", "payload_kB": round(median(sizes[:STEPS]) / 1e3, 1)}
    return row | ({"kept_MB": round(sum(sizes) / 1e6, 2), "steps": steps} if many else {})
