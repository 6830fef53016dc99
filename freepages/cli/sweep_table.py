"""The table of a sweep: a row a cell, kept as they come, and written whole in the grid's order at the end.

While a sweep runs, its rows are in a file of their own beside the table (OUT.part), a JSON object a line. A
process that is killed leaves it there, and the next sweep begins with what is in it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from freepages.engine.errors import FreepagesError, unknown
from freepages.real.files import write_file

Cell = dict[str, Any]
"""What one cell chooses, by name."""

Row = dict[str, Any]
"""A cell's choices and what came out of it, by name."""

KINDS = (".csv", ".jsonl", ".parquet")
PLAIN = (str, int, float, bool, type(None))

WHAT = "what"
"""The column after a cell's own names: what was asked of it."""


class SweepTable:
    """The rows of a sweep's cells; a context that writes the table when it is left, however it is left."""

    def __init__(self, path: Path | None, cells: Sequence[Cell]):
        self.path, self.cells = path, cells
        self.rows: dict[str, Row] = {}
        self._part: TextIO | None = None

    @classmethod
    def open(cls, path: Path | None, cells: Sequence[Cell], what: str) -> SweepTable:
        """The table for these cells, with the rows of them that are in the file and its part."""
        table = cls(path, cells)
        if path is None:
            return table
        if path.suffix not in KINDS:
            raise unknown("table", path.suffix or str(path), KINDS)
        if not path.parent.is_dir():
            raise FreepagesError(f"{path}: there is no folder {path.parent}")
        if path.suffix == ".parquet":
            _parquet()  # or it would be missed when all is computed
        asked = {key(cell): cell for cell in cells}
        for row in [*_read(path), *_read_lines(table.part)]:
            of_its_grid = set(takewhile(lambda name: name != WHAT, row))
            found = key({name: row.get(name) for name in cells[0]})
            if (row.get(WHAT), of_its_grid) != (what, set(cells[0])) or found not in asked:
                raise FreepagesError(f"{path}: it has rows of another grid, which would be lost (--out)")
            table.rows[found] = row | asked[found]
        return table

    @property
    def part(self) -> Path:
        """Where rows are kept while the sweep runs."""
        assert self.path is not None
        return self.path.with_name(self.path.name + ".part")

    def __enter__(self) -> SweepTable:
        if self.path is not None:
            try:
                self._part = self.part.open("a", encoding="utf-8")
            except OSError as error:
                raise FreepagesError(f"{self.part}: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._part is None or self.path is None:
            return
        with suppress(OSError):  # where the disk is full, add() has said so
            self._part.close()
        if self.rows:
            _write(self.path, self.ordered())
        self.part.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self.rows)

    def missing(self) -> list[Cell]:
        """The cells that have no row yet."""
        return [cell for cell in self.cells if key(cell) not in self.rows]

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows; what is in the file survives this process. Raises FreepagesError where it is full."""
        kept = {key({name: row[name] for name in self.cells[0]}): row for row in rows}
        self.rows |= kept
        if self._part:
            try:
                self._part.writelines(json.dumps(row, default=str) + "\n" for row in kept.values())
                self._part.flush()
            except OSError as error:
                raise FreepagesError(f"{self.part}: {error.strerror}") from None

    def ordered(self) -> list[Row]:
        """The rows in the grid's order, the cell's own names first, every row with the same names."""
        there = [self.rows[one] for one in map(key, self.cells) if one in self.rows]
        columns = dict.fromkeys([*self.cells[0], *(name for row in there for name in row)])
        return [{name: row.get(name) for name in columns} for row in there]


def key(cell: Cell) -> str:
    """A cell as it stands in a table: as text, for a CSV file knows nothing else."""
    return json.dumps({name: _said(value) for name, value in cell.items()}, sort_keys=True)


def _said(value: Any) -> str:
    return (
        json.dumps(value) if isinstance(value, list | tuple | dict) else "" if value is None else str(value)
    )


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    if path.suffix == ".jsonl":
        return _read_lines(path)
    try:
        if path.suffix == ".parquet":
            return list(_parquet().read_table(path).to_pylist())
        with path.open(encoding="utf-8", newline="") as lines:
            return [{name: _value(text) for name, text in row.items()} for row in csv.DictReader(lines)]
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror or error}") from None
    except (ValueError, csv.Error) as error:
        raise FreepagesError(f"{path}: not a table of a sweep: {str(error).splitlines()[0]}") from None


def _value(text: str | None) -> Any:
    """What a CSV file wrote as text: a number, a truth, a list, or the text itself."""
    if not text:
        return "" if text == "" else None
    try:
        return json.loads({"True": "true", "False": "false"}.get(text, text))
    except ValueError:
        return text


def _read_lines(path: Path) -> list[Row]:
    """The objects of a file of JSON lines; a last line that was cut with its writer is left out."""
    if not path.exists():
        return []
    try:
        lines, rows = path.read_text(encoding="utf-8").splitlines(), []
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise FreepagesError(f"{path}: not a table of a sweep: it is no text") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append(row)
        elif number < len(lines):
            raise FreepagesError(f"{path}: line {number} is not a row of a sweep")
    return rows


def _write(path: Path, rows: Sequence[Row]) -> None:
    out = io.StringIO(newline="")
    if path.suffix == ".jsonl":
        out.writelines(json.dumps(row, default=str) + "\n" for row in rows)
    elif path.suffix == ".csv":
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _said(value) for name, value in row.items()} for row in rows)
    else:
        import pyarrow

        plain = [
            {name: value if type(value) in PLAIN else _said(value) for name, value in row.items()}
            for row in rows
        ]
        sink = io.BytesIO()
        _parquet().write_table(pyarrow.Table.from_pylist(plain), sink)
        return write_file(path, sink.getvalue())
    write_file(path, out.getvalue().encode())


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ImportError:
        raise FreepagesError("table: a .parquet file needs pyarrow (pip install pyarrow)") from None
    return parquet
