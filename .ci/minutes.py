"""How many minutes a notebook takes, counted from what is in it.

    python .ci/minutes.py [NOTEBOOK ...]

Words of prose, code cells, steppers and games, and exercises each take a time. The four rates are round
numbers that fit the seventeen notebooks of the first edition, whose true minutes three readers estimated
(tests/data/minutes.json): half of them come within a fifth. Least squares alone would give nothing to a
stepper or an exercise, for every one of those notebooks has about as many. `make notebooks` writes the count
into a notebook's header.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from stored_notebooks import read, shipped_notebooks

COLUMNS = {
    "question, prediction": ("", "Question", "Prediction"),
    "step": ("Step",),
    "check and more": ("Check", "more"),
    "exercise": ("Exercise",),
    "end": ("Closing questions", "What we learnt"),
}
"""What the instructor's guide tells of a notebook: its sections, "more" for any that is not named here."""
GUIDE = re.compile(r"(<!-- minutes -->\n).*?(\n<!-- end -->)", re.DOTALL)
HEADER = re.compile(r"\bAbout \d+ minutes?\b")
LIVE = re.compile(r"^(?:Stepper|Game|Explorer)\(|^\w+ = (?:Stepper|Game)\(", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```|<details>.*?</details>", re.MULTILINE | re.DOTALL)


class Counted(NamedTuple):
    """What takes a reader's time in one notebook."""

    words: float
    cells: float
    stories: float
    exercises: float


RATES = Counted(1 / 160, 0.9, 1.0, 3.0)
"""Minutes a piece."""


def counted(notebook: Any) -> Counted:
    """`notebook` is of nbformat 4. What is folded away and a list of sources are not read on the way."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    prose = FENCED.sub("", prose.partition("\n## Sources")[0])
    prose = re.sub(r"\]\([^)]*\)", "]", prose)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return Counted(
        words=len(prose.split()),
        cells=len(code),
        stories=sum(len(LIVE.findall(source)) for source in code),
        exercises=sum(".check(" in source for source in code),
    )


def minutes(notebook: Any) -> int:
    """The minutes of somebody who reads all of `notebook`, runs every cell and does the exercises."""
    return max(1, round(_time(counted(notebook))))


def by_section(notebook: Any) -> dict[str, float]:
    """The minutes of each column of COLUMNS."""
    column = {section: name for name, sections in COLUMNS.items() for section in sections}
    parts: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "")}
    section = ""
    for cell in notebook.cells:
        code = cell.cell_type == "code"
        for text in [cell.source] if code else re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
            if not code and text.startswith("## "):
                section = text.partition("\n")[0].removeprefix("## ").strip()
            name = "" if section == "Sources" else column.get(section, column["more"])
            parts[name].append(SimpleNamespace(cell_type=cell.cell_type, source=text))
    return {name: _time(counted(SimpleNamespace(cells=parts[name]))) for name in COLUMNS}


def _time(pieces: Counted) -> float:
    return sum(n * rate for n, rate in zip(pieces, RATES, strict=True))


def write_guide(guide: Any, notebooks: Mapping[str, Any]) -> None:
    """Write the minutes of these notebooks (file name -> notebook) into the instructor's guide."""
    head = ["", *COLUMNS, "all", "closing questions"]
    rows = [head, ["---"] * len(head)]
    for name, notebook in notebooks.items():
        title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
        sections = [f"{time:.0f}" for time in by_section(notebook).values()]
        questions = sum(
            cell.source.count("<summary>") for cell in notebook.cells if "## Closing" in cell.source
        )
        rows.append([f"[{title}](../{name})", *sections, f"**{minutes(notebook)}**", f"{questions}"])
    table = "\n".join(["", *(f"| {' | '.join(row)} |" for row in rows), ""])
    for cell in guide.cells:
        cell.source = GUIDE.sub(lambda found: found[1] + table + found[2], cell.source)


def said(notebook: Any) -> int | None:
    """The minutes in the header of `notebook`; None where it names none."""
    found = HEADER.search(notebook.cells[0].source)
    return int(re.findall(r"\d+", found[0])[0]) if found else None


def write_header(notebook: Any) -> None:
    """Write the count into the header, where that names minutes."""
    head = notebook.cells[0]
    head.source = HEADER.sub(f"About {minutes(notebook)} minutes", head.source, count=1)


def main(arguments: list[str]) -> int:
    whole = 0
    for path in [Path(argument) for argument in arguments] or shipped_notebooks():
        notebook = read(path)
        whole += minutes(notebook)
        print(f"{minutes(notebook):3} min (header {said(notebook)})  {path.stem:32} {counted(notebook)}")
    print(f"{whole:3} min in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
