"""`freepages migrate`: the keys, the options, and one line for whatever is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from freepages.cli.main import main, parser
from freepages.cli.migrate_options import MOST_VCPUS
from freepages.debate.proposals import PROPOSALS
from freepages.engine.quantity import format_seconds
from freepages.migrate.timed_migration import VCPU_LETTERS
from freepages.real.data_path import data_path
from freepages.search.debate_table import DebateTable

KEYS = [
    "total_ms",
    "downtime_ms",
    "setup_ms",
    "rounds",
    "normal_pages",
    "zero_pages",
    "skipped_pages",
    "transferred_bytes",
    "lock_held_us",
    "guest_stall_us",
    "mismatched_pages",
    "schedule",
]
PAGES = 64 << 8
IDLE = data_path("snapshots", "pc-4g-idle.snapshot")


def told(capsys, *args):
    assert main(["migrate", *map(str, args), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_keys_are_those_of_the_issue_first(capsys):
    done = told(capsys, "--ram", "64M", "--workload", "still")
    assert list(done)[: len(KEYS)] == KEYS
    assert done["normal_pages"] + done["zero_pages"] == done["ram_pages"] == PAGES
    assert done["mismatched_pages"] == 0 and done["lock_held_us"] == 0


def test_a_snapshot_is_migrated_with_its_own_free_pages(capsys):
    done = told(capsys, IDLE, "--proposal", "snapshot", "--bandwidth", "10Gbit")
    assert done["ram_pages"] == 1 << 20
    assert done["skipped_pages"] == done["free_pages"]
    assert done["lock_held_us"] == pytest.approx(done["free_pages"] * 9.5 / 1e3, rel=0.01)


def test_zero_pages_are_a_share_or_a_file_over_ram_or_over_pfns(capsys, tmp_path):
    share = told(capsys, "--ram", "64M", "--zero", "25%", "--workload", "still")
    assert share["zero_pages"] == PAGES // 4
    more_than_free = told(capsys, "--ram", "64M", "--free", "0.5", "--zero", "0.75", "--workload", "still")
    assert more_than_free["zero_pages"] == PAGES * 3 // 4
    by_ram = np.zeros(1 << 20, bool)
    by_ram[-1000:] = True
    by_pfn = np.concatenate((by_ram[: 3 << 18], np.zeros(1 << 18, bool), by_ram[3 << 18 :]))
    for bits in (by_ram, by_pfn):
        path = tmp_path / "zero"
        path.write_bytes(np.packbits(bits, bitorder="little").tobytes())
        assert told(capsys, IDLE, "--zero", path, "--workload", "still")["zero_pages"] == 1000


def test_what_is_dropped_is_free_and_costs_refaults(capsys):
    kept, dropped = (
        told(capsys, "--ram", "64M", "--proposal", "snapshot", *more) for more in ((), ("--drop-caches", 1))
    )
    assert dropped["dropped_pages"] == (PAGES - kept["free_pages"]) // 2
    assert dropped["skipped_pages"] == kept["skipped_pages"] + dropped["dropped_pages"]
    assert dropped["refault_ms"] > 0


def test_a_folder_of_proc_files_tells_what_can_be_dropped(capsys):
    folder = data_path("drop_caches", "read-3", "before")
    done = told(capsys, "--proc", folder, "--drop-caches", "1", "--proposal", "snapshot")
    assert done["dropped_pages"] > 0


def test_the_picture_is_the_same_for_the_same_run(capsys, tmp_path):
    args = ("--ram", "64M", "--proposal", "locked", "--workload", "churn:50k/s")
    pictures = []
    for name in ("one.svg", "other.svg"):
        told(capsys, *args, "--plot", tmp_path / name)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1] and b"zone lock held" in pictures[0]
    told(capsys, *args, "--plot", tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_people_are_told_in_words(capsys):
    assert main(["migrate", "--ram", "64M", "--proposal", "no_wait", "--link", "10Gbit"]) == 0
    out = capsys.readouterr().out
    assert "16,384 pages (64 MiB), of which 10,240 pages" in out
    assert "119.2 MiB/s at most, on a link of 1.164 GiB/s" in out
    assert "downtime of 300 ms at most, seed 0" in out
    assert "nobody allocates, so nobody could wait" in out
    assert "notes      memory in use lies in blocks of 4 MiB" in out
    assert "equal on both sides wherever it matters" in out


def test_a_bandwidth_above_the_link_is_said(capsys):
    def said(*more: str) -> bool:
        assert main(["migrate", "--ram", "64M", "--bandwidth", "40Gbit", *more]) == 0
        return "the link carries less than that" in capsys.readouterr().out

    assert said() and not said("--link", "100Gbit")


def test_where_nobody_allocates_nobody_waits_which_is_not_0(capsys):
    idle = told(capsys, "--ram", "64M", "--proposal", "locked")
    busy = told(capsys, "--ram", "64M", "--proposal", "locked", "--workload", "churn:1k/s")
    assert idle["guest_stall_us"] is None and busy["guest_stall_us"] >= 0


def test_the_wait_is_told_once(capsys):
    workload = "churn:20k/s"
    assert main(["migrate", "--ram", "64M", "--proposal", "locked", "--workload", workload]) == 0
    (waits,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("waits")]
    stall = told(capsys, "--ram", "64M", "--proposal", "locked", "--workload", workload)["guest_stall_us"]
    assert stall and waits.removeprefix("waits").strip() == f"the vCPUs waited {format_seconds(stall / 1e6)}"


def test_the_json_has_what_was_asked_for_and_assumed(capsys, tmp_path):
    done = told(
        capsys, "--ram", "64M", "--bandwidth", "1GB/s", "--link", "2GB/s", "--seed", "3", "--cost", "wake=7"
    )
    assert (done["bandwidth_bytes_per_s"], done["link_bytes_per_s"]) == (10**9, 2 * 10**9)
    assert (done["downtime_limit_ms"], done["seed"], done["vcpus"]) == (300, 3, 4)
    assert done["notes"] == [
        "memory in use lies in blocks of 4 MiB, by the seed; half of it is clean page cache",
        "the pages that are free hold zeros, the others do not (--zero)",
    ]
    hinted = told(capsys, "--ram", "64M", "--proposal", "free_page_hint")["notes"]
    assert [note for note in hinted if "hint" in note] == [
        "hints are those of Linux 4.20: the highest blocks first"
    ]
    path = tmp_path / "zero"
    path.write_bytes(bytes(1 << 17))
    unmanaged = told(
        capsys, data_path("snapshots", "vm-24g-idle.snapshot"), "--zero", "0.5", "--bandwidth", "10Gbit"
    )
    (only,) = unmanaged["notes"]
    assert "not given to its allocator" in only


def test_a_cost_changes_what_it_is_for(capsys):
    slow = told(capsys, "--ram", "64M", "--proposal", "snapshot", "--cost", "walk_page=1000")
    assert slow["lock_held_us"] == pytest.approx(slow["free_pages"], rel=0.01)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--ram", "64M", "--bandwidth", "0bit"], "--bandwidth: bandwidth '0bit' is not more than 0"),
        (["--ram", "64M", "--bandwidth", "125"], "bandwidth '125' is not a decimal number and one of bit"),
        (["--ram", "64M", "--bandwidth=-1Gbit"], "bandwidth '-1Gbit' is negative"),
        (["--ram", "64M", "--bandwidth", "-1Gbit"], "bandwidth '-1Gbit' is negative"),
        (["--ram", "64M", "--bandwidth", "1Gb"], "bandwidth '1Gb' is not a decimal number and one of"),
        (["--ram", "64Q"], "--ram: size '64Q' is not"),
        (["--ram", "65M"], "a guest of 68157440 bytes: it has a multiple of 4 MiB"),
        (["--ram", "64M", "--free", "1.8"], "--free: fraction '1.8' is more than 1"),
        (["--ram", "64M", "--link", "1Gb"], "--link: bandwidth '1Gb' is not a decimal number"),
        (["--ram", "64M", "--vcpus", "two"], "--vcpus: 'two' is not a whole number"),
        (["--ram", "64M", "--seed", "9" * 5000], "--seed: '999"),
        (["--ram", "64M", "--downtime", "300"], "--downtime: time '300' is not"),
        (["--ram", "8G", "--bandwidth", "125B/s"], "the 3.199 GiB that are not zeros take 318.1 days"),
        (["--ram", "64M", "--cost", "lnk=1"], "cost 'lnk' is not known; did you mean link?"),
        (["--ram", "64M", "--cost", "wake=-1"], "cost wake: time '-1ns' is negative"),
        (["--ram", "64M", "--cost", "wake"], "cost 'wake' is not of the form NAME=VALUE"),
        (["--ram", "64M", "--page-size", "16K"], "page-size: only the files of a folder leave it open"),
        (["--ram", "64M", "--proposal", "snapshoot"], "did you mean snapshot?"),
        (["--ram", "64M", "--workload", "sleep"], "workload 'sleep' is not known: there are idle"),
        (["--ram", "64M", "--machine", "isapc"], "machine 'isapc' is not known: there are i440fx, q35"),
        (["--ram", "64M", "--zero", "nowhere"], "--zero: there is no file 'nowhere'"),
        (["--ram", "64M", "--zero", "1.5"], "fraction '1.5' is more than 1"),
        (["--ram", "64M", "--seed", "-1"], "--seed: '-1' is not a whole number of 0 or more"),
        (["--ram", "64M", "--vcpus", "0"], "--vcpus: '0' is not a whole number from 1 to 24"),
        (["--ram", "64M", "--max-rounds", "0"], "--max-rounds: '0' is not a whole number of 1 or more"),
        (["--ram", "64M", "--drop-caches", "4"], "--drop-caches: '4' is not a whole number from 0 to 3"),
        (["--ram", "64M", "--plot", "x.gif"], "x.gif: a picture ends in .png, .svg, .pdf"),
        (["--ram", "1G", "--workload", "dirty:10GB/s", "--max-rounds", "4"], "not reached in 4 rounds"),
        (["--ram", "32T"], "a guest of 32 TiB takes 12 GiB of memory here, and 1 GiB are available"),
        ([str(IDLE), "--drop-caches", "1"], "a snapshot does not tell of its page cache"),
        ([str(IDLE), "--machine", "q35"], "free pages of the snapshot lie where a q35"),
        (["nowhere.snapshot"], "nowhere.snapshot: No such file"),
        ([str(IDLE), "--free", "0.9"], "free: a snapshot tells what is free"),
        (["--ram", "64M", "--zero", "/dev/zero"], "/dev/zero: not a file"),
        (["--ram", "64M", "--zero", ""], "--zero: there is no file ''"),
        (["--ram", "64M", "--max-rounds", "1"], "is not reached in 1 round:"),
        (["--ram", "64M", "--cost", "zero_scan=1B/s"], "cost zero_scan: with 1 the sender takes 485.5 days"),
        (["--ram", "64M", "--cost", "visit=9999s"], "cost visit: with 9.999e+12 the sender takes"),
        (["--ram", "64M", "--never-sent", "no/where"], "no/where: there is no folder no"),
        ([str(IDLE), "--never-sent", str(IDLE)], "it is read, and would be written over"),
        (["--proc", "/proc", "--page-size", "3"], "page-size: 3 bytes is none of 4K, "),
        ([], "one of the arguments SNAPSHOT --proc --ram is required"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(capsys, monkeypatch, args, line):
    from freepages.engine import memory

    monkeypatch.setattr(memory, "available", lambda: 1 << 30)
    assert main(["migrate", *args]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("freepages: ") and line in err


def values():
    """Every option of every command that takes a quantity or a name of ours, with what it does not take."""
    (commands,) = (action.choices for action in parser()._actions if isinstance(action.choices, dict))
    for command, of_command in commands.items():
        of_command.load()
        for action in of_command._actions:
            if action.option_strings and action.type not in (None, Path):
                yield command, action.option_strings[0]


@pytest.mark.parametrize(("command", "option"), list(values()))
def test_what_an_option_does_not_take_is_told_with_its_name(capsys, command, option):
    assert main([command, option, "1.8.1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"freepages: {option}: ") and "1.8.1" in err and err.count("\n") == 1


def test_there_are_such_options_in_every_command_that_counts():
    assert {"lab", "capture", "bitmap", "check", "migrate", "compare", "sweep", "export"} == {
        command for command, _ in values()
    }


def test_a_vcpu_has_a_letter_in_a_schedule():
    assert len(VCPU_LETTERS) == MOST_VCPUS


@pytest.mark.parametrize("wrong", [b"", bytes(2047), bytes(2049), bytes(5000)])
def test_a_bitmap_that_is_not_as_long_as_ram_is_refused(capsys, tmp_path, wrong):
    path = tmp_path / "zero"
    path.write_bytes(wrong)
    assert main(["migrate", "--ram", "64M", "--zero", str(path)]) == 2
    err = capsys.readouterr().err
    assert f"{path}: {len(wrong)} bytes" in err and "2048 (16384 pages)" in err


def test_the_notes_of_the_snapshot_and_what_is_assumed_are_told(capsys):
    done = told(capsys, IDLE, "--bandwidth", "10Gbit")
    assert done["qemu"] == "2.5" and isinstance(done["exact"], bool)
    assert main(["migrate", str(IDLE), "--bandwidth", "10Gbit", "--qemu", "10"]) == 0
    out = capsys.readouterr().out
    assert "as QEMU    10" in out and all(note in out for note in done["notes"])


def test_what_is_never_sent_is_written_as_zero_takes_it(capsys, tmp_path):
    path = tmp_path / "never"
    done = told(capsys, "--ram", "64M", "--proposal", "snapshot", "--never-sent", path)
    bits = np.unpackbits(np.frombuffer(path.read_bytes(), np.uint8))
    assert bits.sum() == done["never_sent"] == done["skipped_pages"] > 0
    again = told(capsys, "--ram", "64M", "--zero", path, "--workload", "still")
    assert again["zero_pages"] == done["never_sent"]


def test_a_cost_is_given_in_its_unit_or_with_one(capsys):
    slow = told(capsys, "--ram", "64M", "--bandwidth", "10Gbit", "--cost", "link=10MB/s")
    assert slow["total_ms"] > 2000
    lock = [
        told(capsys, "--ram", "64M", "--proposal", "snapshot", "--cost", f"walk_page={value}")["lock_held_us"]
        for value in ("1000", "1us")
    ]
    assert lock[0] == lock[1] > 10_000


def test_a_cost_is_taken_as_the_help_prints_it(capsys):
    costs = command_help("migrate", capsys).partition("with their values:\n")[2]
    rows = " ".join(line if line[2:3] == " " else f"\n{line}" for line in costs.splitlines()).split("\n")
    given = {row.split()[0]: row.rpartition(": ")[2].strip() for row in rows if row.strip()}
    assert len(given) > 30
    words = [f"--cost={name}={value}" for name, value in given.items()]
    args = ("--ram", "64M", "--proposal", "free_page_hint")
    assert told(capsys, *args, *words)["total_ms"] == told(capsys, *args)["total_ms"]


def command_help(name: str, capsys) -> str:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    return capsys.readouterr().out


def test_nothing_is_written_where_another_output_cannot_be(capsys, tmp_path):
    never = tmp_path / "never"
    assert main(["migrate", "--ram", "64M", "--never-sent", str(never), "--plot", "x.gif"]) == 2
    assert not never.exists() and "x.gif: a picture ends in" in capsys.readouterr().err


def test_a_guests_memory_taken_for_a_bitmap_is_not_read(capsys, tmp_path):
    path = tmp_path / "ram"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert main(["migrate", "--ram", "64M", "--zero", str(path)]) == 2
    err = capsys.readouterr().err
    assert "1099511627776 bytes are longer than" in err and "freepages zeros makes such a bitmap" in err


def test_an_unsafe_proposal_is_not_timed_without_a_word(capsys, tmp_path):
    def unsafe(*more: str) -> list[str]:
        return [note for note in told(capsys, "--ram", "64M", *more)["notes"] if "freepages check" in note]

    for name in PROPOSALS:
        said = unsafe("--proposal", name)
        refuted = DebateTable.load().answer(name).verdict == "REFUTED"
        assert bool(said) == refuted
        assert (
            not said
            or f"UNSAFE: it can lose pages, whether or not it did here; freepages check {name}" in said[0]
        )
    path = tmp_path / "own.py"
    path.write_text("from freepages.debate.proposals import snapshot_host as host")
    assert unsafe("--proposal", f"{path}:host") == [
        f"freepages check {path}:host tells whether this proposal can lose pages"
    ]


def test_a_cost_with_which_it_has_no_end_is_told_as_that(capsys):
    args = ["--ram", "1G", "--bandwidth", "10Gbit", "--workload", "dirty:850MiB/s:512MiB", "--sensitivity"]
    assert main(["migrate", *args]) == 0
    (link,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("link ")]
    assert "no end" in link
    of_link = next(one for one in told(capsys, *args)["sensitivity"] if one["name"] == "link")
    assert of_link["less"] is None and of_link["more"] < 0


def test_sensitivity_is_a_list_in_json(capsys):
    done = told(capsys, "--ram", "64M", "--bandwidth", "10Gbit", "--sensitivity")
    assert {"zero_scan", "link"} <= {one["name"] for one in done["sensitivity"]}


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--cost", "lnik=3GB/s"], "cost 'lnik' is not known; did you mean link?"),
        (["--cost", "link"], "cost 'link' is not of the form NAME=VALUE"),
        (["--cost", "hint=1us", "--cost", "hint=2us"], "cost hint is given twice"),
        (["--cost", "link=1GB/s", "--link", "2GB/s"], "cost link is given twice"),
        (["--cost", "link=3parsec"], "cost link: bandwidth '3parsec'"),
        (["--cost", "hint=-1"], "cost hint: time '-1ns' is negative"),
        (["--qemu", "6.2"], "--qemu: qemu '6.2' is not known; did you mean 6.1?"),
        (["--bandwidth", "125"], "bandwidth '125'"),
    ],
)
def test_a_cost_or_version_that_is_none_is_said_in_one_line(capsys, args, line):
    assert main(["migrate", "--ram", "64M", *args]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and line in err


def test_sensitivity_is_laid_beside_a_run_of_its_own_kind(capsys):
    args = ("--ram", "64M", "--proposal", "inflate_deflate", "--init-on-alloc", "--bandwidth", "10Gbit")
    moves = told(capsys, *args, "--sensitivity")["sensitivity"]
    assert {one["name"] for one in moves} < {
        "inflate",
        "zero_scan",
        "normal_page",
        "link",
        "stop",
        "socket_buffer",
    }
