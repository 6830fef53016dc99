"""Runs notebooks and writes them in their one canonical form, so that doing it again changes no byte.

    python .ci/rewrite_notebooks.py [NOTEBOOK ...]

Without arguments, every notebook in notebooks/. A notebook that fails is left as it was.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from minutes import write_guide, write_header
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from stored_notebooks import GUIDE, MAIN_LINE, NotebookError, read, shipped_notebooks

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "jupyter"}
CELL_SECONDS = 300
HEADING = re.compile(r"^#+ (.+?)\s*$", re.MULTILINE)


def run(notebook: Any, folder: Path) -> None:
    """Execute every cell of `notebook` in `folder`, in a fresh kernel of this environment."""
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute()


def canonical(notebook: Any) -> str:
    """The text that stands in the file for `notebook`.

    What stands below a heading "Answer" is folded, so that nobody reads it before they guess.
    A widget's view is dropped where a picture or text stands beside it: it names a model that dies with
    its kernel, and nbconvert would show it as nothing instead of the picture.
    """
    notebook = nbformat.from_dict({**notebook, "metadata": METADATA})
    below = ""
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        if cell.cell_type == "markdown":
            below = ([below, *HEADING.findall(cell.source)])[-1]
        elif below == "Answer":
            fold(cell)
        if cell.cell_type == "code":
            cell.outputs = merged_streams(cell.outputs)
            for output in cell.outputs:
                if len(output.get("data", {})) > 1:
                    output.data.pop(WIDGET_VIEW, None)
    return nbformat.writes(notebook) + "\n"


def fold(cell: Any) -> None:
    """Show the output of `cell` only when it is clicked at."""
    cell.metadata["jupyter"] = {**cell.metadata.get("jupyter", {}), "outputs_hidden": True}
    cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "hide-output"})


def merged_streams(outputs: Iterable[Any]) -> list[Any]:
    """The outputs with what was printed joined: how the kernel cuts it into messages is chance."""
    merged: list[Any] = []
    for output in outputs:
        last: Any = merged[-1] if merged else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def rewrite(path: Path) -> bool:
    """Run the notebook in `path` and write it back; True where that changed the file."""
    notebook = read(path)
    write_header(notebook)
    if path.resolve() == GUIDE:
        write_guide(notebook, {lesson.name: read(lesson) for lesson in MAIN_LINE})
    run(notebook, path.parent)
    text = canonical(notebook)
    if text == path.read_text(encoding="utf-8"):
        return False
    path.write_text(text, encoding="utf-8")
    return True


def main(arguments: list[str]) -> int:
    for path in [Path(argument) for argument in arguments] or shipped_notebooks():
        try:
            print(f"{path}: {'written' if rewrite(path) else 'unchanged'}", flush=True)
        except NotebookError as error:
            print(f"rewrite_notebooks: {error}", file=sys.stderr)
            return 2
        except CellExecutionError as error:
            print(
                f"rewrite_notebooks: {path}: a cell fails, the file is left as it was\n{error}",
                file=sys.stderr,
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
