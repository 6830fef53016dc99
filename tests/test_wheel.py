"""The wheel and the source archive, as they come out of the build, used away from the checkout."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = sorted(path for path in (ROOT / "data" / "snapshots").glob("*") if path.suffix != ".md")


def shipped(folder: str) -> set[str]:
    """Every file below `folder` of the checkout that is not a by-product of running it."""
    by_products = {"__pycache__", ".ipynb_checkpoints"}
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in files if not by_products & set(path.parts)}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from that archive."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    result = subprocess.run(build, cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked into an otherwise empty folder: what pip does with a pure wheel."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def python(installed: Path, *arguments: str) -> str:
    """What `python ARGUMENTS` prints where the wheel shadows the checkout."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_source_archive_carries_the_whole_house(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    wanted = {"Makefile", "README.md", "LICENSE", "pyproject.toml", "environment.yml"}
    for folder in ("freepages", "data", "notebooks", "tests", ".ci"):
        wanted |= shipped(folder)
    assert wanted <= names


def test_the_wheel_carries_the_library_its_data_and_nothing_else(installed: Path) -> None:
    files = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    library = {name for name in files if not name.split("/")[0].endswith(".dist-info")}
    assert library == shipped("freepages") | {f"freepages/{name}" for name in shipped("data")}


def test_the_wheel_brings_the_command(installed: Path) -> None:
    scripts = next(installed.glob("*.dist-info/entry_points.txt")).read_text()
    assert "freepages = freepages.cli.main:main" in scripts.splitlines()


def test_data_path_finds_the_wheels_own_data(installed: Path) -> None:
    where = python(
        installed, "-c", "from freepages.real.data_path import data_path; print(data_path('snapshots'))"
    )
    assert Path(where.strip()) == (installed / "freepages" / "data" / "snapshots").resolve()


def test_there_are_at_least_three_shipped_snapshots() -> None:
    assert len(SNAPSHOTS) >= 3


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.name)
def test_bitmap_runs_outside_the_checkout_on_each_shipped_snapshot(installed: Path, snapshot: Path) -> None:
    copy = installed / "freepages" / "data" / "snapshots" / snapshot.name
    answer = json.loads(python(installed, "-m", "freepages", "bitmap", str(copy), "--json"))
    assert answer["zones"]
    for zone in answer["zones"]:
        assert zone["free_pages"] == sum(count << order for order, count in enumerate(zone["nr_free"]))
    assert 0 < answer["free_pages"] <= answer["max_pfn"]
    assert answer["bitmap_bytes"] * 8 >= answer["max_pfn"]
