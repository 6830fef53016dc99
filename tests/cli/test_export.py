"""freepages scenarios and freepages export."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from freepages.cli import export
from freepages.cli.main import main
from freepages.lab.shipped import shipped
from freepages.scenarios.debate import debate


def exported(to: Path, *arguments: str) -> str:
    assert main(["export", *arguments, "--to", str(to)]) == 0
    return to.read_text(encoding="utf-8", errors="replace")


def test_scenarios_are_listed_with_their_letters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: shipped()[name] for name in ("no_wait", "free-page-bitmap")}
    monkeypatch.setattr("freepages.cli.scenarios.shipped", lambda: few)
    assert main(["scenarios"]) == 0
    heads, _, *lines = capsys.readouterr().out.splitlines()
    assert re.split("  +", heads)[::2] == ["name", "letters of a schedule"]
    assert [re.split("  +", line)[::2] for line in lines] == [
        ["no_wait", "g guest, h host, w workload"],
        ["free-page-bitmap", "g guest, w workload"],
    ]


def test_a_page_opens_at_the_step_and_has_the_whole_schedule(tmp_path: Path) -> None:
    page = exported(tmp_path / "run.html", "no_wait", "--schedule", "h h0r g", "--at", "2")
    assert '"at":2,"known":["h","h0r","g"]' in page


@pytest.mark.parametrize("at", [0, 4])
def test_a_picture_is_a_file_of_its_own_that_says_what_it_shows(tmp_path: Path, at: int) -> None:
    svg = ElementTree.fromstring(exported(tmp_path / "run.svg", "no_wait", "--at", str(at)))
    assert svg.get("data-step") == str(at) and svg.get("aria-label") and float(svg.get("width") or 0) > 400
    assert "--jp-ui-font-color1, #1f1f1f" in "".join(svg.itertext())
    assert exported(tmp_path / "run.png", "no_wait", "--at", str(at))[1:4] == "PNG"


def test_what_the_step_changed_is_outlined_as_in_the_stepper(tmp_path: Path) -> None:
    first, sixth = (exported(tmp_path / "run.svg", "no_wait", "--at", at) for at in ("0", "6"))
    assert 's-yellow"' in sixth and 's-yellow"' not in first
    label = ElementTree.fromstring(sixth).get("aria-label") or ""
    assert "Changed: the zone lock: the driver → free" in label


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_wit", "--to", "x.svg"], "scenario 'no_wit' is not known; did you mean no_wait?"),
        (["no_wait", "--to", "x.gif"], "--to x.gif: its name must end in .html, .svg, .png"),
        (["no_wait", "--at", "77", "--to", "x.svg"], "--at 77: the schedule has 12 steps"),
        (["no_wait", "--schedule", "h w1f", "--to", "x.svg"], "schedule: move 2 'w1f': workload"),
        (["no_wait", "--schedule", "h ?", "--to", "x.svg"], "schedule: '?' at character 3 is no move"),
        (["no_wait", "--to", "/nowhere/x.svg"], "/nowhere/x.svg: there is no folder /nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"freepages: {said}") and err.count("\n") == 1


def test_every_kind_of_file_is_named(tmp_path: Path) -> None:
    assert set(export.KINDS) == {".html", ".svg", ".png"}
    assert debate("no_wait").title in exported(tmp_path / "RUN.HTML", "no_wait", "--schedule", "h")
