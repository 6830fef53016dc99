"""`freepages compare` and `freepages zeros`: a recorded run beside the model; a fit finds costs."""

import json

import numpy as np
import pytest

from freepages.cli.main import main
from freepages.engine.costs import Costs
from freepages.migrate.compare import fit
from freepages.migrate.guest import Guest
from freepages.migrate.query_migrate import QueryMigrate
from freepages.migrate.recorded import OTHER_NORMAL, OTHER_ZERO, recorded
from freepages.migrate.timed_migration import migrate
from freepages.real.data_path import data_path

RUN = next(run for run in recorded() if run.name == "idle1g")
GUEST = [str(data_path("recorded", "idle1g.snapshot")), "--zero", str(data_path("recorded", "idle1g.zero"))]


@pytest.fixture
def answer(tmp_path):
    ram = {"total": (1 << 30) + (OTHER_NORMAL + OTHER_ZERO) * 4096, "dirty-sync-count": RUN.syncs}
    ram |= {"normal": RUN.normal, "duplicate": RUN.duplicate, "transferred": RUN.ram_bytes}
    told = {"status": "completed", "total-time": RUN.total_ms, "downtime": RUN.downtime_ms, "ram": ram}
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"return": told}))
    return str(path)


def test_a_recorded_run_beside_the_model(capsys, answer):
    assert main(["compare", answer, *GUEST, "--bandwidth", "125MB/s", "--machine", "i440fx", "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    rows = {row["name"]: row for row in run["rows"]}
    assert rows["zero pages"]["error"] == 0 and rows["rounds"]["error"] == 0
    assert abs(rows["bytes"]["error"]) < 0.001 and abs(rows["total, ms"]["error"]) < 0.1


def test_people_are_told_what_was_taken_off_and_what_fits(capsys, answer):
    assert main(["compare", answer, *GUEST, "--bandwidth", "125MB/s", "--fit", "normal_page"]) == 0
    out = capsys.readouterr().out
    assert "52 normal and 78 zero pages" in out and "fitted: --cost normal_page=" in out


def test_more_costs_than_runs_and_unknown_ones_are_refused(capsys, answer):
    for names, why in (
        ("link,zero_scan", "fit: 2 costs (link, zero_scan) and 1 runs"),
        ("lnik", "did you mean link?"),
    ):
        assert main(["compare", answer, *GUEST, "--fit", names]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and why in err


def test_a_fit_finds_the_costs_that_made_the_times():
    def again(free, costs):
        return migrate(
            Guest.made_up(1 << 30, free), workload="still", bandwidth=1e11, costs=costs, keep=False
        )

    made, runs = Costs(link=0.7e9, zero_scan=9e9), []
    for free in (0.0, 0.9):
        ms = round(again(free, made).total / 1e6)
        run = QueryMigrate("made", ms, 0, 0, 0, 0, 0, 0, 0)
        runs.append((run, lambda costs, free=free: again(free, costs)))
    found = fit(["link", "zero_scan"], Costs(), runs)
    assert found.link == pytest.approx(made.link, rel=0.01)
    assert found.zero_scan == pytest.approx(made.zero_scan, rel=0.03)


def test_the_zeros_of_a_memory_file_are_a_bitmap_that_migrate_takes(capsys, tmp_path):
    pages = np.zeros((16384, 4096), np.uint8)
    pages[::4, 4095] = 1
    (tmp_path / "ram").write_bytes(pages.tobytes())
    out = tmp_path / "zero"
    assert main(["zeros", str(tmp_path / "ram"), str(out)]) == 0
    assert "12,288 of 16,384 pages hold zeros" in capsys.readouterr().out
    assert main(["migrate", "--ram", "64M", "--zero", str(out), "--workload", "still", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["zero_pages"] == 12288
    (tmp_path / "ram").write_bytes(b"x" * 5000)
    assert main(["zeros", str(tmp_path / "ram"), str(out)]) == 2
    assert "not a multiple of 4096" in capsys.readouterr().err
