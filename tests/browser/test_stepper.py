"""The stepper in a real JupyterLab: by mouse, keys and remote, at a projector's size, saved, as a page.

What was once found wrong in a browser, and the tests that hold it; those of other files are named with them:

the picture far below the controls         every_shipped_scenario_fits_the_pane (150 % zoom too)
"model not found" in a saved notebook      saved_closed_and_reopened
letters that reach JupyterLab              keys_stay_inside, letters_move
decisive steps that mark nothing           a_decisive_step_is_outlined, a_panel_that_the_last
"log off" like "log empty"                 a_log_that_is_off_is_no_row_of_zeros
done and next not told apart               done_next_and_changed, who_waits_is_dim, of_many_processes
small letters, faint ones                  fits_the_pane, larger_text, ink_stands_out, tests/view
a log far below the controls               controls_and_log_are_near_each_other
a game that goes on after the loss         test_game: a_page_is_lost_by_hand_and_then_by_the_machine
presses and drags that are lost            and_a_presenters_remote, the_track_is_dragged, what_is_pressed
messages that are cut                      a_schedule_is_pasted
a white picture in the dark                test_picture: a_large_map; tests/lab/test_still: opaque
an explorer without a click                test_picture: a_large_map, the_explorer_keeps_its_height
controls without names, a lost focus       everything_has_a_name, accessibility_tree, by_keyboard_alone
cells run again that leave widgets behind  run_again_a_cell
a search without a sign of life            test_game: a_long_search_counts_its_states
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from rewrite_notebooks import METADATA, rewrite

from freepages.lab.page import page as page_of
from freepages.lab.pool import Pool
from freepages.lab.shipped import shipped, shipped_scenario
from freepages.lab.stepper import Stepper
from tests.browser.lab import Lab

IMPORTS = "from freepages import Stepper\nfrom freepages.lab.shipped import shipped_scenario\n"
PANE = {"width": 822, "height": 679}  # what JupyterLab with its sidebar leaves at 1280x800
ZOOMED = {"width": 1240, "height": 600}  # 1920x1080 at 150 %, without the sidebar


def slow(*names: str) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


def written(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)
    return path


@pytest.fixture(scope="module")
def shown(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One stepper for all tests that can share it, shown twice."""
    source = IMPORTS + "stepper = Stepper(shipped_scenario('free-page-bitmap'))\nstepper"
    path = written(tmp_path_factory.mktemp("stepper") / "stepper.ipynb", source, "stepper")
    page = lab.open(path, width=1280, height=800)
    lab.run_all(page)
    expect(button(page, "one step forward")).to_have_attribute("aria-disabled", "false", timeout=60_000)
    page.set_default_timeout(20_000)
    yield page
    assert lab.complaints(page) == []
    lab.close(page)


@pytest.fixture
def page(lab: Lab, shown: Page) -> Page:
    """The shared stepper at the beginning of its story."""
    lab.theme(shown, dark=False)
    button(shown, "to the beginning of the story").click()
    expect(done(shown)).to_have_text("At the beginning.")
    return shown


def stepper(page: Page) -> Locator:
    return page.locator(".fp-stepper").first


def at(page: Page, step: int) -> None:
    expect(stepper(page).locator(".fp-picture .fp-svg")).to_have_attribute("data-step", str(step))


def button(page: Page, name: str) -> Locator:
    return stepper(page).get_by_role("button", name=name, exact=True)


def done(page: Page) -> Locator:
    return stepper(page).locator(".fp-say > div").first


def coming(page: Page) -> Locator:
    return stepper(page).locator(".fp-say > div").last


def test_by_mouse_every_button_does_what_it_says(page: Page) -> None:
    expect(button(page, "one step back")).to_have_attribute("aria-disabled", "true")
    button(page, "one step forward").click()
    at(page, 1)
    button(page, "move the guest").click()
    at(page, 2)
    stepper(page).get_by_label("workload's choice").select_option(index=1)
    button(page, "move the workload").click()
    at(page, 3)
    expect(stepper(page).get_by_label("schedule")).to_have_value(re.compile("^g g w"))
    expect(button(page, "move the workload")).to_have_attribute("aria-disabled", "true")
    expect(stepper(page).locator(".fp-why:visible").first).to_contain_text("waits for")
    button(page, "to the beginning").click()
    at(page, 0)
    button(page, "to the end").click()
    at(page, 3)


def test_done_next_and_changed_are_said_and_shown_and_whose_move_forward_makes(page: Page) -> None:
    button(page, "one step forward").click()
    expect(done(page)).to_contain_text("The guest takes")
    expect(done(page).locator(".fp-changed").first).to_contain_text("lock")
    expect(coming(page)).to_contain_text("The guest")
    expect(stepper(page).locator("button.fp-ring")).to_have_text(["forward", "guest (g)"])
    sizes = stepper(page).evaluate(
        """root => [...root.querySelectorAll('.fp-say > div, .fp-source .line, .fp-bar button, .fp-log span')]
            .map(e => [e.closest('.fp-say') ? 20 : 13, parseFloat(getComputedStyle(e).fontSize)])"""
    )
    assert len(sizes) > 20 and all(size >= least for least, size in sizes), sizes


@pytest.mark.parametrize(("forward", "back"), [("ArrowRight", "ArrowLeft"), ("PageDown", "PageUp")])
def test_arrows_and_a_presenters_remote_step_and_lose_no_press(page: Page, forward: str, back: str) -> None:
    stepper(page).focus()
    for _ in range(10):
        page.keyboard.press(forward)
    at(page, 10)
    for _ in range(3):
        page.keyboard.press(back)
    at(page, 7)
    page.keyboard.press("Home")
    at(page, 0)
    page.keyboard.press(".")
    expect(stepper(page).locator(".fp-title")).to_be_hidden()
    page.keyboard.press(".")
    expect(stepper(page).locator(".fp-title")).to_be_visible()


def test_the_track_is_dragged_to_where_it_is_left(page: Page) -> None:
    box = stepper(page).get_by_role("slider", name="step").bounding_box()
    assert box
    page.mouse.move(box["x"], box["y"] + 8)
    page.mouse.down()
    for part in range(1, 9):
        page.mouse.move(box["x"] + box["width"] * part / 8, box["y"] + 8)
    page.mouse.up()
    last = int(stepper(page).get_by_role("slider", name="step").get_attribute("aria-valuemax") or 0)
    at(page, last)
    expect(stepper(page).get_by_role("slider", name="step")).to_have_attribute(
        "aria-valuetext", f"step {last} of {last}"
    )


def test_keys_stay_inside(lab: Lab, page: Page) -> None:
    for name in ("one step forward", "go on by itself"):
        button(page, name).focus()
        for key in ("x", "a", "0", "0", "d", "d", "ArrowDown", "b"):
            page.keyboard.press(key)
    assert [cell["cell_type"] for cell in lab.cells(page)] == ["code", "code"]
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(coming(page)).to_contain_text("no process has the letter 'b': there are g (guest), w (workload)")
    at(page, 0)


def test_letters_move_and_a_choice_is_typed(page: Page) -> None:
    stepper(page).focus()
    page.keyboard.type("ggw")
    expect(coming(page)).to_contain_text("workload may choose")
    page.keyboard.type("0a")
    at(page, 3)
    page.keyboard.type("w9")
    expect(coming(page)).to_contain_text("'9' at character 9 is no move")
    page.keyboard.press("Backspace")
    at(page, 2)
    page.keyboard.type("w0x")
    expect(coming(page)).to_contain_text("workload cannot choose '0x'")
    page.keyboard.type("wg")
    at(page, 3)


# What the front end sends arrives a second late, as from a busy kernel.
LATE = """() => {
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...data) { setTimeout(() => send.apply(this, data), 1000); };
    window.inTime = () => { WebSocket.prototype.send = send; };
}"""


def test_what_is_pressed_while_an_answer_is_under_way_comes_after_it(page: Page) -> None:
    page.evaluate(LATE)
    try:
        button(page, "to the beginning of the story").click()
        button(page, "one step forward").click()
        stepper(page).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.type("w1")
        page.keyboard.type("a")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        at(page, 3)
        expect(stepper(page).get_by_label("schedule")).to_have_value("g g w1a")
    finally:
        page.evaluate("() => window.inTime()")


def test_a_schedule_is_pasted_and_a_wrong_one_is_answered_and_loses_nothing(page: Page) -> None:
    field = stepper(page).get_by_label("schedule")
    field.fill("g, g w0a g")
    at(page, 4)
    field.fill("ggg! g")
    expect(coming(page)).to_contain_text("'! g' at character 4 is no move")
    at(page, 3)
    expect(field).to_have_value("ggg! g")
    assert coming(page).evaluate("e => e.scrollWidth <= e.clientWidth")
    field.fill("")
    field.press_sequentially("g" * 10)
    at(page, 10)
    expect(field).to_have_value("g" * 10)


def test_play_goes_on_until_it_is_stopped_and_both_views_go_with_it(page: Page) -> None:
    play = button(page, "go on by itself")
    stepper(page).get_by_label("how fast play is").select_option("× 4")
    play.click()
    expect(play).to_have_attribute("aria-pressed", "true")
    picture = page.locator(".fp-stepper .fp-picture .fp-svg")
    expect(picture.first).to_have_attribute("data-step", re.compile("[2-9]"))
    play.click()
    expect(play).to_have_attribute("aria-pressed", "false")
    before = [picture.nth(view).get_attribute("data-step") for view in (0, 1)]
    page.wait_for_timeout(900)
    assert [picture.nth(view).get_attribute("data-step") for view in (0, 1)] == before
    assert before[0] == before[1]


def test_a_log_row_is_a_link_and_the_key_and_the_menu_open(page: Page) -> None:
    button(page, "to the end").click()
    stepper(page).get_by_role("log").locator("[data-step='9']").click()
    at(page, 9)
    stepper(page).press("?")
    expect(stepper(page).locator(".fp-key")).to_contain_text("guest")
    button(page, "keys and letters").click()
    expect(stepper(page).locator(".fp-key")).to_be_hidden()
    with page.expect_download() as download:
        button(page, "copy and save").click()
        button(page, "save a page that plays").click()
    assert download.value.suggested_filename.endswith(".html")


def test_everything_has_a_name_and_the_focus_stays(page: Page) -> None:
    nameless = stepper(page).evaluate(
        """root => [...root.querySelectorAll('button, select, input, [role=slider]')]
            .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)"""
    )
    assert nameless == []
    back = button(page, "one step back")
    button(page, "one step forward").click()
    back.focus()
    page.keyboard.press("Enter")
    at(page, 0)
    expect(back).to_be_focused()
    assert back.evaluate("e => getComputedStyle(e).outlineWidth") == "2px"


def test_larger_text_is_larger_everywhere(page: Page) -> None:
    size = "() => parseFloat(getComputedStyle(document.querySelector('.fp-source .line')).fontSize)"
    before = page.evaluate(size)
    button(page, "larger").click()
    assert page.evaluate(size) > before * 1.1
    button(page, "smaller").click()
    assert page.evaluate(size) == pytest.approx(before)
    page.evaluate("() => document.body.style.setProperty('--jp-code-font-size', '20px')")
    assert page.evaluate(size) == pytest.approx(before * 20 / 13)
    page.evaluate("() => document.body.style.removeProperty('--jp-code-font-size')")


@pytest.mark.parametrize("dark", [False, True])
def test_ink_stands_out_from_paper_in_both_themes(lab: Lab, page: Page, dark: bool) -> None:
    stepper(page).press("End")
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
        if (!text || e.closest('[aria-disabled=true], .caller, .fp-waits, .fp-unseen')) continue;
        const under = paper(e), a = light(over(parse(getComputedStyle(e).color), under)), b = light(under);
        ratios[text] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }
    return ratios;
}"""


def test_a_kernel_that_is_gone_is_said_and_what_is_here_plays_on(lab: Lab, tmp_path: Path) -> None:
    page = lab.open(
        written(tmp_path / "gone.ipynb", IMPORTS + "Stepper(shipped_scenario('zone'), 'c0a c c')")
    )
    lab.run_all(page)
    stepper(page).focus()
    page.wait_for_timeout(1500)  # the views around the present are fetched
    lab.evaluate(page, RESTART)
    page.keyboard.press("ArrowLeft")
    at(page, 2)
    page.keyboard.type("c")
    expect(coming(page)).to_contain_text("No kernel answers.", timeout=8_000)
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", 20)):
        page.keyboard.press(key)
        at(page, step)
    assert lab.complaints(page) == []


RESTART = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    await kernel.restart();
    await kernel.info;
}"""


@pytest.mark.slow
def test_run_again_a_cell_leaves_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    page = lab.open(written(tmp_path / "again.ipynb", IMPORTS + "Stepper(shipped_scenario('no_wait'))"))
    counts = []
    for _ in range(3):
        lab.run_all(page)
        page.locator(".fp-stepper .fp-svg").wait_for()
        page.wait_for_timeout(300)
        widgets = page.evaluate(
            "async () => (await (window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
            ".requestCommInfo({target_name: 'jupyter.widget'}))).content.comms"
        )
        counts.append(len(widgets))
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.slow
def test_saved_closed_and_reopened_the_stepper_is_as_it_was(lab: Lab, tmp_path: Path) -> None:
    path = written(tmp_path / "saved.ipynb", IMPORTS + "Stepper(shipped_scenario('zone'))")
    page = lab.open(path)
    lab.run_all(page)
    stepper(page).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    at(page, 5)
    page.wait_for_timeout(800)
    lab.evaluate(page, "() => window.jupyterapp.commands.execute('docmanager:save')")
    copy = lab.pages[page]
    saved = json.loads(copy.read_text())
    [states] = saved["metadata"]["widgets"].values()
    sizes = [len(json.dumps(one)) for one in states["state"].values() if "kept" in one["state"]]
    assert len(sizes) == 1 and sizes[0] < 100_000
    kept = next(one["state"]["kept"] for one in states["state"].values() if "kept" in one["state"])
    assert len(kept["views"]) <= 20 and kept["at"] == 5
    lab.close(page)
    again = lab.open(copy)
    at(again, 5)
    stepper(again).focus()
    again.keyboard.press("ArrowLeft")
    at(again, 4)
    assert lab.complaints(again) == []


@pytest.mark.slow
def test_without_a_kernel_the_picture_is_shown(lab: Lab, tmp_path: Path) -> None:
    """As a reader sees a committed notebook that was never run there."""
    path = written(tmp_path / "still.ipynb", IMPORTS + "Stepper(shipped_scenario('zone'), 'c0a c')")
    rewrite(path)
    page = lab.open(path)
    image = page.locator(".jp-OutputArea img").first
    image.wait_for()
    assert image.evaluate("e => e.naturalWidth") > 600
    assert page.locator(".fp-stepper").count() == 0
    assert lab.complaints(page) == []


# -- a page without a kernel


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    context = browser.new_context(viewport=PANE, offline=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(20_000)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    yield page
    assert faults == []
    context.close()


def test_a_page_plays_without_a_kernel_and_opens_at_a_step(opened: Page, tmp_path: Path) -> None:
    file = tmp_path / "zone.html"
    Stepper(shipped_scenario("zone")).export(file)
    opened.goto(f"{file.as_uri()}#7")
    at(opened, 7)
    stepper(opened).focus()
    opened.keyboard.press("ArrowRight")
    at(opened, 8)
    assert opened.url.endswith("#8")
    opened.keyboard.press("End")
    expect(button(opened, "one step forward")).to_have_attribute("aria-disabled", "true")
    stepper(opened).get_by_label("schedule").fill("c0a c")
    at(opened, 2)
    button(opened, "move the cpu 0").click()
    at(opened, 3)


def test_what_was_once_found_is_held_by_tests_that_are_there() -> None:
    files = {path.stem: path.read_text() for path in Path(__file__).parent.glob("test_*.py")}
    there = [
        f"{file}: {name}" for file, text in files.items() for name in re.findall(r"def test_(\w+)", text)
    ]
    rows = [re.split(" {2,}", line)[1] for line in (__doc__ or "").splitlines() if "  " in line]
    assert len(rows) == 16
    for row in rows:
        file = "test_stepper"
        for named in re.split(r"[,;] ", row.split(" (")[0]):
            if named.startswith("tests/"):
                continue
            *other, name = named.split(": ")
            file = other[0] if other else file
            assert any(one.startswith(file) and name.replace(" ", "_") in one for one in there), named


FITS = """() => {
    const top = document.querySelector('.fp').getBoundingClientRect().top, all = {};
    const bottom = (name, e) => { if (e) all[name] = e.getBoundingClientRect().bottom - top; };
    document.querySelectorAll('.fp-bar, .fp-say').forEach((e, i) => bottom('bar ' + i, e));
    document.querySelectorAll('.running .now').forEach((e, i) => {
        const code = e.closest('.fp-code').getBoundingClientRect(), line = e.getBoundingClientRect();
        if (line.bottom > code.bottom + 2 || line.top < code.top - 2) all['hidden line ' + i] = 9999;
        bottom('line ' + i, e);
    });
    bottom('map', document.querySelector('.fp-svg > g'));
    bottom('log', document.querySelector('.fp-log button'));
    document.querySelectorAll('section:not(.fp-aside, .fp-waits) .now').forEach((e, i) => {
        const room = e.closest('.fp-code').clientWidth;
        if (e.scrollWidth > e.clientWidth || e.offsetWidth > room) all['cut line ' + i] = 9999;
    });
    // A number that is larger than its field is written smaller.
    const letters = [...document.querySelectorAll('.fp-svg text')].filter(e => !/^0x/.test(e.textContent))
        .map(e => parseFloat(e.getAttribute('font-size')) * e.getScreenCTM().a);
    return [all, Math.min(...letters), document.documentElement.scrollWidth - innerWidth];
}"""


@pytest.mark.parametrize(
    "size", [PANE, pytest.param(ZOOMED, marks=pytest.mark.slow)], ids=["1280x800", "150%"]
)
def test_every_shipped_scenario_fits_the_pane(opened: Page, tmp_path: Path, size: dict[str, int]) -> None:
    opened.set_viewport_size(size)  # type: ignore[arg-type]
    beyond: dict[str, object] = {}
    for name in shipped():
        one = Stepper(shipped_scenario(name))
        one.answer({"do": "at", "number": min(5, len(one._player.known))})
        (tmp_path / f"{name}.html").write_text(page_of(name, "", one._kept(Pool(), [one._at])))
        opened.goto((tmp_path / f"{name}.html").as_uri())
        opened.locator(".fp-svg").wait_for()
        places, smallest, over = opened.evaluate(FITS)
        out = {what: y for what, y in places.items() if y > size["height"]}
        if over > 0 or smallest < 13 or out:
            beyond[name] = out, smallest, over
    assert beyond == {}


@pytest.fixture
def exported(opened: Page, tmp_path: Path) -> Callable[..., Page]:
    """A page of a shipped scenario at a step, opened from disk without a network."""

    def open_at(name: str, step: int = 0) -> Page:
        file = tmp_path / f"{name}.html"
        Stepper(shipped_scenario(name)).export(file)
        opened.goto(f"{file.as_uri()}#{step}")
        at(opened, step)
        return opened

    return open_at


CONTROLS = [
    'button "ask before each step"',
    'button "smaller"',
    'button "larger"',
    'button "full screen"',
    'button "copy and save"',
    'button "keys and letters"',
    'button "to the beginning"',
    'button "one step back"',
    'slider "step"',
    'button "one step forward"',
    'button "to the end"',
    'button "go on by itself"',
    'combobox "how fast play is"',
    'button "move the guest"',
    'button "move the workload"',
    'textbox "schedule"',
    'button "all panels"',
    'log "the steps, the newest first"',
]


def test_the_accessibility_tree_has_every_control_what_was_done_and_the_picture(
    exported: Callable[..., Page],
) -> None:
    page = exported("free-page-bitmap", 3)
    tree = stepper(page).aria_snapshot()
    assert tree.startswith("- 'group \"Stepper: free_page_bitmap\"':")
    found = re.findall(r"^  - ((?:button|slider|combobox|textbox|log) \"[^\"]*\")", tree, re.MULTILINE)
    assert found == CONTROLS
    assert '- status: "The workload asks for order 0, movable.' in tree  # polite: it is read when it changes
    assert '- button "move the workload" [disabled]' in tree and "held by guest" in tree
    assert (
        'region "source of guest"' in tree and 'img "zone Normal: 21 pages free, 1 marked. Changed:' in tree
    )
    assert "bitmap 00100000 00000000" in tree  # the picture in words
    button(page, "to the beginning").click()
    button(page, "keys and letters").click()
    tree = stepper(page).aria_snapshot()
    assert '- button "to the beginning" [disabled]' in tree and "- status: At the beginning." in tree
    assert '- button "keys and letters" [pressed]' in tree


def test_by_keyboard_alone_every_control_is_reached_seen_and_used(exported: Callable[..., Page]) -> None:
    page = exported("free-page-bitmap", 3)
    stepper(page).focus()
    at_sources = CONTROLS.index('textbox "schedule"') + 1
    sources = [f'group "source of {name}"' for name in ("guest", "workload")]
    for control in CONTROLS[:at_sources] + sources + CONTROLS[at_sources:]:
        page.keyboard.press("Tab")
        name = page.evaluate("() => document.activeElement.getAttribute('aria-label')")
        assert f'"{name}"' in control
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
        if name == "step":
            page.keyboard.press("ArrowRight")
            at(page, 4)
        if name == "one step forward":
            page.keyboard.press("Enter")
            at(page, 5)
        if name == "how fast play is":
            page.keyboard.press("ArrowDown")
    expect(stepper(page).get_by_label("how fast play is")).to_have_value("400")
    at(page, 5)


def test_a_quiz_is_answered_by_click_and_by_key_and_what_was_missed_comes_again(
    exported: Callable[..., Page],
) -> None:
    page = exported("free-page-bitmap")
    quiz = stepper(page).get_by_role("group", name="quiz")
    button(page, "ask before each step").click()
    answers = quiz.get_by_role("button").filter(has_not_text="again")
    missed = 0
    for n in range(1, 5):
        button(page, "one step forward").click()
        question = page.evaluate(QUESTION, n)
        expect(quiz).to_contain_text(question["text"])
        expect(coming(page)).to_have_text("?")  # what comes is what is asked
        expect(stepper(page).locator(".fp-mover:visible, .fp-waits")).to_have_count(0)  # nor who can move
        assert not any(stepper(page).locator("h4 span").all_text_contents())
        at(page, n - 1)
        wrong = n == 2
        choice = (question["right"] + wrong) % len(question["answers"])
        if n % 2:
            page.keyboard.press(str(choice + 1))
        else:
            answers.nth(choice).click()
        at(page, n)
        missed += wrong
        expect(quiz).to_contain_text(f"{n - missed} of {n} right")
        expect(answers.nth(question["right"])).to_contain_text("✓")
    quiz.get_by_role("button", name="again: step 2").click()
    question = page.evaluate(QUESTION, 2)
    expect(quiz).to_contain_text(question["text"])
    at(page, 1)
    answers.nth(question["right"]).click()
    at(page, 2)
    expect(quiz).to_contain_text("4 of 5 right")
    expect(quiz.get_by_role("button", name="again")).to_have_count(0)


# The question that is asked before step n, as it is in the page.
QUESTION = """n => {
    const kept = JSON.parse(document.getElementById('kept').textContent), all = [];
    for (const place of kept.views[n]) {
        if (place >= 0) all.push(place);
        else for (let i = -place; i; i--) all.push(all.at(-1) + 1);
    }
    const { questions } = JSON.parse(all.map(place => kept.pool[place]).join(''));
    return questions[n % questions.length];
}"""


@pytest.mark.parametrize(
    ("name", "does", "where"),
    [
        ("no_wait", "syncs with the dirty log", ".fp-svg [data-name=guest]"),
        ("no_wait", "takes the guest's answer", ".fp-svg [data-name=guest]"),
        ("rounds", "sends the next 4 pages", ".fp-svg [data-name=guest]"),
        ("rounds", "writes page", ".fp-svg [data-name=guest]"),
        ("zone", "takes block", ".fp-svg .fp-freelists"),
        ("zone", "takes zone Normal's lock", ".fp-svg .fp-locks"),
        ("no_wait", "asks for the free pages", ".fp-svg .fp-facts"),
    ],
)
def test_a_decisive_step_is_outlined_in_the_picture(
    exported: Callable[..., Page], name: str, does: str, where: str
) -> None:
    player = Stepper(shipped_scenario(name)).player
    player.go(len(player.known))
    number = next(step.number for step in player.run.steps if does in step.text)
    page = exported(name, number)
    expect(done(page)).to_contain_text(does)
    assert page.locator(f"{where} .s-ink, {where} .s-yellow").count() > 0
    assert stepper(page).locator(".fp-changed").count() > 0


# Of the panels that are marked as changed which ones are folded, which ones begin below the window, and what
# the line of the folded ones outlines; which panels reach beyond the picture; how many are folded.
PANELS = """() => {
    const all = [...document.querySelectorAll('.fp-svg > g')];
    const name = g => g.dataset.name || g.getAttribute('class');
    const box = e => e.getBoundingClientRect(), end = box(document.querySelector('.fp-svg')).bottom + 1;
    const seen = all.filter(g => getComputedStyle(g).display !== 'none');
    const changed = all.filter(g => g.matches('.fp-marked'));
    return [
        changed.filter(g => !seen.includes(g)).map(name),
        changed.filter(g => seen.includes(g) && box(g).top > innerHeight - 30).map(name),
        [...document.querySelectorAll('.fp-folded .fp-changed')].map(e => e.textContent),
        seen.filter(g => box(g).bottom > end).map(name),
        all.length - seen.length,
    ];
}"""


@pytest.mark.parametrize(
    "name", ["zone", "virtqueue", "B5", *slow("rounds", "one-machine", "request_id-discard")]
)
def test_a_panel_that_the_last_step_changed_stays_when_others_are_folded(
    exported: Callable[..., Page], name: str
) -> None:
    """Where two large ones changed and only one has room, the other's name is outlined."""
    page = exported(name)
    stepper(page).focus()
    folded = lost = 0
    for step in range(1, 12):
        page.keyboard.press("ArrowRight")
        at(page, step)
        hidden, below, outlined, cut, others = page.evaluate(PANELS)
        assert (below, outlined, cut) == ([], hidden, [])
        folded += others
        lost += len(hidden)
    assert folded or name in ("zone", "request_id-discard")
    assert lost <= {"B5": 7, "one-machine": 1}.get(name, 0)


def test_of_many_processes_only_those_that_act_show_their_source_and_the_others_come_back(
    exported: Callable[..., Page],
) -> None:
    player = Stepper(shipped_scenario("one-machine")).player
    names = {process.letter: process.name for process in player.run.processes.values()}
    assert len(names) > 3
    page = exported("one-machine", 1)
    stepper(page).focus()
    seen = set()
    for step in range(1, 14):
        at(page, step)
        acting = {names[move.letter] for move in player.known[step - 1 : step + 1]}
        shown = stepper(page).locator(".fp-sources section:visible b").all_text_contents()
        assert set(shown) == acting
        seen |= acting
        page.keyboard.press("ArrowRight")
    assert len(seen) > 3
    few = exported("no_wait", 3)
    expect(stepper(few).locator(".fp-sources section:visible")).to_have_count(3)


def test_a_log_that_is_off_is_no_row_of_zeros(exported: Callable[..., Page]) -> None:
    page = exported("no_wait")
    texts = stepper(page).locator(".fp-svg text")
    assert "off" in texts.all_text_contents()
    button(page, "one step forward").click()
    expect(done(page)).to_contain_text("switches the dirty log on")
    assert "off" not in texts.all_text_contents()


def test_who_waits_is_dim_and_says_why(exported: Callable[..., Page]) -> None:
    page = exported("free-page-bitmap", 3)
    dim = "e => parseFloat(getComputedStyle(e).opacity)"
    for process, waits in (("guest", False), ("workload", True)):
        source = stepper(page).get_by_role("region", name=f"source of {process}")
        assert (source.locator(".fp-code").evaluate(dim) < 0.8) is waits
    expect(stepper(page).locator(".fp-why:visible")).to_have_text(
        "waits for zone Normal's lock, held by guest"
    )


@pytest.mark.parametrize("name", ["zone", "B5", *slow("virtqueue", "B3", "one-machine")])
def test_controls_and_log_are_near_each_other(exported: Callable[..., Page], name: str) -> None:
    """What has just been done stays in the pane, and so does the line that says which panels are folded."""
    page = exported(name)
    stepper(page).focus()
    for step in range(1, 12):
        page.keyboard.press("ArrowRight")
        at(page, step)
        newest = stepper(page).get_by_role("log").locator(f"[data-step='{step}']")
        for one in (newest, button(page, "all panels")):
            box = one.bounding_box() if one.is_visible() else None
            assert not box or box["y"] + box["height"] <= PANE["height"], (step, box)
    expect(newest).to_be_visible()


def test_a_panel_has_the_room_beside_another_one(exported: Callable[..., Page]) -> None:
    panels = stepper(exported("zone", 4)).locator(".fp-svg > g")
    expect(panels.and_(stepper(panels.page).locator(".fp-freelists"))).to_be_visible()
    expect(panels.and_(stepper(panels.page).locator(".fp-locks"))).to_be_visible()


def test_all_panels_open_at_a_press(exported: Callable[..., Page]) -> None:
    page = exported("B5", 5)
    high = "svg => svg.getBoundingClientRect().height"
    folded = stepper(page).locator(".fp-svg").first.evaluate(high)
    button(page, "all panels").click()
    assert stepper(page).locator(".fp-svg").first.evaluate(high) > folded + 200


def test_a_source_that_is_cut_is_read_whole_by_keys_alone(exported: Callable[..., Page]) -> None:
    page = exported("no_wait", 5)
    sections = stepper(page).locator(".fp-sources section:visible")
    expect(sections).to_have_count(3)
    cut = """sources => [...sources.querySelectorAll('section')].filter(one => one.clientWidth > 0)
        .flatMap(one => [...one.querySelectorAll('h4, .line')])
        .filter(e => e.scrollWidth > e.clientWidth || e.offsetWidth > e.parentNode.clientWidth + 1).length"""
    assert stepper(page).locator(".fp-sources").evaluate(cut) > 0
    stepper(page).get_by_label("schedule").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(sections).to_have_count(1)
    expect(sections.locator("b")).to_have_text("host")
    assert stepper(page).locator(".fp-sources").evaluate(cut) == 0
    page.keyboard.press("ArrowRight")
    at(page, 6)
    page.keyboard.press("Escape")
    expect(sections).to_have_count(3)
