"""The game in a real JupyterLab: the machine searches while the page stays alive, and shows its way."""

from pathlib import Path

import nbformat
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
    page = lab.open(path)
    lab.run_all(page)
    game = page.locator(".fp-stepper").first
    score, typed = game.locator(".fp-score"), game.get_by_label("schedule")
    expect(score).to_have_text("0 moves. No page is lost yet.", timeout=30_000)

    typed.fill("h h0r g g w0a")
    expect(game.locator(".fp-status")).to_contain_text("waits for the zone lock, held by the driver")
    expect(score).to_have_text("4 moves. No page is lost yet.")
    typed.fill("h h0r g g g g g w0a w0w w0w h0y h0t h0x")
    expect(score).to_contain_text("Lost, in 13 moves: page 0 should hold")

    game.get_by_role("button", name="machine").click()
    expect(score).to_contain_text("The machine loses a page in 12 moves", timeout=30_000)
    expect(score).to_contain_text("you needed 13")
    game.get_by_role("button", name="end").click()
    expect(score).to_contain_text("Lost, in 12 moves")
    game.get_by_role("button", name="my moves").click()
    expect(score).to_contain_text("Lost, in 13 moves")
    assert lab.complaints(page) == []
    lab.close(page)
