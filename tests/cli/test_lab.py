"""`freepages lab`: what is missing is copied, what is there stays, and JupyterLab is started."""

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from freepages.cli.lab import FIRST, SETTINGS, Copied, command, copy_notebooks
from freepages.cli.main import main
from freepages.real.data_path import notebooks_path


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package's notebooks."""
    folder = tmp_path / "package"
    (folder / "solutions" / ".ipynb_checkpoints").mkdir(parents=True)
    for name in (FIRST, "01-zones.ipynb", "solutions/01-zones.ipynb", "solutions/.ipynb_checkpoints/x"):
        (folder / name).write_text(f"first edition of {name}")
    monkeypatch.setattr("freepages.cli.lab.notebooks_path", lambda: folder)
    return folder


def test_all_is_copied_once_and_nothing_a_second_time(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    assert copy_notebooks(mine).new == [FIRST, "01-zones.ipynb", "solutions/01-zones.ipynb"]
    assert (mine / "solutions" / "01-zones.ipynb").read_bytes() == (
        shipped / "solutions" / "01-zones.ipynb"
    ).read_bytes()
    assert copy_notebooks(mine) == Copied([], [], [])


def test_a_changed_notebook_is_kept_and_a_newer_one_is_told(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    copy_notebooks(mine)
    (mine / "01-zones.ipynb").write_text("my own notes")
    assert copy_notebooks(mine) == Copied([], [], [])
    for name in (FIRST, "01-zones.ipynb"):
        (shipped / name).write_text("second edition")
    assert copy_notebooks(mine) == Copied([], [FIRST], ["01-zones.ipynb"])
    assert (mine / "01-zones.ipynb").read_text() == "my own notes"
    assert (mine / FIRST).read_text() == f"first edition of {FIRST}"
    (mine / FIRST).unlink()
    assert copy_notebooks(mine).new == [FIRST]
    assert (mine / FIRST).read_text() == "second edition"


def test_without_its_manifest_all_that_differs_is_the_readers(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    copy_notebooks(mine)
    (mine / ".freepages.json").write_text("{ cut")
    (shipped / FIRST).write_text("second edition")
    assert copy_notebooks(mine) == Copied([], [], [FIRST])


def test_the_checkouts_own_folder_is_left_alone() -> None:
    assert copy_notebooks(notebooks_path()) == Copied([], [], [])
    assert not (notebooks_path() / ".freepages.json").exists()


def test_the_command_copies_and_says_so(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine"
    assert main(["lab", str(mine), "--copy-only"]) == 0
    assert capsys.readouterr().out == f"{mine}: 3 files copied\n"
    (mine / FIRST).write_text("mine")
    (shipped / FIRST).write_text("second edition")
    assert main(["lab", str(mine), "--copy-only"]) == 0
    assert capsys.readouterr().out.endswith("yours, which you changed, is kept\n")


def test_a_folder_that_is_a_file_is_told_in_one_line(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("")
    assert main(["lab", str(tmp_path / "mine"), "--copy-only"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"freepages: {tmp_path / 'mine'}") and told.count("\n") == 1


def test_a_port_in_use_is_told_before_anything_starts(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["lab", str(tmp_path / "mine"), "--port", str(port)]) == 2
    assert f"port {port} is in use" in capsys.readouterr().err


def test_jupyterlab_is_started_on_loopback_with_its_token_and_our_settings(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, list[str]] = {}

    def start(words: list[str], env: dict[str, str]) -> object:
        started.update(words=words, path=env["JUPYTER_CONFIG_PATH"].split(os.pathsep))
        return type("Ended", (), {"returncode": 0})

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/etc/mine")
    monkeypatch.setattr("freepages.cli.lab.subprocess.run", start)
    assert main(["lab", str(tmp_path / "mine"), "--no-browser"]) == 0
    words = " ".join(started["words"])
    assert "--ServerApp.ip=127.0.0.1" in words and "token" not in words and "--no-browser" in words
    assert started["path"] == [str(SETTINGS.parent), "/etc/mine"]
    settings = json.loads((SETTINGS / "default_setting_overrides.json").read_text())
    assert settings["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"] is True


def test_the_server_finds_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where jupyterlab_server looks for them: below labconfig in every folder of JUPYTER_CONFIG_PATH."""
    from jupyter_core.paths import jupyter_config_path

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(SETTINGS.parent))
    assert SETTINGS in [Path(folder) / "labconfig" for folder in jupyter_config_path()]


def test_the_command_is_this_pythons() -> None:
    words = command(Path("/x"), 8899, no_browser=False)
    assert shutil.which(words[0]) and words[1:4] == ["-m", "jupyter", "lab"]
    assert "--ServerApp.port=8899" in words and "--ServerApp.port_retries=0" in words
