"""`freepages compare` and `freepages zeros`: a recorded run beside the model; a fit finds costs."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from freepages.cli.main import main
from freepages.engine.costs import Costs
from freepages.host.sender import NORMAL_BYTES
from freepages.migrate.compare import fit
from freepages.migrate.guest import Guest
from freepages.migrate.hint_blocks import BLOCK
from freepages.migrate.recorded import recorded
from freepages.migrate.timed_migration import migrate

RUNS = {run.name: run for run in recorded()}


def compare(name: str, *more: str) -> list[str]:
    """The command that lays this recorded run beside the model."""
    run = RUNS[name]
    files = [str(run.file(kind)) for kind in ("json", "snapshot", "zero")]
    guest = [files[1], "--zero", files[2], "--machine", "i440fx", "--workload", run.workload]
    how = ["--proposal", run.proposal, "--bandwidth", "125MB/s", "--vcpus", "1"]
    return ["compare", files[0], *guest, *how, *more]


@pytest.mark.parametrize("name", RUNS)
def test_a_recorded_run_beside_the_model(capsys, name):
    assert main(compare(name, "--json")) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    rows = {row["name"]: row for row in run["rows"]}
    done = RUNS[name].model()
    assert rows["normal pages"]["model"] == done.normal_pages
    assert rows["normal pages"]["qemu"] == RUNS[name].normal - 52
    assert rows["zero pages"]["qemu"] == RUNS[name].duplicate - 78
    assert rows["rounds"]["error"] == 0
    in_cut_block = BLOCK * NORMAL_BYTES / rows["bytes"]["qemu"] if RUNS[name].raced else 0
    assert abs(rows["bytes"]["error"]) < 0.003 + in_cut_block and abs(rows["total, ms"]["error"]) < 0.15


def test_people_are_told_what_was_taken_off_and_what_fits(capsys):
    assert main(compare("idle1g", "--fit", "zero_scan,link")) == 0
    out = capsys.readouterr().out
    assert "52 normal and 78 zero pages" in out
    assert "fitted: --cost zero_scan=" in out and "--cost link=" in out


def test_more_costs_than_are_observed_and_unknown_ones_are_refused(capsys):
    for names, why in (
        (
            "link,zero_scan,stop",
            "fit: 3 costs (link, zero_scan, stop) and 2 observations: of each run, the time until the guest",
        ),
        ("lnik", "did you mean link?"),
        ("elapsed", "cost 'elapsed' is not known"),
        ("", "cost '' is not known"),
    ):
        assert main(compare("idle1g", "--fit", names)) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and why in err


def test_another_run_brings_as_many_observations(capsys):
    also = f"{RUNS['idle1g-hint'].file('json')}=free_page_hint"
    assert main(compare("idle1g", "--also", also, "--fit", "link,zero_scan,normal_page,stop,sync")) == 2
    assert "5 costs (link, zero_scan, normal_page, stop, sync) and 4 obs" in capsys.readouterr().err


def test_a_fit_finds_the_costs_that_made_the_times():
    def again(free, costs):
        return migrate(
            Guest.made_up(1 << 28, free), workload="still", bandwidth=1e11, costs=costs, keep=False
        )

    made, runs = Costs(link=0.7e9, zero_scan=9e9), []
    for free in (0.0, 0.9):
        done = again(free, made)
        told = {"total_ms": done.total / 1e6, "downtime_ms": done.downtime / 1e6}
        runs.append((replace(RUNS["idle1g"], **told), partial(again, free)))
    found = fit(["link", "zero_scan"], Costs(), runs)
    assert found.link == pytest.approx(made.link, rel=0.01)
    assert found.zero_scan == pytest.approx(made.zero_scan, rel=0.03)


@pytest.mark.parametrize("idle", ["idle1g", pytest.param("idle4g", marks=pytest.mark.slow)])
def test_fitted_to_one_idle_run_the_times_of_all_are_within_a_tenth(idle):
    costs = fit(["zero_scan", "link"], Costs(), [(RUNS[idle], RUNS[idle].model)])
    for run in RUNS.values():
        assert run.model(costs).total / 1e6 == pytest.approx(run.total_ms, rel=0.1)


def test_a_cost_that_has_no_part_in_a_run_is_not_fitted_to_it(capsys):
    assert main(compare("idle1g", "--fit", "hint")) == 2
    assert "fit: hint has no part in the times of these runs" in capsys.readouterr().err


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


def test_the_memory_file_is_not_written_over(capsys, tmp_path):
    ram = tmp_path / "ram"
    ram.write_bytes(bytes(8192))
    assert main(["zeros", str(ram), str(ram)]) == 2
    assert f"{ram}: it is read, and would be written over" in capsys.readouterr().err
    assert ram.read_bytes() == bytes(8192)


def test_where_no_migration_ends_a_fit_says_that(capsys):
    assert main(compare("idle1g", "--max-rounds", "1", "--fit", "link")) == 2
    assert "fit: with none of the values tried for link do the migrations end" in capsys.readouterr().err


def test_a_pace_at_which_it_would_take_years_is_refused_at_once(capsys):
    assert main(compare("idle1g", "--bandwidth", "1B/s")) == 2
    assert "days; at most 7 are modelled" in capsys.readouterr().err


def test_what_qemu_used_and_is_not_modelled_is_noted(capsys, tmp_path):
    told = json.loads(RUNS["idle1g"].file("json").read_text())
    told["return"]["ram"]["multifd-bytes"] = 5
    told["return"]["xbzrle-cache"] = {"pages": 7}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(told))
    _, _, *rest = compare("idle1g")
    assert main(["compare", str(path), *rest]) == 0
    assert f"note: {path}: QEMU used multifd, XBZRLE, which is not modelled" in capsys.readouterr().out


def test_another_run_may_have_any_name_and_must_be_of_this_guest(capsys, tmp_path):
    path = tmp_path / "a=b.json"
    path.write_bytes(RUNS["idle1g-hint"].file("json").read_bytes())
    for also in (f"{path}", f"{path}=free_page_hint"):
        assert main(compare("idle1g", "--also", also)) == 0
        assert f"\n{path}  " in capsys.readouterr().out
    assert main(compare("idle4g-hint", "--also", str(path), "--fit", "link")) == 2
    assert f"{path}: 262274 pages of RAM were migrated" in capsys.readouterr().err
    assert main(compare("idle1g", "--also", "nowhere.json")) == 2
    assert "nowhere.json: No such file" in capsys.readouterr().err


def test_a_cost_of_0_is_not_fitted(capsys):
    assert main(compare("idle1g", "--cost", "normal_page=0", "--fit", "normal_page")) == 2
    assert "fit: normal_page is 0, and is looked for by its multiples" in capsys.readouterr().err
