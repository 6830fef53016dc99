"""The instructor's guide: its minutes are the notebooks', its plans fit, and it is read in half an hour."""

import re
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from minutes import RATES, by_section, minutes
from stored_notebooks import GUIDE, MAIN_LINE, NOTEBOOKS

GUIDE_TEXT = "\n".join(cell.source for cell in nbformat.read(GUIDE, as_version=4).cells)
LESSONS = {path.name: nbformat.read(path, as_version=4) for path in MAIN_LINE}
PLANS = {"90 minutes": 90, "Half a day": 210, "first half day": 210, "second half day": 210}
TO_TALK = 2  # minutes of a slot in which the instructor projects and asks


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below this heading, or of the table whose second column is headed so."""
    found = re.search(rf"^(#+ |\| minutes \| ){heading}", GUIDE_TEXT, re.MULTILINE)
    assert found, heading
    lines = GUIDE_TEXT[found.start() :].splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("| ---"))
    table = [line.strip("| ").split(" | ") for line in lines[at + 1 :]]
    end = next((n for n, cells in enumerate(table) if len(cells) == 1), len(table))
    return table[:end]


def test_the_minutes_of_each_section_are_those_of_the_notebooks() -> None:
    table = {re.search(r"\.\./(.+?)\)", cells[0])[1]: cells[1:] for cells in rows("Minutes per section")}  # type: ignore[index]
    assert [*table] == [*LESSONS]
    for name, lesson in LESSONS.items():
        counted = [*by_section(lesson).values(), minutes(lesson)]
        assert sum(by_section(lesson).values()) == pytest.approx(minutes(lesson), abs=0.5)
        for said, found in zip(table[name], counted, strict=False):
            assert abs(int(said.strip("*")) - found) <= 1.5, f"{name}: make notebooks ONLY={GUIDE}"


def planned(plan: str) -> Iterator[tuple[int, str]]:
    yield from ((int(cells[0]), cells[1]) for cells in rows(plan))


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_fills_its_time(plan: str) -> None:
    assert PLANS[plan] - 20 <= sum(slot for slot, _ in planned(plan)) <= PLANS[plan]


@pytest.mark.parametrize("plan", PLANS)
def test_a_slot_is_long_enough_for_its_notebook(plan: str) -> None:
    for slot, what in planned(plan):
        for name in re.findall(r"\(\.\./(\d\d-.+?)\)", what):
            if ": only" not in what:
                left_out = by_section(LESSONS[name])["exercise"] if "without the exercise" in what else 0
                assert slot >= minutes(LESSONS[name]) - left_out + TO_TALK, (plan, name)


def test_it_speaks_of_each_notebook_of_the_main_line() -> None:
    heads = [lesson.cells[0].source.partition("\n")[0] for lesson in LESSONS.values()]
    titles = [head.removeprefix("# ").replace(" · ", ", ") for head in heads]
    assert re.findall(r"^### (\d\d, .+)$", GUIDE_TEXT, flags=re.MULTILINE) == titles


def test_it_is_read_in_half_an_hour() -> None:
    """Its words, that is: the bars of its tables are not read."""
    assert len(re.findall(r"\S*\w\S*", GUIDE_TEXT)) * RATES.words <= 30


def projected() -> dict[str, set[int]]:
    """The steps that each notebook's part of the guide names to be shown, by the notebook's number."""
    parts = re.split(r"^### (?=\d\d, )", GUIDE_TEXT, flags=re.MULTILINE)[1:]
    lines = {part[:2]: re.findall(r"^- \*\*(?:Project|Let them)\*\*.+", part, re.MULTILINE) for part in parts}
    named = {
        number: " ".join(re.findall(r"\bsteps?\b[ \d,and]*", " ".join(told)))
        for number, told in lines.items()
    }
    return {
        number: {int(n) for n in re.findall(r"\d+", told)}
        for number, told in named.items()
        if re.search(r"\d", told)
    }


SHOWS = {
    "00": {4: "zone Normal's lock: cpu 1 waits"},
    "01": {4: "cpu 0 splits", 5: "cpu 0 splits", 13: "cpu 0 merges"},
    "02": {3: "zone Normal's lock: workload waits", 13: "page 34: free → in use"},
    "03": {7: "desc[0], desc[1]: the driver's → the device's"},
    "04": {15: "host device discards"},
    "06": {18: "destination 33: ∅ → B", 34: "host syncs with the dirty log"},
    "07": {
        2: "host asks",
        9: "dirty log 20: 0 → 1",
        10: "host takes the guest's answer",
        14: "to send 20: 0 → 1",
    },
    "08": {21: "programs write page 58"},
    "09": {10: "to send [0, 2): 1 → 0", 11: "to send 0: 0 → 1"},
    "10": {9: "guest drops the zone lock"},
    "11": {10: "brought 0: 0 → 1", 11: "to send 1: 1 → 0"},
    "12": {6: "host discards page 0"},
    "13": {10: "answers 1: • → none"},
}
"""What is seen at the steps that the guide tells to project."""


def test_it_names_no_step_whose_picture_is_not_looked_at_here() -> None:
    assert projected() == {number: set(steps) for number, steps in SHOWS.items()}


@pytest.mark.parametrize("plan", [*PLANS][1:])
def test_a_plan_names_the_steps_that_the_notebooks_part_names(plan: str) -> None:
    found = [cells for cells in rows(plan) if cells[1].startswith("[") and "../" in cells[1]]
    assert found
    for _, what, steps, *_ in found:
        assert {int(step) for step in re.findall(r"\d+", steps)} <= {*SHOWS.get(what[1:3], ())}, what


@pytest.mark.parametrize("number", SHOWS)
def test_a_step_to_project_shows_what_the_guide_says(number: str) -> None:
    """In the first stepper of the notebook, which its cells up to there make."""
    [lesson] = [lesson for name, lesson in LESSONS.items() if name.startswith(number)]
    cells = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
    at = next(at for at, source in enumerate(cells) if source.splitlines()[-1].startswith("Stepper("))
    made: dict[str, Any] = {}
    exec("\n".join(cells[:at]), made)
    setting_up, _, stepper = cells[at].rpartition("Stepper(")
    exec(f"{setting_up}stepper = Stepper({stepper}", made)
    player = made["stepper"].player
    for step, shown in SHOWS[number].items():
        player.go(step)
        assert shown in str(player.last), (step, str(player.last))


def test_the_map_of_the_first_notebook_has_every_notebook() -> None:
    first = "\n".join(cell.source for cell in LESSONS["00-start-here.ipynb"].cells)
    others = [path.name for path in NOTEBOOKS.glob("*.ipynb") if not path.name.startswith("00")]
    assert [name for name in others if f"({name})" not in first] == []
