"""The form every shipped notebook has. That its outputs are true is nbval's part, in the same pytest run:
it passes over a cell that was never executed, which is why the counts are checked here.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rewrite_notebooks import NOTEBOOKS, WIDGET_VIEW, canonical, read, run, shipped_notebooks

SECTIONS = ["Question", "Prediction", "Step", "Check", "Exercise", "What we learnt", "Sources"]
LARGEST = 200_000  # bytes
LARGER = {"03-virtqueue": 240_000}  # two notebooks in one, with four stills, until it is split
ALL = shipped_notebooks()
LESSONS = [path for path in ALL if path.parent == NOTEBOOKS and path.name != "00-start-here.ipynb"]

every_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@cache
def stored(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def prose(notebook: Any) -> str:
    """The Markdown without what is fenced off in it."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def without_pictures(text: str) -> str:
    return re.sub(r'"image/png": ("[^"]*"|\[[^\]]*\])', '"image/png": ""', text)


def test_the_first_notebook_is_the_one_that_make_lab_opens() -> None:
    assert ALL[0] == NOTEBOOKS / "00-start-here.ipynb"


@every_notebook
def test_every_code_cell_was_run_in_order(path: Path) -> None:
    cells = code_cells(stored(path))
    assert all(cell.source.strip() for cell in cells)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@every_notebook
def test_it_is_stored_in_its_canonical_form(path: Path) -> None:
    assert canonical(read(path)) == path.read_text(encoding="utf-8"), f"make notebooks ONLY={path}"


@every_notebook
def test_it_stores_no_widgets_state(path: Path) -> None:
    assert "widgets" not in stored(path).metadata


@every_notebook
def test_no_output_is_an_error_or_a_warning(path: Path) -> None:
    assert not [output for output in outputs(stored(path)) if output.output_type == "error"]
    assert not [output for output in outputs(stored(path)) if output.get("name") == "stderr"]


@every_notebook
def test_no_output_shows_where_an_object_lies_in_memory(path: Path) -> None:
    for output in outputs(stored(path)):
        shown = output.get("text", "") + "".join(map(str, output.get("data", {}).values()))
        assert not re.search(r"<.* at 0x[0-9a-fA-F]+>", shown)


@every_notebook
def test_no_stored_output_needs_a_running_kernel(path: Path) -> None:
    assert not [output for output in outputs(stored(path)) if WIDGET_VIEW in output.get("data", {})]


@every_notebook
def test_it_is_small(path: Path) -> None:
    assert path.stat().st_size < LARGER.get(path.stem, LARGEST)


@every_notebook
def test_it_has_one_title_at_its_head(path: Path) -> None:
    assert stored(path).cells[0].source.startswith("# ")
    assert len(re.findall(r"^# ", prose(stored(path)), flags=re.MULTILINE)) == 1


@every_lesson
def test_a_lesson_asks_predicts_steps_checks_exercises_sums_up_and_cites(path: Path) -> None:
    headings = re.findall(r"^## (.+?)\s*$", prose(stored(path)), flags=re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS


@every_notebook
def test_every_file_it_links_to_exists(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", prose(stored(path))):
        assert re.match(r"[a-z]+:", target) or (path.parent / target).exists(), target


@pytest.mark.slow  # nbval runs each of them in `make test`, and compares its outputs
@every_notebook
def test_running_it_again_changes_nothing(path: Path) -> None:
    """Byte for byte in one environment; another matplotlib or zlib may compress a picture otherwise, and
    then the pictures alone may differ from the stored ones, but not between two runs.
    """
    fresh = executed(path)
    for output in outputs(fresh):
        data = output.get("data", {})
        if WIDGET_VIEW in data:
            assert {"image/png", "text/plain"} <= set(data), f"a widget without a static picture: {data}"
    now, then = canonical(fresh), path.read_text(encoding="utf-8")
    assert without_pictures(now) == without_pictures(then)
    if now != then:
        assert canonical(executed(path)) == now


def executed(path: Path) -> Any:
    notebook = read(path)
    run(notebook, path.parent)
    return notebook
