"""The minutes in a notebook's header: counted, near what readers needed, and not too many."""

import json
from pathlib import Path
from statistics import median

import nbformat
import pytest
from minutes import RATES, counted, minutes, said, write_header
from stored_notebooks import NOTEBOOKS, shipped_notebooks

from tests.test_notebooks import COURSE, NOT_YET

READERS = json.loads((Path(__file__).parent / "data" / "minutes.json").read_text(encoding="utf-8"))
MOST = {"15-your-own-proposal": 25}
TIMED = [path for path in shipped_notebooks() if path.parent == NOTEBOOKS and said(nbformat.read(path, 4))]


def test_half_of_the_first_editions_notebooks_come_within_a_fifth_of_what_readers_needed() -> None:
    pieces = [[one[name] for name in ("words", "cells", "stories", "exercises")] for one in READERS]
    found = [sum(n * rate for n, rate in zip(row, RATES, strict=True)) for row in pieces]
    errors = [abs(said / one["minutes"] - 1) for said, one in zip(found, READERS, strict=True)]
    assert len(errors) == 17 and median(errors) <= 0.2


@pytest.mark.parametrize("path", TIMED, ids=lambda path: path.stem)
def test_the_header_says_what_the_count_gives_and_not_too_much(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert said(notebook) == minutes(notebook)
    assert minutes(notebook) <= MOST.get(path.stem, 20) or path.stem in NOT_YET


def test_the_main_line_is_no_longer_than_a_long_morning() -> None:
    main_line = [path for path in COURSE if path.stem < "20"]
    assert set(main_line) <= set(TIMED)
    assert sum(minutes(nbformat.read(path, as_version=4)) for path in main_line) <= 260 or NOT_YET


def test_every_piece_counts_and_what_is_folded_or_a_source_does_not() -> None:
    cell, prose = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    notebook = nbformat.v4.new_notebook(
        cells=[
            prose("# T\n\n*About 7 minutes.* One two [three](a/long/address)."),
            cell("Stepper(zone)"),
            cell("one.check(...)"),
            prose("<details><summary>Q</summary>not read</details>\n\n## Sources\n\nnor these words"),
        ]
    )
    assert counted(notebook) == (8, 2, 1, 1)
    write_header(notebook)
    assert said(notebook) == minutes(notebook) == round(8 / 160 + 2 * 0.9 + 1 + 3)
