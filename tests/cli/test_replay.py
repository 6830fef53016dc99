"""`freepages replay`: what it prints of histories and of a running kernel's events, and how it refuses."""

import gzip
import json
import os
import pty
import subprocess
import sys

import pytest

from freepages.cli.main import main
from freepages.real.data_path import data_path
from tests.cli.test_main import run
from tests.real.test_allocator_trace import ONE
from tests.real.test_kmem_events import HEAD, NEW


def test_the_recorded_histories_are_equal(capsys) -> None:
    told = json.loads(run(capsys, "replay", data_path("traces", "buddy-4.6.jsonl.gz"), "--json"))
    assert told == {"traces": 120, "equal": 120, "first_difference": None}


def test_the_first_difference_is_named(tmp_path, capsys) -> None:
    other = ONE | {"name": "two", "ops": [["alloc", 2, 1, 4]], "states": []}
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(ONE) + "\n" + json.dumps(other) + "\n")
    told = json.loads(run(capsys, "replay", path, "--json"))
    first = "two, operation 1: alloc gave pfn 0, not pfn 4"
    assert told == {"traces": 2, "equal": 1, "first_difference": first}
    assert run(capsys, "replay", path).splitlines()[1:] == [first]


def test_a_running_kernels_events_are_counted_and_mapped(capsys) -> None:
    path = data_path("traces", "guest-6.1.trace.gz")
    told = json.loads(run(capsys, "replay", path, "--json"))
    assert told["events"]["mm_page_alloc"] == 1374 and told["pages"] == {
        "in_use": 49,
        "per_cpu": 165,
        "free": 477,
    }
    assert (told["allocated_before"], told["allocated_twice"], told["freed_twice"], told["lost"]) == (
        4,
        0,
        0,
        0,
    )
    words = run(capsys, "replay", path)
    assert (
        "4,997 events in 0.950295 s" in words
        and "not seen yet" in words
        and "\n1,374  mm_page_alloc\n" in words
    )


def test_what_is_impossible_is_counted_and_not_fatal(tmp_path, capsys) -> None:
    path = tmp_path / "trace.gz"
    path.write_bytes(gzip.compress((HEAD + NEW.splitlines()[0] + "\n" + NEW).encode()))
    told = json.loads(run(capsys, "replay", path, "--json"))
    assert told["allocated_twice"] == 1 and told["lost"] == 4
    assert "4 events more were dropped" in run(capsys, "replay", path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected events of kmem"),
        ("{}\n", "line 1: expected a history"),
        ("{\n", "line 1: expected a whole JSON object"),
        ("[1]\n", "line 1: expected 'TASK-PID"),
        (HEAD + NEW[:-40], "line 10: expected mm_page_alloc_extfrag with"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, capsys, text, words) -> None:
    path = tmp_path / "trace"
    path.write_text(text)
    assert main(["replay", str(path)]) == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and str(path) in err and words in err


def test_a_file_that_is_not_there(tmp_path, capsys) -> None:
    assert main(["replay", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_long_trace_has_a_bar_on_a_terminal(tmp_path) -> None:
    path = tmp_path / "trace"
    path.write_text(HEAD + NEW * 1_000)
    master, slave = pty.openpty()
    at_once = "import sys; from freepages.cli import main, progress; progress.AFTER = progress.EVERY = 0"
    command = [sys.executable, "-c", f"{at_once}; main.main(sys.argv[1:])", "replay", str(path), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True) as process:
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 4096):
                shown += part
        except OSError:  # the other end is closed
            pass
        out, _ = process.communicate()
    os.close(master)
    assert json.loads(out)["events"]["mm_page_alloc"] == 1_000
    assert b"bytes read" in shown and b"6,000 events" in shown
