"""The wheel and the source archive, as they come out of the build, used away from the checkout."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
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
    for folder in ("freepages", "data", "docs", "notebooks", "tests", ".ci"):
        wanted |= shipped(folder)
    assert wanted <= names


def test_the_wheel_carries_the_library_its_data_the_notebooks_and_nothing_else(installed: Path) -> None:
    files = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    library = {name for name in files if not name.split("/")[0].endswith(".dist-info")}
    beside = shipped("data") | shipped("notebooks")
    assert library == shipped("freepages") | {f"freepages/{name}" for name in beside}


def test_the_wheel_is_small(built: Path) -> None:
    assert next(built.glob("*.whl")).stat().st_size < 10 << 20


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


@pytest.mark.slow
def test_installed_in_a_fresh_environment_it_opens_the_notebooks(built: Path, tmp_path: Path) -> None:
    """`pip install` of the wheel, `freepages lab DIR`, and what JupyterLab answers to a browser."""
    python, wheel = tmp_path / "venv" / "bin" / "python", next(built.glob("*.whl"))
    if uv := shutil.which("uv"):
        subprocess.run(
            [uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv")], check=True
        )
        install = [uv, "pip", "install", "--quiet", "--python", str(python), str(wheel)]
    else:
        subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, check=True, timeout=600)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = ["lab", "mine", "--no-browser", "--port", str(port)]
    with open(tmp_path / "log", "wb") as log:
        lab = subprocess.Popen(
            [python.with_name("freepages"), *words],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            token = ""
            for _ in range(300):
                if found := re.search(r"token=([0-9a-f]+)", (tmp_path / "log").read_text()):
                    token = found[1]
                    break
                time.sleep(0.2)
            assert token, (tmp_path / "log").read_text()
            here = f"http://127.0.0.1:{port}"
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"{here}/api/contents/00-start-here.ipynb", timeout=30)
            with urllib.request.urlopen(
                f"{here}/api/contents/00-start-here.ipynb?token={token}", timeout=30
            ) as got:
                assert json.load(got)["type"] == "notebook"
            manager = "@jupyter-widgets/jupyterlab-manager:plugin"
            with urllib.request.urlopen(
                f"{here}/lab/api/settings/{manager}?token={token}", timeout=30
            ) as got:
                assert json.load(got)["schema"]["properties"]["saveState"]["default"] is True
        finally:
            os.killpg(lab.pid, signal.SIGKILL)
            lab.wait()
    assert (tmp_path / "mine" / "01-buddy-zones.ipynb").exists()
