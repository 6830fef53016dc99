"""`freepages check` at the command line."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest

from freepages.cli.main import main
from freepages.debate.proposals import PROPOSALS
from freepages.debate.world import PURPOSES
from freepages.search import check_all, default_rows


def run(capsys, *args, status=0):
    assert main(["check", *map(str, args)]) == status
    out, err = capsys.readouterr()
    assert not err
    return out


def test_one_row_as_json(capsys) -> None:
    told = json.loads(
        run(capsys, "snapshot", "--assume", "write-at-alloc", "--assume", "id-bits=1", "--json")
    )
    assert told["assumptions"] == ["write-at-alloc", "id-bits=1"] and told["without_effect"] == ["id-bits=1"]
    assert (told["purpose"], told["verdict"]) == ("migrate", "PROVED") and "3 requests" in told["bounds"]


def test_one_row_to_read_ends_with_the_steps_of_the_loss(capsys) -> None:
    lines = run(capsys, "page_reporting", "--assume", "rely-on-free-content", "--pages", 1).splitlines()
    assert lines[0] == "page_reporting, migrate: REFUTED" and "1 page," in lines[3]
    assert lines[1].split(maxsplit=1)[1].startswith("merged; written by Alexander Duyck")
    assert lines[-1].endswith("host: stops the guest, syncs, sends the rest")
    assert any(line.startswith("schedule") for line in lines)


def test_all_rows_are_a_list_in_the_order_of_the_debate(capsys) -> None:
    told = json.loads(run(capsys, "--all", "--pages", 1, "--requests", 1, "--jobs", 2, "--json"))
    assert [(row["proposal"], row["purpose"]) for row in told] == [
        (n, p) for n in PROPOSALS for p in PURPOSES
    ]
    text = run(capsys, "--all", "--purpose", "discard", "--pages", 1, "--jobs", 1)
    assert text.count("discard") == len(PROPOSALS) and "migrate" not in text


def test_any_executor_gives_the_answers_in_the_order_of_the_questions() -> None:
    from concurrent.futures import ThreadPoolExecutor

    asked = default_rows(["write-at-alloc"], ["discard"])
    with ThreadPoolExecutor(3) as executor:
        assert check_all(asked, executor) == check_all(asked)
    assert check_all(asked, watch=lambda done: done == 2) == check_all(asked[:2])


def test_giving_up_is_an_answer(capsys, monkeypatch) -> None:
    monkeypatch.setattr("freepages.cli.check.LIMIT", 500)
    told = run(capsys, "locked")
    assert told.startswith("locked, migrate: UNDETERMINED") and "more than 500 states" in told


@pytest.mark.parametrize(
    "args, fault",
    [
        (["request-id"], "proposal 'request-id' is not known; did you mean request_id?"),
        (["snapshot", "--assume", "silent-gest"], "did you mean silent-guest?"),
        (["snapshot", "--assume", "id-bits=0"], "1 to 32 bits"),
        (["snapshot", "--purpose", "migrte"], "purpose 'migrte' is not known; did you mean migrate?"),
        (["snapshot", "--pages", "100"], "pages: 100 is more than"),
        (["snapshot", "--pages", "-1"], "--pages: '-1' is not a whole number of 1 or more"),
        (["snapshot", "--pages", "two"], "--pages: 'two' is not a whole number"),
        (["snapshot", "--requests", "0"], "--requests: '0' is not a whole number"),
        (["--all", "--jobs", "0"], "--jobs: '0' is not a whole number of 1 or more"),
        (["--all", "--pages", "100"], "pages: 100 is more than"),
        ([], "name a proposal, or give --all or --table FILE"),
        (["snapshot", "--all"], "name a proposal, or give --all or --table FILE"),
        (["--table", "{tmp}/no/table.json"], "there is no folder"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(args, fault, tmp_path, capsys) -> None:
    status = main(["check", *(arg.format(tmp=tmp_path) for arg in args)])
    out, err = capsys.readouterr()
    assert status == 2 and not out
    assert err.count("\n") == 1 and err.startswith("freepages: ") and fault in err


@pytest.mark.parametrize("what", ["locked", "--all"])
def test_interrupted_it_prints_what_it_has_seen_and_leaves_with_130(what) -> None:
    """On a terminal, where the bar shows that it is searching."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "freepages", "check", what, "--pages", "4", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = b""
    while b"] " not in shown:
        shown += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 130
    told = json.loads(out)
    if what == "--all":
        assert len(told) < 2 * len(PROPOSALS)
    else:
        assert told["verdict"] == "UNDETERMINED" and "it was stopped" in told["bounds"]
        assert f"{told['states']:,}" in told["bounds"]


def test_without_semaphores_all_is_searched_here_and_that_is_said(monkeypatch, capsys) -> None:
    """As where there is no /dev/shm (K13 of the field): the first lock of a pool cannot be made."""

    def no_semaphore(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", no_semaphore)
    assert main(["check", "--all", "--purpose", "discard", "--pages", "1", "--jobs", "2"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("freepages: searched in one process, others cannot be started: ")
    assert err.count("\n") == 1 and all(name in out for name in PROPOSALS)
