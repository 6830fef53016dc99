"""FILE.py:NAME, a proposal of one's own at the command line."""

import json

import pytest

from freepages.cli.main import main

MINE = """
from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.own_proposal import proposal

def host(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            yield from apply(w, event.pages)

def guest(w):
    return w

mine = proposal(host=host, name="mine", asks="after every sync")
number = 7
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def told(capsys, *args):
    assert main([*map(str, args), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_proposal_or_a_host_of_a_file_is_searched(capsys, mine) -> None:
    as_host, as_proposal = (told(capsys, "check", f"{mine}:{name}") for name in ("host", "mine"))
    assert (as_host["proposal"], as_proposal["proposal"]) == ("yours", "mine")
    assert as_host["verdict"] == as_proposal["verdict"] == "REFUTED"
    assert as_host["schedule"] == as_proposal["schedule"]


def test_it_is_timed_and_when_it_asks_is_said(capsys, mine) -> None:
    guest = ("migrate", "--ram", "256M", "--workload", "dirty:50MiB/s:64MiB", "--proposal")
    once, often = (told(capsys, *guest, f"{mine}:{name}") for name in ("host", "mine"))
    assert often["proposal"] == "mine" and once["skipped_pages"] > 0
    assert any("asks for free pages once, before" in note for note in once["notes"])
    assert any("asks for free pages after every sync" in note for note in often["notes"])
    assert often["lock_held_us"] > once["lock_held_us"] > 0


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (MINE, "hosts", "'hosts' is not known; did you mean host?"),
        (MINE, "number", "number is not a proposal but of type int"),
        (MINE, "guest", "guest: it has no step"),
        ("x = 1", "host", "it has no host, and no other proposal"),
        ("x = 1\nx = = 2", "host", "line 2: "),
        ("x = 1\n\nx.y", "host", "line 3: AttributeError"),
        ("raise SystemExit(3)", "host", "line 1: SystemExit"),
        ("x = 1\x00", "host", "null bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line_that_names_it(capsys, tmp_path, content, name, words) -> None:
    path = tmp_path / "some.py"
    path.write_text(content)
    assert main(["check", f"{path}:{name}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"freepages: {path}: ") and words in error and error.count("\n") == 1


def test_a_file_that_is_not_there_and_one_without_a_name(capsys, mine) -> None:
    for text, words in ((f"{mine}x.py:host", "there is no such file"), (mine, "say which of its names")):
        assert main(["check", str(text)]) == 2
        assert words in capsys.readouterr().err
