"""The explorer and the picture in a real JupyterLab."""

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect
from rewrite_notebooks import METADATA

from tests.browser.lab import Lab

SOURCE = """\
import numpy as np
from freepages import Explorer, Picture
from freepages.view.frame import Frame, PageMap, State
states = np.array([State.FREE, State.KERNEL], np.uint8)[np.arange(1_300_000) // 1000 % 2]
frame = Frame("a large one", [PageMap("memory", 0, states)])
Explorer(frame)
"""


def test_a_large_map_is_clicked_dragged_and_typed_at(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "explorer.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in (SOURCE, "Picture(frame, (0, 64))")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)
    page = lab.open(path, width=1280, height=800, dark=True)
    lab.run_all(page)
    explorer = page.locator(".fp-explorer")
    said, strip = explorer.locator(".fp-range"), explorer.get_by_role("slider")
    expect(said).to_have_text("pages 0 to 1,299,999 of 1,300,000")
    explorer.locator(".fp-pagemap .fp-cells").first.click()  # in its middle
    expect(said).to_have_text(re.compile(r"pages (5|6)\d\d,\d\d\d to (6|7)\d\d,\d\d\d of"))
    explorer.get_by_label("go to pfn").fill("1,234,567")
    explorer.get_by_label("go to pfn").press("Enter")
    expect(said).to_have_text("pages 1,234,311 to 1,234,822 of 1,300,000")
    strip.press("ArrowRight")
    expect(said).to_have_text("pages 1,234,567 to 1,235,078 of 1,300,000")
    box = strip.bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + 9, steps=3)
    page.mouse.up()
    expect(said).to_have_text(re.compile(r"pages \d,\d\d\d to"))
    explorer.get_by_label("go to pfn").fill("9999999")
    explorer.get_by_label("go to pfn").press("Enter")
    expect(said).to_have_text("no page 9999999 here: there are 0 to 1,299,999")
    explorer.get_by_role("button", name="show all pages").click()
    expect(said).to_have_text("pages 0 to 1,299,999 of 1,300,000")
    ink = page.locator(".fp-still text").first.evaluate("e => getComputedStyle(e).fill")
    assert sum(map(int, re.findall(r"\d+", ink)[:3])) > 500  # light ink: it follows the theme
    outputs = lab.cells(page)[1]["outputs"][0]
    assert outputs["metadata"]["image/png"]["alt"]
    assert lab.complaints(page) == []


@pytest.mark.slow
def test_the_explorer_keeps_its_height(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "height.ipynb"
    cells = [nbformat.v4.new_code_cell(SOURCE)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)
    page = lab.open(path, width=1280, height=800)
    lab.run_all(page)
    explorer = page.locator(".fp-explorer")
    said, picture = explorer.locator(".fp-range"), explorer.locator(".fp-svg")
    heights = []

    def note(words: str) -> None:
        expect(said).to_contain_text(words)
        outer, inner = explorer.bounding_box(), picture.bounding_box()
        assert outer and inner and inner["y"] + inner["height"] < outer["y"] + outer["height"]
        heights.append(outer["height"])

    note("pages 0 to 1,299,999")
    explorer.get_by_label("go to pfn").fill("1,234,567")
    explorer.get_by_label("go to pfn").press("Enter")
    note("pages 1,234,311")
    explorer.get_by_role("button", name="show a quarter of the pages").click()
    note("pages 1,234,503")
    explorer.get_by_role("button", name="show all pages").click()
    note("pages 0 to 1,299,999")
    assert max(heights) - min(heights) < 1
