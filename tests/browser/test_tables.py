"""No table of a notebook is wider than the pane: JupyterLab, 1280 pixels wide, the file browser open."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page
from rewrite_notebooks import METADATA
from stored_notebooks import shipped_notebooks

from tests.browser.lab import Lab

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 1280, 800
TOO_WIDE = """async () => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.notebookConfig = {...notebook.notebookConfig, windowingMode: 'none'};  // lay all cells out
    for (let n = 0; n < 3; n++) await new Promise(done => requestAnimationFrame(done));
    const edge = notebook.node.getBoundingClientRect().right, found = [];
    let looked = 0;
    for (const table of notebook.node.querySelectorAll('table, pre:not(.cm-editor pre)')) {
        if (!table.getClientRects().length) continue;  // folded away
        looked++;
        const over = [table.getBoundingClientRect().right - edge];
        for (let one = table; one !== notebook.node; one = one.parentElement)
            over.push(one.scrollWidth - one.clientWidth);
        if (Math.max(...over) > 1) found.push(table.innerText.slice(0, 60));
    }
    return [looked, found];
}"""


def tables() -> Iterator[Any]:
    """Cells that show every table and listing of the shipped notebooks: those of HTML from a kernel, which
    alone is trusted with its own style.
    """
    for path in shipped_notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown" and "\n| ---" in cell.source:
                yield nbformat.v4.new_markdown_cell(cell.source)
            for output in cell.get("outputs", []):
                html = output.get("data", {}).get("text/html", "")
                if "<table" in html or "<pre" in html:
                    shown = html.replace("<details>", "<details open>")
                    yield nbformat.v4.new_code_cell(f"from IPython.display import HTML\nHTML({shown!r})")


def opened(lab: Lab, path: Path, cells: list[Any]) -> Page:
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), path)
    page = lab.open(path, width=WIDTH, height=HEIGHT)
    lab.run_all(page)
    return page


def test_no_table_is_wider_than_the_pane(lab: Lab, tmp_path: Path) -> None:
    cells = [*tables()]
    looked, found = lab.evaluate(opened(lab, tmp_path / "tables.ipynb", cells), TOO_WIDE)
    assert looked >= len(cells) > 40 and found == []


def test_one_that_is_wider_is_noticed(lab: Lab, tmp_path: Path) -> None:
    row = f"| {' | '.join(['a-name-that-does-not-break-' + 'x' * 20] * 6)} |"
    wide = nbformat.v4.new_markdown_cell(f"{row}\n{'| --- ' * 6}|\n{row}")
    _, found = lab.evaluate(opened(lab, tmp_path / "wide.ipynb", [wide]), TOO_WIDE)
    assert len(found) == 1
