"""Every mistake that is planted is caught by the test that is there for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.planted.mistakes import MISTAKES, Mistake

HOME = Path(__file__).resolve().parents[2]
ROOMS = ("zone", "pages", "virtqueue", "balloon", "host", "debate", "search")


def test_each_mistake_can_be_planted_and_its_test_is_there() -> None:
    for some in MISTAKES:
        assert (HOME / "freepages" / some.file).read_text(encoding="utf-8").count(some.old) == 1, some.what
        path, _, name = some.test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (HOME / "tests" / path).read_text(encoding="utf-8"), (
            some.what
        )


def test_there_are_mistakes_in_every_room() -> None:
    count = Counter(some.file.partition("/")[0] for some in MISTAKES)
    assert len(MISTAKES) >= 40 and set(count) >= set(ROOMS)
    assert len({some.what for some in MISTAKES}) == len(MISTAKES)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests, in a folder where mistakes may be made."""
    folder = tmp_path_factory.mktemp("planted")
    for name in ("freepages", "tests"):
        shutil.copytree(HOME / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("data", "notebooks", "pyproject.toml", ".ci"):
        (folder / name).symlink_to(HOME / name)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda some: some.what.replace(" ", "-"))
def test_a_planted_mistake_is_caught(mistake: Mistake, copy: Path) -> None:
    path = copy / "freepages" / mistake.file
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace(mistake.old, mistake.new), encoding="utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-o", "addopts=--import-mode=importlib"]
    try:
        run = subprocess.run(
            [*command, "-p", "no:cacheprovider", "-p", "no:randomly", f"tests/{mistake.test}"],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        path.write_text(right, encoding="utf-8")
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
