"""The notebooks as they are stored: which there are, and each read with an id for every cell."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
MAIN_LINE = sorted(NOTEBOOKS.glob("[01]*.ipynb"))
GUIDE = NOTEBOOKS / "workshop" / "guide.ipynb"


class NotebookError(ValueError):
    """A file that is not a notebook of format 4."""


def shipped_notebooks() -> list[Path]:
    """Every notebook of notebooks/, in their order."""
    return sorted(path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def read(path: Path) -> Any:
    """The notebook in `path`, each cell with an id; NotebookError where it is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if notebook["nbformat"] != 4:
            raise NotebookError(f"{path}: notebook format {notebook['nbformat']} is not 4")
        notebook["nbformat_minor"] = 5
        name_cells(notebook["cells"])
        notebook = nbformat.reads(json.dumps(notebook), as_version=4)
        nbformat.validate(notebook)
    except OSError as error:
        raise NotebookError(f"{path}: {error.strerror}") from error
    except NotebookError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookError(f"{path}: not a notebook: {str(error).splitlines()[0]}") from error
    return notebook


def name_cells(cells: Iterable[dict[str, Any]]) -> None:
    """Give each cell without an id one that follows from its text, and keep the others' ids."""
    cells = list(cells)
    taken = {cell["id"] for cell in cells if "id" in cell}
    for cell in cells:
        if "id" not in cell:
            text = "".join(cell["source"])
            stem = name = hashlib.sha256(text.encode()).hexdigest()[:8]
            twin = 1
            while name in taken:
                twin += 1
                name = f"{stem}-{twin}"
            cell["id"] = name
            taken.add(name)
