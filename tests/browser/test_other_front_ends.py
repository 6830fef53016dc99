"""The stepper in Notebook 7 and in Voila, by mouse and keys, light and dark."""

import re
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect
from rewrite_notebooks import METADATA

from tests.browser.lab import Lab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("notebook") and find_spec("voila")), reason="needs notebook and voila (extra test)"
    ),
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "stepper.ipynb"
    cell = nbformat.v4.new_code_cell(
        "from freepages import Stepper\n"
        "from freepages.lab.shipped import shipped_scenario\n"
        "Stepper(shipped_scenario('free-page-bitmap'))"
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), path)
    return path


def steps_by_mouse_and_keys(page: Page) -> None:
    """Forward in what is known, on to what only the kernel knows, and back; and no key leaves the stepper."""
    stepper = page.locator(".fp-stepper")
    forward = stepper.get_by_role("button", name="one step forward", exact=True)
    said = stepper.locator(".fp-say > div")
    done, coming = said.first, said.last

    def at(step: int) -> None:
        expect(stepper.locator(".fp-picture .fp-svg")).to_have_attribute("data-step", str(step))

    expect(done).to_have_text("At the beginning.")
    expect(coming).to_have_text("The guest takes zone Normal's lock.")
    forward.click()
    at(1)
    expect(done).to_contain_text("The guest takes zone Normal's lock.")
    expect(coming).to_have_text(re.compile("The guest marks"))
    for key, step in (("ArrowRight", 2), ("ArrowLeft", 1), ("x", 1), ("d", 1), ("d", 1), ("Home", 0)):
        page.keyboard.press(key)
        at(step)
    stepper.get_by_role("button", name="move the workload", exact=True).click()  # another run from here
    at(1)
    expect(done).to_contain_text("The workload asks for order 0")
    forward.click()
    at(2)
    expect(stepper.get_by_label("schedule")).to_have_value("w0a g")
    all_in_the_window(page)


def all_in_the_window(page: Page) -> None:
    """From the controls to the first map, once it is scrolled to."""
    stepper, high = page.locator(".fp-stepper"), page.evaluate("() => innerHeight")
    stepper.evaluate("element => element.scrollIntoView()")
    for part in (".fp-bar", ".fp-say", ".fp-code .now", ".fp-picture"):
        box = stepper.locator(part).first.bounding_box()
        assert box and 0 <= box["y"] and box["y"] + box["height"] <= high, part


def paper_is_dark(page: Page) -> bool:
    color = page.locator(".fp-stepper").evaluate("element => getComputedStyle(element).backgroundColor")
    return max(map(int, re.findall(r"\d+", color)[:3])) < 64


def test_notebook_7(lab: Lab, notebook: Path) -> None:
    page = lab.open(notebook, width=1280, height=800, address="notebooks/{path}")
    lab.run_all(page)
    steps_by_mouse_and_keys(page)
    assert [cell["cell_type"] for cell in lab.cells(page)] == ["code"] and not paper_is_dark(page)
    lab.screenshot(page, "notebook-7")
    lab.theme(page, dark=True)
    assert paper_is_dark(page)
    lab.screenshot(page, "notebook-7-dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_voila(lab: Lab, notebook: Path, theme: str) -> None:
    page = lab.visit(notebook, "voila/render/{path}", query=f"&theme={theme}", width=1280, height=800)
    steps_by_mouse_and_keys(page)
    assert paper_is_dark(page) == (theme == "dark")
    assert not [one for one in lab.complaints(page) if one.startswith("uncaught")]
    lab.screenshot(page, f"voila-{theme}")
    page.set_viewport_size({"width": 1240, "height": 600})  # of 1920x1080 at 150 %
    expect(page.locator(".fp-folded")).to_be_visible()
    all_in_the_window(page)
