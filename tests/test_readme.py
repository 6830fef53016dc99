"""What README.md tells people to type exists, and the notebooks it lists are the notebooks there are."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from stored_notebooks import NOTEBOOKS, shipped_notebooks

from freepages import FLOORS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].split()
    for block in re.findall(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
TARGETS = sorted(
    {words[1] for words in COMMANDS if words[0] == "make"} | set(re.findall(r"`make (\w+)`", README))
)
SUBCOMMANDS = sorted({words[1] for words in COMMANDS if words[0] == "freepages"})


def title(notebook: Path) -> str:
    """The first heading of a notebook."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        heading = re.match(r"# (.+)", cell.source)
        if cell.cell_type == "markdown" and heading:
            return heading[1].strip()
    raise AssertionError(f"{notebook} has no heading of the first level")


def test_every_command_is_one_of_ours() -> None:
    assert {words[0] for words in COMMANDS} <= {"git", "cd", "make", "freepages"}


def test_the_readmes_python_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "mine.py"
    path.write_text(code + "print(check(mine))\n")
    ran = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0 and ran.stdout.startswith("yours, migrate: REFUTED"), ran.stderr


def test_the_two_commands_are_there() -> None:
    assert {"lab", "test"} <= set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_the_target(target: str) -> None:
    dry = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert dry.returncode == 0, dry.stderr


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_the_command_line_knows_the_subcommand(subcommand: str) -> None:
    asked = [sys.executable, "-m", "freepages", subcommand, "--help"]
    helped = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    assert helped.returncode == 0, helped.stderr
    assert subcommand in helped.stdout


def test_the_readmes_freepages_commands_run_one_after_the_other(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has a /proc to capture")
    (tmp_path / "data").symlink_to(ROOT / "data")
    for words in COMMANDS:
        if words[0] == "freepages":
            result = subprocess.run(
                [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120
            )
            assert result.returncode == 0, result.stderr


def test_the_list_of_notebooks_is_the_notebooks_folder() -> None:
    listed = re.findall(r"^- \[(.+?)\]\((notebooks/.+?)\)", README, flags=re.MULTILINE)
    on_disk = [
        (title(path), path.relative_to(ROOT).as_posix())
        for path in shipped_notebooks()
        if path.parent == NOTEBOOKS
    ]
    assert listed == on_disk


def test_every_file_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert "://" in target or (ROOT / target).exists(), target


def test_the_list_of_rooms_is_the_house_and_every_file_it_names_is_in_its_room() -> None:
    rows = re.findall(r"^\| `(\w+)/` \| .+? \| (.+) \|$", README, flags=re.MULTILINE)
    assert tuple(room for room, _ in rows) == FLOORS
    for room, begin in rows:
        for name in re.findall(r"`([^`]+)`", begin):
            assert [*(ROOT / "freepages" / room).glob(name.replace("WHAT", "*"))], f"{room}/{name}"
