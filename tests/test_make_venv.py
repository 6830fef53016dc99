"""What `make lab` and `make test` say on a machine that cannot have the environment."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "make-venv.sh"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that is the whole PATH: a shell, and what a test puts there."""
    path = tmp_path / "bin"
    path.mkdir()
    shell = shutil.which("sh")
    assert shell
    (path / "sh").symlink_to(shell)
    return path


def interpreter(machine: Path, name: str, version: str, new_enough: bool, ensurepip: bool = True) -> None:
    """A Python that answers the script's questions as such a version would."""
    answers = {
        "*version_info*": f"exit {0 if new_enough else 1}",
        "*python_version*": f"echo {version}",
        "*ensurepip*": f"exit {0 if ensurepip else 1}",
    }
    cases = "\n".join(f"{pattern}) {answer} ;;" for pattern, answer in answers.items())
    path = machine / name
    path.write_text(f'#!/bin/sh\ncase "$2" in\n{cases}\n*) echo "asked: $*" >&2; exit 1 ;;\nesac\n')
    path.chmod(0o755)


def refusal(machine: Path, **environment: str) -> str:
    """What the script answers; it must refuse, in one line."""
    result = subprocess.run(
        ["sh", str(SCRIPT), str(machine.parent / "venv")],
        env={"PATH": str(machine), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert not (machine.parent / "venv").exists()
    [line] = result.stderr.splitlines()
    return line


def test_an_old_python_is_named_with_its_version(machine: Path) -> None:
    interpreter(machine, "python3", "3.9.6", new_enough=False)
    assert "Python 3.11 or newer is needed, and python3 is 3.9.6" in refusal(machine)


def test_no_python_at_all_is_answered_with_the_packages(machine: Path) -> None:
    assert "apt-get install python3 python3-venv" in refusal(machine)


def test_a_missing_ensurepip_is_answered_with_the_package(machine: Path) -> None:
    interpreter(machine, "python3", "3.11.2", new_enough=True, ensurepip=False)
    assert "python3 (3.11.2)" in refusal(machine)
    assert "apt-get install python3-venv" in refusal(machine)


def test_a_newer_python_beside_an_old_one_is_found(machine: Path) -> None:
    interpreter(machine, "python3", "3.9.6", new_enough=False)
    interpreter(machine, "python3.12", "3.12.4", new_enough=True, ensurepip=False)
    assert "python3.12 (3.12.4)" in refusal(machine)


def test_a_python_that_was_named_is_the_only_one_asked(machine: Path) -> None:
    interpreter(machine, "python3", "3.12.4", new_enough=True, ensurepip=False)
    interpreter(machine, "mine", "3.10.1", new_enough=False)
    assert "mine is 3.10.1" in refusal(machine, PYTHON="mine")
