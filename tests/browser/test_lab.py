"""Every shipped notebook, top to bottom in a real JupyterLab; and that the rig would notice a broken one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page
from rewrite_notebooks import METADATA
from stored_notebooks import NOTEBOOKS, shipped_notebooks

from tests.browser.lab import Lab


def notebook(path: Path, *sources: str, metadata: dict[str, Any] = METADATA) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


QUICK = ("05-",)  # the slow part has the others


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name.startswith(QUICK) else [pytest.mark.slow])
        for name in (
            str(path.relative_to(NOTEBOOKS)) for path in shipped_notebooks() if path.parent == NOTEBOOKS
        )
    ],
)
def test_a_shipped_notebook_runs_from_top_to_bottom(lab: Lab, name: str) -> None:
    page = lab.open(name)
    lab.run_all(page)
    assert lab.errors(page) == []
    cells = [cell for cell in lab.cells(page) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert lab.complaints(page) == []


def test_a_widget_is_live_in_both_themes(lab: Lab, tmp_path: Path) -> None:
    page = lab.open(
        notebook(
            tmp_path / "widget.ipynb",
            "from itertools import count\n"
            "import ipywidgets as W\n"
            "button, label, presses = W.Button(description='free'), W.HTML(), count(1)\n"
            "def press(_):\n"
            "    label.value = f'<b class=pages>{next(presses)}</b>'\n"
            "button.on_click(press)\n"
            "W.VBox([button, label])",
        )
    )
    lab.run_all(page)
    for count, dark in enumerate([True, False], start=1):
        lab.theme(page, dark=dark)
        assert page.locator("body").get_attribute("data-jp-theme-light") == ("false" if dark else "true")
        page.get_by_role("button", name="free", exact=True).press("Enter")
        page.locator("b.pages", has_text=str(count)).wait_for()
        assert lab.screenshot(page, f"widget-{'dark' if dark else 'light'}").stat().st_size > 0
    assert lab.complaints(page) == []


@pytest.fixture(scope="module")
def broken(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of a notebook whose only cell fails."""
    source = "raise ValueError('pfn 64 is outside the zone')"
    page = lab.open(notebook(tmp_path_factory.mktemp("broken") / "broken.ipynb", source))
    yield page
    lab.close(page)


def test_an_error_in_a_cell_is_noticed(lab: Lab, broken: Page) -> None:
    assert lab.errors(broken) == []
    lab.run_all(broken)
    assert lab.errors(broken) == ["ValueError: pfn 64 is outside the zone"]


def test_what_the_browser_complains_about_is_noticed(lab: Lab, broken: Page) -> None:
    assert lab.complaints(broken) == []
    broken.evaluate("() => { console.error('no such block'); setTimeout(() => { throw new Error('late') }) }")
    broken.evaluate("() => fetch('http://127.0.0.1:9/elsewhere').catch(() => {})")
    broken.wait_for_timeout(100)
    heard = "\n".join(lab.complaints(broken))
    for trace in ("console: no such block", "uncaught: late", "request: http://127.0.0.1:9/elsewhere"):
        assert trace in heard


def test_what_never_answers_is_given_up(lab: Lab, broken: Page) -> None:
    with pytest.raises(Exception, match="no answer in time"):
        lab.evaluate(broken, "() => new Promise(() => {})", seconds=0.2)


def test_a_dialog_in_the_way_is_reported(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)a dialog waits for an answer: select kernel"):
        lab.open(notebook(tmp_path / "of-no-kernel.ipynb", "1", metadata={}))
