"""A sweep: a row a cell, kept as they come, whoever answers them and whenever it is broken off."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freepages.cli.main import main
from freepages.cli.progress import Progress
from freepages.cli.sweep import What, cells, names, sweep
from freepages.cli.sweep_table import SweepTable
from freepages.engine.errors import FreepagesError
from freepages.search.check_many import processes

GRID = {"ram": "64MiB", "free": [0.25, 0.5], "proposal": ["everything", "snapshot"], "seed": [1, 2]}
SEARCHES = {"proposal": ["snapshot", "no_wait"], "purpose": ["migrate", "discard"], "pages": 1}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_choice_is_a_cell_and_the_last_name_turns_fastest() -> None:
    some = cells({"free": [0.1, 0.2], "drop-caches": 3, "seed": range(2)})
    assert some[:2] == [
        {"free": 0.1, "drop_caches": 3, "seed": 0},
        {"free": 0.1, "drop_caches": 3, "seed": 1},
    ]
    assert len(some) == 4


def test_an_array_has_values_too() -> None:
    assert cells({"free": np.linspace(0.25, 0.75, 3)}) == [{"free": 0.25}, {"free": 0.5}, {"free": 0.75}]


@pytest.mark.parametrize(
    ("grid", "what", "words"),
    [
        ({"bandwith": "1Gbit"}, "migrate", "grid: option 'bandwith' is not known; did you mean bandwidth?"),
        ({"purpos": "discard"}, "check", "did you mean purpose?"),
        ({"free": []}, "migrate", "grid: free has no value"),
        ({"free": {"a": 1}}, "migrate", "grid: free = {'a': 1} is no text, number or truth"),
        (
            {"downtime": [date(2020, 1, 1)]},
            "migrate",
            "grid: downtime = datetime.date(2020, 1, 1) is no text",
        ),
        (GRID, "migrat", "what 'migrat' is not known; did you mean migrate?"),
    ],
)
def test_a_grid_that_cannot_be_is_told_in_one_line(grid: dict, what: str, words: str) -> None:
    with pytest.raises(FreepagesError) as told:
        cells(grid, what)  # type: ignore[arg-type]
    assert words in str(told.value) and "\n" not in str(told.value)


def test_a_migration_is_what_the_command_says(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = sweep({"ram": "64MiB", "proposal": "snapshot", "init_on_alloc": True, "cost": [["hint=40us"]]})
    words = "migrate --ram 64MiB --proposal snapshot --init-on-alloc --cost hint=40us --json"
    assert main(words.split()) == 0
    told = json.loads(capsys.readouterr().out)
    assert row["total_ms"] == told["total_ms"] and row["qemu"] == told["qemu"] == "2.5"
    assert {"seed", "version", "error"} <= set(row)


def test_searches_are_swept_too() -> None:
    found = {(row["proposal"], row["purpose"]): row["verdict"] for row in sweep(SEARCHES, "check")}
    assert found == {
        ("snapshot", "migrate"): "PROVED",
        ("snapshot", "discard"): "REFUTED",
        ("no_wait", "migrate"): "REFUTED",
        ("no_wait", "discard"): "REFUTED",
    }


def test_a_cell_that_fails_is_a_row_with_its_error() -> None:
    good, bad, unit = sweep({"ram": ["64MiB", "63MiB", "64 Mib"]})
    assert good["error"] == "" and good["total_ms"] > 0
    assert "multiple of 4 MiB" in bad["error"] and bad["total_ms"] is None
    assert "'64 Mib'" in unit["error"] and unit["error"].endswith("; did you mean MiB?")
    for wrong, why in (
        ({"pages": "two"}, "pages: 'two' is not a whole number"),
        ({"requests": 1.5}, "requests: 1.5 is not a whole number"),
        ({"assume": 3}, "assume: 3 is not a name, nor a list of them"),
        ({"proposal": 3}, "proposal '3' is not known"),
    ):
        (row,) = sweep({"proposal": "snapshot", "pages": 1} | wrong, "check")
        assert why in row["error"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_table_is_the_same_whoever_answers_and_is_not_computed_twice(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / f"here{suffix}", tmp_path / f"there{suffix}"
    alone = sweep(GRID, table=here)
    with ThreadPoolExecutor(3) as pool:
        assert sweep(GRID, executor=pool, table=there) == alone
    assert here.read_bytes() == there.read_bytes() and not list(tmp_path.glob("*.part"))
    monkeypatch.setattr("freepages.cli.sweep.answer", None)
    assert len(sweep(GRID, table=here)) == 8
    assert here.read_bytes() == there.read_bytes()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_value_that_is_no_json_is_kept_as_its_text(suffix: str, tmp_path: Path) -> None:
    grid = {"snapshot": tmp_path / "none", "seed": [np.int64(1), np.int64(2)]}
    assert [row["seed"] for row in sweep(grid, table=tmp_path / f"out{suffix}")] == [1, 2]
    assert len(sweep(grid, table=tmp_path / f"out{suffix}")) == 2


def test_what_is_done_is_kept_and_a_sweep_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    some = sweep(GRID, table=out, watch=lambda done: done == 3)
    assert len(some) == len(rows(out)) == 3
    assert len(sweep(GRID, table=out)) == len(rows(out)) == 8
    whole = tmp_path / "whole.csv"
    sweep(GRID, table=whole)
    assert out.read_bytes() == whole.read_bytes()


def test_rows_of_a_killed_sweep_are_in_its_part(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    whole = sweep(GRID, table=out)
    lines = out.read_text().splitlines(keepends=True)
    out.unlink()
    (tmp_path / "out.jsonl.part").write_text("".join(lines[:4]) + lines[4][:20])
    asked: list[int] = []

    def watch(done: int) -> bool:
        asked.append(done)
        return False

    assert sweep(GRID, table=out, watch=watch) == whole
    assert asked[0] == 5


def test_another_grids_table_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    sweep(GRID | {"vcpus": 1}, table=out)
    before = out.read_bytes()
    others: list[tuple[dict, What]] = [
        (GRID | {"vcpus": [1, 2], "zero": 0}, "migrate"),  # it chooses more
        (GRID, "migrate"),  # it chooses less, so the table's vcpus may be others than it would have
        (GRID | {"vcpus": 2}, "migrate"),
    ]
    for grid, what in others:
        with pytest.raises(FreepagesError, match="it has rows of another grid"):
            sweep(grid, what, table=out)
    assert out.read_bytes() == before


def test_a_search_does_not_take_the_rows_of_a_migration(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    sweep({"proposal": "snapshot"}, table=out)
    with pytest.raises(FreepagesError, match="it has rows of another grid"):
        sweep({"proposal": "snapshot"}, "check", table=out)


@pytest.mark.parametrize("on", ["processes", "dask", "tcp://127.0.0.1:9"])
def test_where_no_row_is_missing_nobody_is_started_or_asked(
    on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "grid.toml"
    file.write_text('[grid]\nram = "64MiB"\nseed = [1, 2]')
    assert main(["sweep", str(file), "--on", "here"]) == 0
    whole = (tmp_path / "grid.csv").read_bytes()
    monkeypatch.setattr("freepages.cli.sweep.executor_on", None)
    assert main(["sweep", str(file), "--on", on]) == 0
    assert capsys.readouterr().out.endswith("grid.csv: 2 of 2 cells\n")
    assert (tmp_path / "grid.csv").read_bytes() == whole


def test_a_parquet_table_without_pyarrow_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("freepages.cli.sweep.answer", None)
    with pytest.raises(FreepagesError, match=r"a \.parquet file needs pyarrow"):
        sweep(GRID, table=tmp_path / "out.parquet")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_is_told_and_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    sweep(GRID, table=out, watch=lambda done: done == 2)
    with processes(1) as pool:
        assert isinstance(pool, ProcessPoolExecutor)
        pool.submit(die)
        with pytest.raises(FreepagesError, match=r"the executor died \(BrokenProcessPool\); the 2 rows"):
            sweep(GRID, executor=pool, table=out)
    assert len(rows(out)) == 2


class LosesAnswers(ThreadPoolExecutor):
    """Dask's executor does so: a worker dies after its answer came, and the answer is taken for an error."""

    def __init__(self, times: int) -> None:
        super().__init__(2)
        self.times = times

    def submit(self, what: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def lost() -> None:
            raise ValueError("not enough values to unpack (expected 3, got 2)")

        self.times -= 1
        return super().submit(what, *args, **kwargs) if self.times < 0 else super().submit(lost)


def test_an_answer_that_an_executor_lost_is_asked_for_again(tmp_path: Path) -> None:
    alone = sweep(GRID)
    for lost in (1, len(alone)):
        assert sweep(GRID, executor=LosesAnswers(lost), table=tmp_path / f"{lost}.csv") == alone


def test_an_executor_that_loses_every_answer_is_not_asked_for_ever(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        sweep(GRID, executor=LosesAnswers(10**9))


class WithoutFreepages(ThreadPoolExecutor):
    """As Dask's answers, whose scheduler has another environment."""

    def submit(self, *args: object, **kwargs: object) -> Future:  # type: ignore[override]
        answer: Future = Future()
        answer.set_exception(RuntimeError("Error during deserialization of the task graph.\nSee ..."))
        answer.exception().__cause__ = ModuleNotFoundError("No module named 'freepages'")  # type: ignore[union-attr]
        return answer


def test_a_cluster_without_freepages_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(FreepagesError) as told:
        sweep(GRID, executor=WithoutFreepages(), table=tmp_path / "out.csv")
    words = "the executor cannot import what it needs; it wants this freepages (No module named 'freepages')"
    assert str(told.value) == words and not list(tmp_path.iterdir())


def test_the_command_sweeps_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "grid.toml"
    file.write_text('what = "check"\n[grid]\nproposal = ["snapshot", "nobody"]\npages = 1\n')
    assert main(["sweep", str(file), "--on", "here"]) == 0
    assert "2 of 2 cells, 1 of them failed, the first: " in capsys.readouterr().out
    assert [row["verdict"] for row in rows(tmp_path / "grid.csv")] == ["PROVED", ""]


def test_the_command_fails_if_every_cell_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "grid.toml"
    file.write_text('what = "check"\n[grid]\nproposal = ["nobody", "no one"]\n')
    for _ in ("computed", "read from the table"):
        assert main(["sweep", str(file), "--on", "here"]) == 1
        assert "2 of 2 cells, 2 of them failed, the first: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("what = 3 = 4", [], "grid.toml: "),
        ("[gird]\nram = 1", [], "did you mean grid?"),
        ('what = "migrate"', [], "it has no table [grid]"),
        ("[grid]\nram = " + "[" * 100_000, [], "grid.toml: it is nested too deep"),
        ("[grid]\nseed = 1", ["--on", "proceses"], "did you mean processes?"),
        ("[grid]\nseed = 1", ["--out", "table.xls"], "'.xls' is not known: there are .csv"),
        ("[grid]\nseed = 1", ["--out", "/nowhere/t.csv"], "there is no folder /nowhere"),
        ("[grid]\nseed = 1", ["--out", "{here}/folder.csv"], "folder.csv: Is a directory"),
    ],
)
def test_bad_input_is_one_line(
    text: str, more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(text)
    (tmp_path / "folder.csv").mkdir()
    options = [word.format(here=tmp_path) for word in more]
    assert main(["sweep", str(file), "--on", "here", *options]) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1


def test_help_names_what_a_grid_may_have(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sweep", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert all(name in told for what in ("migrate", "check") for name in names(what))  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bytes_though_a_worker_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    grid = GRID | {"seed": list(range(40))}
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    sweep(grid, table=here)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = list(client.run(os.getpid).values())

        def kill_one(done: int) -> bool:
            if victims and done > 20:
                os.kill(victims.pop(), signal.SIGKILL)
                victims.clear()
            return False

        sweep(grid, executor=client.get_executor(), table=there, watch=kill_one)
        assert not victims and here.read_bytes() == there.read_bytes()


@pytest.mark.slow
def test_a_scheduler_that_dies_on_the_way_is_told_in_one_line_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    file, where = tmp_path / "grid.toml", tmp_path / "scheduler.json"
    file.write_text(
        '[grid]\nram = "64MiB"\nproposal = ["everything", "snapshot"]\n' + f"seed = {[*range(400)]}"
    )
    dask, quiet = [sys.executable, "-m", "dask"], subprocess.DEVNULL
    own = [*dask, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(where)]
    work = [*dask, "worker", "--scheduler-file", str(where), "--nworkers", "2", "--nthreads", "1"]
    with (
        subprocess.Popen(own, stdout=quiet, stderr=quiet) as scheduler,
        subprocess.Popen(work, stdout=quiet, stderr=quiet) as worker,
    ):

        class Killing(Progress):
            def __call__(self, done: int) -> bool:
                if done > 20:
                    scheduler.kill()
                return super().__call__(done)

        try:
            while not where.exists() or not where.read_text().endswith("}"):
                assert scheduler.poll() is None
                time.sleep(0.1)
            monkeypatch.setattr("freepages.cli.sweep.Progress", Killing)
            assert main(["sweep", str(file), "--on", json.loads(where.read_text())["address"]]) == 2
        finally:
            scheduler.kill()
            worker.terminate()
    told = capsys.readouterr().err
    kept = len(rows(tmp_path / "grid.csv"))
    there = tmp_path / "grid.csv"
    assert told.endswith(
        f"the executor died (CancelledError); the {kept} rows that are there are kept in {there}\n"
    )
    assert told.count("\n") == 1 and 20 < kept < 800
    monkeypatch.undo()
    assert main(["sweep", str(file), "--on", "here", "--out", str(tmp_path / "grid.csv")]) == 0
    assert main(["sweep", str(file), "--on", "here", "--out", str(tmp_path / "whole.csv")]) == 0
    assert (tmp_path / "grid.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    file = tmp_path / "grid.toml"
    file.write_text("[grid]\nseed = 1")
    assert main(["sweep", str(file), "--on", "tcp://127.0.0.1:9"]) == 2
    assert "no scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_is_full_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    (cell,) = cells({"seed": 1})
    with SweepTable.open(tmp_path / "out.csv", [cell], "migrate") as table:
        table._part = open("/dev/full", "w")  # noqa: SIM115  # the table closes it
        with pytest.raises(FreepagesError, match=r"out.csv.part: No space left on device"):
            table.add([cell])
