"""The game in a real JupyterLab: the machine searches while the page stays alive, and shows its way."""

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect
from rewrite_notebooks import METADATA

from tests.browser.lab import Lab

SOURCE = """\
from freepages import Game
from freepages.scenarios.debate import debate
Game(debate("no_wait"))
"""


def test_a_page_is_lost_by_hand_and_then_by_the_machine(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "game.ipynb"
    cell = nbformat.v4.new_code_cell(SOURCE)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), path)
    page = lab.open(path, width=1280, height=800)
    lab.run_all(page)
    game = page.locator(".fp-stepper")
    banner, field = game.locator(".fp-banner"), game.get_by_label("schedule")

    def button(name: str | re.Pattern[str]):
        return game.get_by_role("button", name=name)

    expect(banner).to_contain_text("0 moves. No page is lost yet.")
    mine = "w0a w0f h h0r g g g g g w0a w0w h0y h0t h0x"
    field.fill(mine)
    expect(banner).to_contain_text("Lost, in 14 moves")
    expect(banner).to_have_class(re.compile("fp-lost"))
    expect(button("move the workload")).to_have_attribute("aria-disabled", "true")
    button("from the last write of that page").click()
    expect(game.locator(".fp-picture svg")).to_have_attribute("data-step", "11")
    expect(game.locator(".fp-picture svg")).to_have_attribute("data-step", "14", timeout=15_000)
    for _ in range(2):  # twice: mine are still mine
        button(re.compile("^let the machine")).click()
        expect(field).to_have_value("", timeout=20_000)
        expect(banner).to_contain_text("The machine loses a page in 12 moves")
        lab.screenshot(page, "game")
        button("to the end").click()
        expect(banner).to_contain_text("Lost, in 12 moves")
    button("back to the moves that you made").click()
    expect(field).to_have_value(mine)
    assert lab.complaints(page) == []


@pytest.mark.slow
def test_a_long_search_counts_its_states(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "long.ipynb"
    cell = nbformat.v4.new_code_cell(SOURCE.replace('"no_wait"', '"request_id"'))
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=METADATA), path)
    page = lab.open(path, width=1280, height=800)
    lab.run_all(page)
    banner = page.locator(".fp-banner")
    page.locator(".fp-stepper").get_by_role("button", name=re.compile("^let the machine")).click()
    counted = [0]
    while len(counted) < 3:
        expect(banner).to_contain_text(re.compile(f"searches: (?!{counted[-1]:,} )[\\d,]+ states"))
        found = re.search(r"searches: ([\d,]+) states", banner.inner_text())
        assert found
        counted.append(int(found[1].replace(",", "")))
    assert counted == sorted(set(counted))
    expect(banner).to_contain_text("The machine has seen every order of moves")
    assert lab.complaints(page) == []
