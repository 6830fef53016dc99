"""The stepper in a real JupyterLab: by mouse and by keyboard, in light and dark, and where no kernel runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect
from rewrite_notebooks import METADATA, rewrite

from tests.browser.lab import Lab

SOURCE = """\
from freepages.scenarios.bitmap_builder import free_page_bitmap
from freepages.lab.stepper import Stepper
stepper = Stepper(free_page_bitmap(), {schedule!r})
"""


def written(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)
    return path


@pytest.fixture(scope="module")
def shown(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One stepper for all tests that can share it, shown twice."""
    source = SOURCE.format(schedule="") + "stepper"
    page = lab.open(written(tmp_path_factory.mktemp("stepper") / "stepper.ipynb", source, "stepper"))
    lab.run_all(page)
    picture(page).wait_for()
    page.set_default_timeout(20_000)
    yield page
    assert lab.complaints(page) == []
    lab.close(page)


@pytest.fixture
def page(lab: Lab, shown: Page) -> Page:
    """The shared stepper at its beginning, with nothing undone."""
    shown.set_viewport_size({"width": 1400, "height": 1000})
    lab.theme(shown, dark=False)
    go(shown, "ggw0a")
    go(shown, "")
    return shown


def stepper(page: Page) -> Locator:
    return page.locator(".fp-stepper").first


def picture(page: Page) -> Locator:
    return stepper(page).locator(".fp-svg")


def at(page: Page, step: int) -> None:
    expect(picture(page)).to_have_attribute("data-step", str(step))


def button(page: Page, name: str) -> Locator:
    return stepper(page).get_by_role("button", name=name)


def schedule(page: Page) -> Locator:
    return stepper(page).get_by_role("textbox", name="schedule")


def status(page: Page) -> Locator:
    return stepper(page).get_by_role("status")


def go(page: Page, typed: str) -> None:
    schedule(page).fill(typed)
    at(page, len(re.findall("[a-z]([0-9]+[a-z])?", typed)))


def test_by_mouse_every_button_does_what_it_says(page: Page) -> None:
    expect(button(page, "back")).to_be_disabled()
    button(page, "forward").click()
    at(page, 1)
    expect(schedule(page)).to_have_value("g")
    expect(stepper(page).get_by_role("log")).to_contain_text("takes zone Normal's lock")
    button(page, "guest (g)").click()
    at(page, 2)
    button(page, "workload (w)").click()  # with the first choice of its list
    at(page, 3)
    expect(schedule(page)).to_have_value("gg w0a")
    expect(button(page, "workload (w)")).to_be_disabled()
    expect(stepper(page).locator(".fp-remark:visible").last).to_have_text(
        "waits for zone Normal's lock, held by guest"
    )
    button(page, "back").click()
    at(page, 2)
    button(page, "end").click()
    at(page, 3)
    button(page, "reset").click()
    at(page, 0)


def test_the_lit_line_and_the_picture_go_with_the_step(page: Page) -> None:
    go(page, "gg")
    expect(stepper(page).locator(".running .now").first).to_contain_text("yield MARKS, low, high")
    expect(stepper(page).locator(".fp-pagemap .s-yellow").first).to_be_attached()
    before = picture(page).inner_html()
    button(page, "forward").click()
    at(page, 3)
    assert picture(page).inner_html() != before
    button(page, "back").click()
    at(page, 2)
    assert picture(page).inner_html() == before


@pytest.mark.slow  # beside another worker's work the slider hears of a step too late for the next key
def test_by_keyboard_the_slider_steps_and_buttons_press(page: Page) -> None:
    go(page, "ggg")
    stepper(page).locator("[role=slider]:visible").first.focus()
    keys = ("ArrowLeft", 2), ("ArrowRight", 3), ("ArrowRight", 4), ("Home", 0), ("End", 4), ("End", 5)
    for key, step in keys:
        page.wait_for_timeout(1000)  # the slider hears of the step a moment after the picture
        page.keyboard.press(key)
        at(page, step)
    button(page, "back").focus()
    page.keyboard.press("Enter")
    at(page, 4)
    page.keyboard.press("Space")
    at(page, 3)


def test_tab_reaches_every_control_in_order(page: Page) -> None:
    go(page, "g")
    schedule(page).focus()
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { const e = document.activeElement;"
                " return e.getAttribute('role') || e.textContent.trim() || e.tagName; }"
            )
        )
    wanted = ["reset", "back", "slider", "forward", "end", "play", "guest (g)", "workload (w)", "log"]
    assert [name for name in reached if name in wanted][: len(wanted)] == wanted


def test_typed_letters_move_and_backspace_goes_back(page: Page) -> None:
    schedule(page).focus()
    page.keyboard.type("gg", delay=20)
    at(page, 2)
    page.keyboard.type("w0", delay=20)
    expect(status(page)).to_contain_text("go on typing: workload may choose 0a")
    at(page, 2)
    page.keyboard.type("a", delay=20)
    at(page, 3)
    page.keyboard.type("w", delay=20)
    expect(status(page)).to_contain_text("waits for zone Normal's lock, held by guest")
    expect(schedule(page)).to_have_value("ggw0aw")
    page.keyboard.press("Backspace")
    expect(status(page)).to_contain_text("step 3 of 3")
    for _ in range(5):
        page.keyboard.press("Backspace")
    at(page, 0)


def test_fast_typing_loses_no_letter(page: Page) -> None:
    schedule(page).focus()
    page.keyboard.type("g" * 10)
    at(page, 10)
    expect(schedule(page)).to_have_value("g" * 10)


def test_a_schedule_can_be_pasted_and_a_wrong_one_is_answered(page: Page) -> None:
    schedule(page).fill("w0a, g g g")
    at(page, 4)
    schedule(page).fill("ggg! g")
    expect(status(page)).to_contain_text("'! g' at character 4 is no move")
    at(page, 3)
    expect(schedule(page)).to_have_value("ggg! g")


def test_play_goes_on_until_it_is_stopped_or_a_choice_is_needed(page: Page) -> None:
    stepper(page).locator("select:visible", has_text="× 4").select_option("× 4")
    button(page, "play").click()
    expect(picture(page)).to_have_attribute("data-step", re.compile("[2-9]"))
    button(page, "play").click()
    page.wait_for_timeout(500)
    stopped = picture(page).get_attribute("data-step")
    page.wait_for_timeout(700)
    assert picture(page).get_attribute("data-step") == stopped
    button(page, "play").click()
    expect(status(page)).to_contain_text("next is a choice of workload", timeout=20_000)
    expect(button(page, "play")).to_be_disabled()


def test_two_views_show_the_same_step(page: Page) -> None:
    button(page, "forward").click()
    for view in (0, 1):
        expect(page.locator(".fp-stepper .fp-svg").nth(view)).to_have_attribute("data-step", "1")


@pytest.mark.parametrize("width", [1400, 1000, 700])
def test_nothing_moves_while_stepping_at_any_width(lab: Lab, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    go(page, "g")
    expect(status(page)).to_contain_text("step 1 of")
    before = page.evaluate(PLACES)
    for step in range(2, 6):
        button(page, "forward").click()
        expect(status(page)).to_contain_text(f"step {step} of")
        assert page.evaluate(PLACES) == before
    over = stepper(page).evaluate("e => e.scrollWidth - e.clientWidth")
    assert over <= 0
    lab.screenshot(page, f"stepper-{width}")


PLACES = """() => {
    const whole = document.querySelector('.fp-stepper'), home = whole.getBoundingClientRect();
    return [...whole.querySelectorAll('button, .fp-svg, .fp-log, .fp-who')]
        .map(e => e.getBoundingClientRect()).filter(r => r.width)
        .map(r => [r.x - home.x, r.y - home.y, r.width, r.height].map(Math.round).join());
}"""


@pytest.mark.parametrize("dark", [False, True])
def test_ink_stands_out_from_paper_in_both_themes(lab: Lab, page: Page, dark: bool) -> None:
    go(page, "w0aggg")
    lab.theme(page, dark=dark)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    lab.screenshot(page, f"stepper-{'dark' if dark else 'light'}")
    ratios = page.evaluate(CONTRASTS)
    assert len(ratios) > 20
    assert {text: ratio for text, ratio in ratios.items() if ratio < 3} == {}


# The contrast (WCAG 2) between the colour of each text of the widget's HTML and what lies behind it.
CONTRASTS = """() => {
    const parse = colour => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const light = rgb => rgb.map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const over = ([r, g, b, a = 1], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
    const paper = e => e
        ? over(parse(getComputedStyle(e).backgroundColor), paper(e.parentElement))
        : [255, 255, 255];
    const ratios = {};
    for (const e of document.querySelectorAll('.fp-stepper :not(svg *):not(style):not(option)')) {
        const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
        if (!text || e.closest('button:disabled') || e.closest('.caller')) continue;
        const under = paper(e), a = light(over(parse(getComputedStyle(e).color), under)), b = light(under);
        ratios[text] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }
    return ratios;
}"""


def test_without_a_kernel_the_picture_is_shown(lab: Lab, tmp_path: Path) -> None:
    """As a reader sees a committed notebook that was never run there."""
    path = written(tmp_path / "still.ipynb", SOURCE.format(schedule="gg") + "stepper")
    rewrite(path)
    page = lab.open(path)
    image = page.locator(".jp-OutputArea img").first
    image.wait_for()
    assert image.evaluate("e => e.naturalWidth") > 600
    assert page.locator(".fp-stepper").count() == 0
    assert lab.complaints(page) == []
