"""The form every shipped notebook has. That its outputs are true is nbval's part, in the same pytest run:
it passes over a cell that was never executed, which is why the counts are checked here.
"""

import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from build_docs import with_pages
from nbconvert import HTMLExporter
from rewrite_notebooks import WIDGET_VIEW, canonical, run
from stored_notebooks import MAIN_LINE, NOTEBOOKS, read, shipped_notebooks

SECTIONS = [
    "Question",
    "Prediction",
    "Step",
    "Check",
    "Exercise",
    "Closing questions",
    "What we learnt",
    "Sources",
]
LARGEST = 200_000  # bytes
WIDEST = 104
"""Characters that a line of output has room for at 1280 pixels, with JupyterLab's file browser open."""
SEE = re.compile(r"\?|\b(look|watch|see|seen|read|follow|compare|find|lose|press|step|stand|stands)\b", re.I)
"""A caption has one of these: it asks, or it tells what to look at."""
ALL = shipped_notebooks()
COURSE = [path for path in ALL if re.match(r"notebooks/\d\d-", path.relative_to(NOTEBOOKS.parent).as_posix())]
FIRST = NOTEBOOKS / "00-start-here.ipynb"
LESSONS = [path for path in COURSE if path != FIRST]
SOLUTIONS = NOTEBOOKS / "solutions"
FINAL_TASK = NOTEBOOKS / "workshop" / "final-task.ipynb"
GLOSSARY = NOTEBOOKS / "glossary.ipynb"
KERNEL = NOTEBOOKS / "kernel-in-ten-minutes.ipynb"
# What is still written for the first edition: without goals, closing questions, folded answers and solutions.
NOT_YET = """""".split()


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


every_notebook = each(ALL)
every_lesson = each(LESSONS)
every_taught = each([path for path in (*COURSE, KERNEL) if path.stem not in NOT_YET])
every_taught_lesson = each([path for path in LESSONS if path.stem not in NOT_YET])


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
    assert ALL[0] == FIRST


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
def test_no_row_of_a_printed_table_is_too_wide(path: Path) -> None:
    """It would be broken in two. A row is a line with three columns, so two gaps; a sentence may break."""
    for output in outputs(stored(path)):
        data = output.get("data", {})
        printed = output.get("text") or (
            "" if {"text/html", "image/png"} & set(data) else data.get("text/plain")
        )
        for line in (printed or "").splitlines():
            assert len(re.findall(r"\S {2,}(?=\S)", line)) < 2 or len(line) <= WIDEST, line


@every_notebook
def test_every_picture_has_words_before_it_that_say_what_to_see(path: Path) -> None:
    """In the text between its heading and it; what is folded away does not count."""
    said = ""
    for cell in stored(path).cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
            said = re.split(r"^#+ .+$", text, flags=re.MULTILINE)[-1].strip()
        elif any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert SEE.search(said), f"{said!r}, and then: {cell.source}"
            said = ""


@every_notebook
def test_it_is_small(path: Path) -> None:
    assert path.stat().st_size < LARGEST


@every_notebook
def test_it_has_one_title_at_its_head(path: Path) -> None:
    assert stored(path).cells[0].source.startswith("# ")
    assert len(re.findall(r"^# ", prose(stored(path)), flags=re.MULTILINE)) == 1


@every_lesson
def test_a_lesson_asks_predicts_steps_checks_exercises_sums_up_and_cites(path: Path) -> None:
    headings = re.findall(r"^## (.+?)\s*$", prose(stored(path)), flags=re.MULTILINE)
    wanted = [one for one in SECTIONS if one != "Closing questions" or path.stem not in NOT_YET]
    assert [heading for heading in headings if heading in SECTIONS] == wanted


@every_taught
def test_it_begins_with_what_the_reader_will_be_able_to_do(path: Path) -> None:
    """Two or three things, in the first cells; each is asked for in the closing questions."""
    goals = re.search(r"After this notebook you can:\n\n((?:- .+\n?)+)", prose(stored(path)))
    assert goals and len(re.findall(r"^- ", goals[1], flags=re.MULTILINE)) in (2, 3)


@every_taught
def test_it_ends_with_closing_questions_whose_answers_are_behind_a_click(path: Path) -> None:
    asked = prose(stored(path)).partition("\n## Closing questions")[2].partition("\n## ")[0]
    questions = re.findall(r"<details><summary>(.+?)</summary>(.+?)</details>", asked, flags=re.DOTALL)
    assert 3 <= len(questions) <= 5
    assert all(question.strip() and answer.strip() for question, answer in questions)


@every_taught_lesson
def test_no_stored_output_gives_an_answer_away(path: Path) -> None:
    """Guesses and exercises are stored open; what answers a prediction is folded (rewrite_notebooks.py)."""
    cells, below, answers = stored(path).cells, "", 0
    for cell in cells:
        if cell.cell_type == "markdown":
            below = ([below, *re.findall(r"^#+ (.+?)\s*$", cell.source, flags=re.MULTILINE)])[-1]
            continue
        said = "".join(
            output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs
        )
        folded = cell.metadata.get("jupyter", {}).get("outputs_hidden", False)
        assert folded is (below == "Answer"), cell.source
        answers += folded
        if re.search(r"^(compare|prediction\.compare)\(", cell.source, flags=re.MULTILINE):
            assert "no guess yet" in said and "✓" not in said and "✗" not in said, cell.source
        if "exercise" in cell.metadata.get("tags", []):
            assert "no answer yet" in said or not cell.outputs, cell.source
    assert answers, 'nothing stands below a heading "Answer"'


@each([path for path in MAIN_LINE if path != FIRST])
def test_the_line_that_stands_for_a_folded_output_is_its_heading(path: Path) -> None:
    """JupyterLab shows the first line of an output that is folded, so that line says only what is in it."""
    for cell in code_cells(stored(path)):
        if cell.metadata.get("jupyter", {}).get("outputs_hidden") and cell.outputs[0].output_type == "stream":
            assert cell.outputs[0].text.partition("\n")[0].endswith(":"), cell.source


def stubs(notebook: Any, tag: str = "exercise") -> list[str]:
    """The sources of the cells that a reader completes, or that complete them."""
    return [cell.source for cell in code_cells(notebook) if tag in cell.metadata.get("tags", [])]


@each([*(path for path in LESSONS if path.stem not in NOT_YET), FINAL_TASK])
def test_each_exercise_has_a_stub_that_runs_and_a_solution_that_differs_where_it_should(path: Path) -> None:
    """The reader puts in what `...` stands for, or what is between "# your part" and "# end of your part"."""
    given = stubs(stored(path))
    solved = stored(SOLUTIONS / path.name)
    solutions = stubs(solved)
    assert given and len(given) == len(solutions)
    for stub, solution in zip(given, solutions, strict=True):
        parts = re.split(r"(?<=# your part\n).*?(?=\n *# end of your part)|\.\.\.", stub, flags=re.DOTALL)
        assert len(parts) > 1, stub
        assert re.fullmatch("(?:.*?)".join(map(re.escape, parts)), solution, flags=re.DOTALL), solution
    said = [output.get("data", {}).get("text/plain", "") for output in outputs(solved)]
    assert sum(text.startswith("✓") for text in said) == len(solutions)


def anchors(notebook: Any) -> set[str]:
    """The places in a notebook that a link can name, as JupyterLab names them."""
    headings = re.findall(r"^#+ (.+?)\s*$", prose(notebook), flags=re.MULTILINE)
    return {re.sub(r"[`*]", "", heading).replace(" ", "-") for heading in headings}


@every_notebook
def test_every_place_in_a_notebook_that_it_links_to_exists(path: Path) -> None:
    for target, place in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", prose(stored(path))):
        if target.endswith(".ipynb") or not target:
            assert place.isascii(), f"{place}: JupyterLab does not go there"
            assert place in anchors(stored(path.parent / target if target else path)), (target, place)


def test_the_glossary_has_its_terms_in_order_each_with_the_notebook_where_it_first_matters() -> None:
    terms, _, _ = prose(stored(GLOSSARY)).partition("\n## Letters and marks")
    found = re.findall(r"^### (.+)\n\n(.+)$", terms, flags=re.MULTILINE)
    names = [name.lower() for name, _ in found]
    assert names == sorted(names, key=lambda name: re.sub(r"[-_]", " ", name)) and len(names) > 50
    for name, said in found:
        assert re.search(r"First in \[((\d\d)\]\(\2-|A kernel .*\]\(kernel-)[^)]+\.ipynb\)\.$", said), name
        assert len(re.findall(r"[.:;?]\s", said)) >= 1, name


@every_notebook
def test_every_file_it_links_to_exists(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", prose(stored(path))):
        if not re.match(r"[a-z]+:", target):  # `freepages lab` copies this folder, and nothing beside it
            file = (path.parent / target).resolve()
            assert file.exists() and NOTEBOOKS in file.parents, target


def test_nbconvert_shows_a_stored_stepper_as_its_picture() -> None:
    path = NOTEBOOKS / "02-free-page-bitmap.ipynb"
    page, _ = HTMLExporter().from_notebook_node(stored(path))
    pictures = [
        "".join(output.data["image/png"].split())
        for cell in code_cells(stored(path))
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    shown = [
        "".join(one.split()) for one in re.findall(r'<img [^>]*src="data:image/png;base64,([^"]*)"', page)
    ]
    assert pictures and shown == pictures and "widget-view" not in page


def test_a_pictures_words_reach_sphinx_and_nbconverts_classic_template() -> None:
    """JupyterLab's and nbconvert's own look leave them out."""
    path = NOTEBOOKS / "02-free-page-bitmap.ipynb"
    told = [
        output.metadata["image/png"]["alt"]
        for cell in code_cells(stored(path))
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    cells = with_pages(path, NOTEBOOKS / "nowhere", depth=1)["cells"]
    assert told == [one["metadata"]["mystnb"]["image"]["alt"] for one in cells if "mystnb" in one["metadata"]]
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(stored(path))
    assert told == [unescape(alt) for alt in re.findall(r'<img [^>]*alt="([^"]*)"', page)]


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


@pytest.mark.slow
@every_taught_lesson
def test_what_a_closing_question_tells_to_run_runs(path: Path) -> None:
    """After the notebook's own cells, as a reader would run it."""
    notebook = read(path)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    snippets = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    if not snippets:
        pytest.skip("it tells to run nothing")
    notebook.cells += [nbformat.v4.new_code_cell(snippet) for snippet in snippets]
    run(notebook, path.parent)
    assert notebook.cells[-1].execution_count
