"""`freepages sweep`, and `sweep()` for a program: one question asked for every cell of a grid.

A cell is one choice of each thing that the grid leaves open: the options of `freepages migrate`, or those of
`freepages check`. Cells have nothing to do with each other, so any executor may answer them. They travel in
batches, for a migration of 8 GiB takes less time than a message to another machine.
"""

from __future__ import annotations

import logging
import numbers
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from freepages.cli.check import workers
from freepages.cli.migrate import predict, read_guest
from freepages.cli.migrate_options import options as of_a_migration
from freepages.cli.option_values import whole
from freepages.cli.own_file import read_proposal
from freepages.cli.parser import BEFORE_NAME, installed, listed
from freepages.cli.progress import Progress
from freepages.cli.sweep_table import WHAT, Cell, Row, SweepTable
from freepages.debate.world import PURPOSES
from freepages.engine.errors import FreepagesError, unknown
from freepages.migrate.report import as_json
from freepages.real.files import read_file
from freepages.search import check
from freepages.search.dask_cluster import local_client

What = Literal["migrate", "check"]

CHECK: Cell = {"proposal": None, "purpose": PURPOSES[0], "assume": (), "pages": 2, "requests": None}
"""What a cell of a sweep of searches may choose, and what stands there if it does not."""

EXAMPLE = """
  what = "migrate"
  [grid]
  ram = "8GiB"
  free = [0.2, 0.5, 0.8]
  proposal = ["everything", "snapshot"]
  seed = [1, 2, 3]
"""

LARGEST, BATCHES = 64, 64
"""Cells of a batch at most, and batches at least where there are cells enough for them."""

POLL = 0.2  # seconds

TRIES = 3
"""How often a batch is given to an executor whose answer failed though the executor is alive."""


class _Options(ArgumentParser):
    """The options of one cell; what is wrong with them is an error of that cell."""

    def error(self, message: str) -> NoReturn:
        raise FreepagesError(message.removeprefix(BEFORE_NAME))


@cache
def _migrate_options() -> _Options:
    parser = _Options(add_help=False)
    of_a_migration(parser)
    return parser


def names(what: What) -> list[str]:
    """What a grid of this kind may have."""
    if what == "check":
        return list(CHECK)
    return [action.dest for action in _migrate_options()._actions if action.dest != "json"]


def cells(grid: Mapping[str, Any], what: What = "migrate") -> list[Cell]:
    """Every choice, the last name turning fastest. A list has the values of a name; all else is one value.

    Raises FreepagesError for a name that is none, and for a list without a value.
    """
    if what not in get_args(What):
        raise unknown("what", str(what), get_args(What))
    known = names(what)
    choices: dict[str, list[Any]] = {}
    for name, values in grid.items():
        if (plain := name.replace("-", "_")) not in known:
            raise unknown("grid: option", name, known)
        choices[plain] = _values(values)
        if not choices[plain]:
            raise FreepagesError(f"grid: {name} has no value")
        for value in choices[plain]:
            if not all(_is_plain(one) for one in (value if isinstance(value, list | tuple) else [value])):
                raise FreepagesError(
                    f"grid: {name} = {value!r:.60} is no text, number or truth, nor a list of them"
                )
    return [dict(zip(choices, one, strict=True)) for one in product(*choices.values())]


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | Path | numbers.Number)


def _values(told: Any) -> list[Any]:
    """The values of a list or of a NumPy array; all else is one value."""
    told = told.tolist() if hasattr(told, "tolist") else told
    return list(told) if isinstance(told, list | tuple | range) else [told]


def answer(what: What, cell: Cell) -> Row:
    """One cell answered; what cannot be is a row with its error."""
    row: Row = cell | {WHAT: what, "error": ""}
    try:
        row |= _migrated(cell) if what == "migrate" else _checked(cell)
    except FreepagesError as error:
        row["error"] = str(error)
    return row | cell | {"version": installed() or "checkout"}


def _answers(what: What, some: Sequence[Cell]) -> list[Row]:
    return [answer(what, cell) for cell in some]


def _migrated(cell: Cell) -> Row:
    words = []
    for name, value in cell.items():
        option = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            words += [option] * one if isinstance(one, bool) else [f"{option}={one}"]
    args = _migrate_options().parse_args(words)
    result, about = predict(args, read_guest(args))
    return _plain(as_json(result) | about | {"schedule": ()})


def _checked(cell: Cell) -> Row:
    asked = CHECK | cell
    if asked["proposal"] is None:
        raise FreepagesError("proposal: a search needs one")
    for name in ("pages", "requests"):
        if asked[name] is not None and not isinstance(asked[name], numbers.Integral):
            raise FreepagesError(f"{name}: {asked[name]!r:.60} is not a whole number")
    proposal, purpose = str(asked.pop("proposal")), asked.pop("purpose")
    assume = asked.pop("assume")
    if not isinstance(assume, str | list | tuple):
        raise FreepagesError(f"assume: {assume!r:.60} is not a name, nor a list of them")
    return _plain(
        check(
            read_proposal(proposal), purpose, [assume] if isinstance(assume, str) else assume, **asked
        ).as_json()
    )


def _plain(told: Row) -> Row:
    """What is a number or a text; a row has no lists but those of its cell."""
    return {name: value for name, value in told.items() if not isinstance(value, list | tuple | dict)}


def sweep(
    grid: Mapping[str, Any],
    what: What = "migrate",
    executor: Executor | None = None,
    *,
    table: Path | str | None = None,
    watch: Callable[[int], bool] | None = None,
) -> list[Row]:
    """Answer every cell of the grid: each combination of the values that it has for its options.

    Parameters
    ----------
    grid : mapping
        For each option of ``freepages migrate`` or ``freepages check`` a value, or a list or array of them.
        Amounts are text with a unit, as in the command, such as "8GiB" or "1Gbit".
    what : str
        "migrate" or "check".
    executor : Executor, optional
        Any of concurrent.futures, or a Dask client's ``get_executor()``; without one, all is answered here.
    table : path, optional
        A .csv, .jsonl or .parquet file, in which rows are kept as they come. Those that it has already
        are not computed again.
    watch : callable, optional
        Called with the number of rows that are there; if it returns True, the sweep ends with those.

    Returns
    -------
    list of dict
        A row a cell, in the grid's order: the cell, what was asked, the error if it failed, and what came
        out. A name ends in its unit.

    Raises
    ------
    FreepagesError
        For a grid or a table that cannot be, and when the executor dies; what was there by then is kept in
        the table.

    Examples
    --------
    >>> from freepages import sweep
    >>> rows = sweep({"ram": "1GiB", "free": [0.2, 0.8], "zero": 0, "proposal": "snapshot"})
    >>> [(row["free"], row["skipped_pages"]) for row in rows]
    [(0.2, 52224), (0.8, 209920)]
    """
    asked = cells(grid, what)
    with SweepTable.open(None if table is None else Path(table), asked, what) as rows:
        _fill(rows, what, executor, watch)
        return rows.ordered()


def _fill(
    table: SweepTable, what: What, executor: Executor | None, watch: Callable[[int], bool] | None
) -> None:
    """Have every cell answered that has no row yet."""
    waiting = table.missing()
    size = min(LARGEST, max(1, len(waiting) // BATCHES))
    batches = [waiting[at : at + size] for at in range(0, len(waiting), size)]
    try:
        for some in _answered(what, batches, executor):
            table.add(some)
            if watch and watch(len(table)):
                break
    except Exception as error:
        if not _is_executors(error):
            raise
        kept = f"; the {len(table)} rows that are there are kept in {table.path}"
        raise FreepagesError(_wrong_with_it(error) + kept * bool(table.path and len(table))) from None


def _is_executors(error: Exception) -> bool:
    """Whether an error is the executor's: a pool is broken, a scheduler is gone or cannot import this."""
    kinds = OSError | RuntimeError | CancelledError | ImportError
    return isinstance(error, kinds) or type(error).__module__.startswith("distributed.")


def _wrong_with_it(error: Exception) -> str:
    cause = error.__cause__ or error  # Dask's scheduler tells an import that failed as the cause
    if isinstance(cause, ImportError):
        return f"the executor cannot import what it needs; it wants this freepages ({cause})"
    return f"the executor died ({type(error).__name__})"


def _answered(
    what: What, batches: Sequence[Sequence[Cell]], executor: Executor | None
) -> Iterator[list[Row]]:
    """The rows of each batch, as they come."""
    if executor is None:
        yield from (_answers(what, batch) for batch in batches)
        return
    waiting = {executor.submit(_answers, what, batch): (batch, TRIES) for batch in batches}
    try:
        while waiting:
            done, _ = wait(waiting, timeout=POLL, return_when=FIRST_COMPLETED)
            # Where an executor died, what was answered before comes before the error.
            for future in sorted(done, key=_failed):
                batch, left = waiting.pop(future)
                try:
                    some = future.result()
                except Exception as error:
                    # Dask's executor hands over an answer whose worker died meanwhile as some other error
                    # (distributed/cfexecutor.py, _cascade_future). A batch has no effect: ask once more.
                    if _is_executors(error) or left == 1:
                        raise
                    waiting[executor.submit(_answers, what, batch)] = batch, left - 1
                else:
                    yield some
            if not done:
                yield []
    finally:
        for future in waiting:
            future.cancel()


def _failed(done: Future[list[Row]]) -> bool:
    return done.cancelled() or done.exception() is not None


# -- the command


def options(command: ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE.toml",
        type=Path,
        help='it has what = "migrate" or "check", and a table [grid]: for each option a value, or a list',
    )
    command.add_argument(
        "--on", metavar="WHERE", default="processes", help="here, processes, dask, or a scheduler's tcp://..."
    )
    command.add_argument(
        "--jobs", metavar="N", type=whole(1), help="processes; if not given, one for each processor"
    )
    command.add_argument(
        "--out",
        metavar="TABLE",
        type=Path,
        help=".csv, .jsonl or .parquet; FILE.csv, if not given. Rows that it has are not computed again",
    )


def more() -> str:
    known = [(what, ", ".join(names(what))) for what in get_args(What)]
    status = "The exit status is 1 if every cell failed."
    return "\n\n".join([listed("what a grid may have:", known), f"for example:\n{EXAMPLE}", status])


def run(args: Namespace) -> bool:
    """Run the command; whether it failed: every cell has an error."""
    what, grid = read_grid(args.file)
    asked = cells(grid, what)
    out = args.out or args.file.with_suffix(".csv")
    with Progress(len(asked), "cells") as progress, SweepTable.open(out, asked, what) as table:
        if table.missing():  # else nobody is started, and nobody is asked
            with executor_on(args.on, args.jobs, progress) as executor:
                _fill(table, what, executor, progress)
        rows = table.ordered()
    errors = [row["error"] for row in rows if row["error"]]
    failed = f", {len(errors):,} of them failed, the first: {errors[0]}" if errors else ""
    print(f"{out}: {len(rows):,} of {len(asked):,} cells{failed}")
    if progress.stopped:
        raise KeyboardInterrupt
    return bool(rows) and len(errors) == len(rows)


def read_grid(path: Path) -> tuple[What, dict[str, Any]]:
    """The kind and the grid of a TOML file. Raises FreepagesError for one that is none."""
    try:
        told = tomllib.loads(read_file(path).decode("utf-8"))
    except UnicodeDecodeError:
        raise FreepagesError(f"{path}: not a text") from None
    except tomllib.TOMLDecodeError as error:
        raise FreepagesError(f"{path}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise FreepagesError(f"{path}: it is nested too deep") from None
    for name in told:
        if name not in ("what", "grid"):
            raise unknown(f"{path}: key", name, ("what", "grid"))
    if not isinstance(told.get("grid"), dict):
        raise FreepagesError(f"{path}: it has no table [grid]")
    return told.get("what", "migrate"), told["grid"]


@contextmanager
def executor_on(on: str, jobs: int | None, progress: Progress) -> Iterator[Executor | None]:
    """The executor that ``--on`` names: here, processes, dask (a cluster of this machine's), or a scheduler's
    address. Raises FreepagesError for a name that is none and a scheduler that does not answer."""
    if on == "here":
        yield None
    elif on == "processes":
        with workers(jobs, progress) as executor:
            yield executor
    elif on == "dask" or "://" in on:
        with _dask(None if on == "dask" else on, jobs) as executor:
            yield executor
    else:
        raise unknown("on", on, ("here", "processes", "dask", "tcp://..."))


@contextmanager
def _dask(address: str | None, jobs: int | None) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise FreepagesError("on: Dask is not installed (pip install 'freepages[sweep]')") from None
    try:
        client = Client(address, timeout="10s") if address else local_client(jobs)
    except (OSError, ValueError) as error:
        raise FreepagesError(f"on: no scheduler answers at {address}: {type(error).__name__}") from None
    logging.disable()  # Dask tells a lost scheduler as a traceback; here it is one line
    try:
        with client:
            yield client.get_executor()
    finally:
        logging.disable(logging.NOTSET)
