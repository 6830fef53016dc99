import json
import subprocess
import sys
from pathlib import Path

import pytest

from freepages.cli.main import main
from freepages.real import Snapshot
from freepages.real.data_path import data_path
from tests.real.machines import MACHINES, unpack

VM = data_path("snapshots", "pc-4g-idle.snapshot")
KEYS = ["max_pfn", "bitmap_bytes", "free_pages", "runs", "exact", "zones", "page_size"]
ZONE_KEYS = ["node", "name", "start_pfn", "spanned", "present", "managed", "nr_free", "free_pages", "churn"]


@pytest.fixture
def pc(tmp_path):
    return unpack(MACHINES[0], tmp_path / "proc")


def run(capsys, *args):
    assert main([str(arg) for arg in args]) == 0
    out, err = capsys.readouterr()
    assert not err
    return out


def test_bitmap_json_has_these_keys_and_they_agree(pc, capsys):
    told = json.loads(run(capsys, "bitmap", "--proc", pc, "--json"))
    assert list(told) == KEYS and told["exact"] is True
    assert [list(zone) for zone in told["zones"]] == [ZONE_KEYS] * 2
    assert told["bitmap_bytes"] == (told["max_pfn"] + 63) // 64 * 8
    for zone in told["zones"]:
        assert len(zone["nr_free"]) == 11
        assert zone["free_pages"] == sum(count << order for order, count in enumerate(zone["nr_free"]))
    assert told["free_pages"] == sum(zone["free_pages"] + zone["churn"] for zone in told["zones"])


def test_a_captured_folder_tells_the_same_as_the_folder(pc, tmp_path, capsys):
    path = tmp_path / "pc.snapshot"
    assert f"{path}: 11,640 free pages in 22 runs" in run(
        capsys, "capture", path, "--proc", pc, "--note", "a pc"
    )
    assert run(capsys, "bitmap", path, "--json") == run(capsys, "bitmap", "--proc", pc, "--json")
    assert "a pc" in run(capsys, "bitmap", path)


def test_out_is_the_bitmap_byte_for_byte(pc, tmp_path, capsys):
    told = json.loads(run(capsys, "bitmap", "--proc", pc, "--json", "--out", tmp_path / "bits"))
    written = (tmp_path / "bits").read_bytes()
    assert len(written) == told["bitmap_bytes"] and written == Snapshot.from_proc(pc).bitmap().tobytes()


def test_the_table_has_every_zone_and_says_what_is_synthesised(pc, capsys):
    (pc / "kpageflags").unlink()
    lines = run(capsys, "bitmap", "--proc", pc).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("   0")] == ["DMA", "DMA32"] * 2
    assert "synthesised" in lines[-1]
    assert any("0 DMA 1 4,095 3,998 3,840 3,808 0" == " ".join(line.split()) for line in lines)


def test_capture_that_is_not_exact_says_so_in_one_line(pc, tmp_path, capsys):
    (pc / "kpageflags").unlink()
    assert main(["capture", str(tmp_path / "a"), "--proc", str(pc)]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("freepages: ") and "there is no kpageflags" in err
    assert not Snapshot.load(tmp_path / "a").exact


@pytest.mark.parametrize("name", sorted(path.name for path in data_path("snapshots").glob("*.snapshot")))
def test_bitmap_of_a_shipped_snapshot(name, capsys):
    told = json.loads(run(capsys, "bitmap", data_path("snapshots", name), "--json"))
    snapshot = Snapshot.load(data_path("snapshots", name))
    assert (
        told["exact"]
        and told["runs"] == len(snapshot.starts)
        and told["free_pages"] == snapshot.bitmap().count()
    )


@pytest.mark.parametrize(
    "args, fault",
    [
        (["bitmap", "{tmp}/none"], "none: No such file or directory"),
        (["bitmap", "{tmp}"], "Is a directory"),
        (["bitmap", "{tmp}/garbage"], "garbage: not a snapshot of freepages"),
        (["bitmap", "--proc", "{tmp}/none"], "none/zoneinfo: No such file or directory"),
        (["bitmap", "--proc", "{tmp}/garbage"], "garbage/zoneinfo: Not a directory"),
        (["bitmap"], "SNAPSHOT --proc is required"),
        (["bitmap", "{tmp}/none", "--proc", "{tmp}"], "not allowed with argument"),
        (["capture", "{tmp}", "--proc", "{pc}"], "Is a directory"),
        (["capture", "{tmp}/no/file", "--proc", "{pc}"], "no/file: there is no folder"),
        (["capture", "{tmp}/a", "--proc", "{pc}", "--note", "two\nlines"], "is not one line of text"),
        (["capture"], "FILE"),
        (["bitmap", str(VM), "--out", str(VM)], "it is read, and would be written over"),
        (["bitmap", str(VM), "--out", "{tmp}/no/map"], "no/map: there is no folder"),
        (["check", "--table", "{tmp}"], "Is a directory"),
        (["ring", "/dev/zero"], "/dev/zero: is not JSON"),
        (["bitmaps"], "command 'bitmaps' is not known; did you mean bitmap?"),
        (["--verison"], "option '--verison' is not known; did you mean --version?"),
        (["migrate", "--bandwith", "1Gbit"], "option '--bandwith' is not known; did you mean --bandwidth?"),
        (["ring", "x", "--queue", "reportin"], "--queue 'reportin' is not known; did you mean reporting?"),
        ([], "COMMAND"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(args, fault, pc, tmp_path, capsys):
    (tmp_path / "garbage").write_bytes(b"\x00\xff" * 100)
    status = main([arg.format(tmp=tmp_path, pc=pc) for arg in args])
    out, err = capsys.readouterr()
    assert status == 2 and not out
    assert err.count("\n") == 1 and err.startswith("freepages: ") and fault in err


def test_a_capture_that_fails_keeps_the_last_one(pc, tmp_path, capsys):
    path = tmp_path / "a"
    run(capsys, "capture", path, "--proc", pc)
    before = path.read_bytes()
    (pc / "zoneinfo").write_bytes((pc / "zoneinfo").read_bytes()[:300])
    assert main(["capture", str(path), "--proc", str(pc)]) == 2
    assert path.read_bytes() == before


def test_the_help_has_every_name_and_what_it_means(capsys):
    from freepages.debate.assumptions import MEANINGS
    from freepages.debate.proposals import PROPOSALS
    from freepages.engine.costs import NAMES
    from freepages.migrate.workload import FORMS

    def help_of(command):
        with pytest.raises(SystemExit) as end:
            main([command, "--help"])
        assert end.value.code == 0
        return " ".join(capsys.readouterr().out.split())

    migrate, check = help_of("migrate"), help_of("check")
    for name, one in PROPOSALS.items():
        assert f"{name} {one.claim}" in migrate and f"{name} {one.claim}" in check
    assert all(f"{form} {means}" in migrate for form, means in FORMS.items())
    assert all(name in migrate for name in NAMES if name != "elapsed")
    assert all(f"{name} {means}" in check for name, means in MEANINGS.items())
    assert "(default: 1Gbit)" in migrate and "(default: 0)" in migrate and "(default: None)" not in migrate
    assert "churn how many more pages kpageflags marks free" in help_of("bitmap")
    assert "capture How long it takes to capture this machine" in help_of("bench")


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out.startswith("freepages ")


def test_memory_that_is_not_there_is_one_line(pc, monkeypatch, capsys):
    from freepages.engine import memory

    monkeypatch.setattr(memory, "available", lambda: 100)
    assert main(["bitmap", "--proc", str(pc), "--out", "/dev/null"]) == 2
    assert "of memory here, and 100 B are available" in capsys.readouterr().err

    def short(*args, **how):
        raise MemoryError

    monkeypatch.setattr(Snapshot, "from_proc", short)
    assert main(["bitmap", "--proc", str(pc)]) == 2
    assert capsys.readouterr().err.startswith("freepages: there is not enough memory")


def test_a_page_size_can_be_given_where_nothing_tells_it(pc, capsys):
    (pc / "iomem").unlink()
    assert json.loads(run(capsys, "bitmap", "--proc", pc, "--json"))["page_size"] == 4096
    assert (
        json.loads(run(capsys, "bitmap", "--proc", pc, "--json", "--page-size", "64K"))["page_size"]
        == 1 << 16
    )
    assert main(["bitmap", "--proc", str(pc), "--page-size", "5K"]) == 2
    assert "page-size: 5120 bytes is none of 4K, 8K" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error(pc):
    command = [sys.executable, "-m", "freepages", "bitmap", "--proc", str(pc)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="it needs a file whose reading fails")
@pytest.mark.parametrize("name", ["zoneinfo", "buddyinfo", "iomem", "version"])
def test_a_file_of_the_folder_that_cannot_be_read_is_named(name, pc, capsys):
    (pc / name).unlink(missing_ok=True)
    (pc / name).symlink_to("/proc/self/mem")
    assert main(["bitmap", "--proc", str(pc)]) == 2
    assert capsys.readouterr().err == f"freepages: {pc / name}: Input/output error\n"
