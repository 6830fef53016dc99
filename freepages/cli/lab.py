"""`freepages lab`: the notebooks in a folder of one's own, and JupyterLab on the first of them."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import NamedTuple

from freepages.cli.option_values import whole
from freepages.engine.errors import FreepagesError
from freepages.real.data_path import notebooks_path

FIRST = "00-start-here.ipynb"
MANIFEST = ".freepages.json"
"""What was copied into the folder, by name: the sha256 of each file as it was then."""
SETTINGS = Path(__file__).resolve().parent.parent / "lab" / "labconfig"
"""No question about news in front of a class; and a saved notebook keeps its steppers."""


class Copied(NamedTuple):
    """What became of the shipped files, by their names.

    new      those that were missing and were copied
    newer    those that the reader did not change, while the package has another edition now
    changed  those that the reader has changed, while the package has another edition now
    """

    new: list[str]
    newer: list[str]
    changed: list[str]


def copy_notebooks(folder: Path) -> Copied:
    """Copy what is missing of the shipped notebooks into the folder; nothing there is written over.

    Raises FreepagesError for a folder that cannot be written.
    """
    source, result = notebooks_path(), Copied([], [], [])
    if folder.exists() and folder.samefile(source):
        return result
    known = _manifest(folder)
    try:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            name = path.relative_to(source).as_posix()
            if any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(source).parts):
                continue
            shipped, target = path.read_bytes(), folder / name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(shipped)
                known[name] = _sum(shipped)
                result.new.append(name)
            elif (there := target.read_bytes()) != shipped and known.get(name) != _sum(shipped):
                (result.newer if known.get(name) == _sum(there) else result.changed).append(name)
        (folder / MANIFEST).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise FreepagesError(f"{error.filename or folder}: {error.strerror}") from None
    return result


def _manifest(folder: Path) -> dict[str, str]:
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return dict(told) if isinstance(told, dict) else {}
    except (OSError, ValueError):  # there is none yet, or it is not ours: then all counts as the reader's
        return {}


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def options(command: ArgumentParser) -> None:
    command.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        nargs="?",
        default=Path("freepages-notebooks"),
        help="where the notebooks are, or are to be; what is there is never written over",
    )
    command.add_argument(
        "--port", metavar="N", type=whole(1, 65535), help="JupyterLab's port; a free one, if not given"
    )
    command.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")
    command.add_argument("--copy-only", action="store_true", help="copy, and start nothing")


def run(args: Namespace) -> None:
    """Run the command."""
    folder = args.folder.resolve()
    copied = copy_notebooks(folder)
    if copied.new:
        print(f"{folder}: {len(copied.new)} file{'s' * (len(copied.new) != 1)} copied")
    for name in copied.newer:
        print(f"{name}: the package has a newer one; to get it, remove yours, which you did not change")
    for name in copied.changed:
        print(f"{name}: the package has a newer one; yours, which you changed, is kept")
    if args.copy_only:
        return
    if args.port is not None and not _is_free(args.port):
        raise FreepagesError(f"port {args.port} is in use; without --port a free one is found")
    sys.stdout.flush()
    settings = os.pathsep.join(
        part for part in (str(SETTINGS.parent), os.environ.get("JUPYTER_CONFIG_PATH")) if part
    )
    try:
        ended = subprocess.run(
            command(folder, args.port, args.no_browser), env=os.environ | {"JUPYTER_CONFIG_PATH": settings}
        )
    except KeyboardInterrupt:  # it reached JupyterLab too, which has asked and ended
        return
    if ended.returncode:
        raise FreepagesError(f"JupyterLab ended with status {ended.returncode}")


def command(folder: Path, port: int | None, no_browser: bool) -> list[str]:
    """What starts JupyterLab: on loopback, with a token, as both are its own defaults."""
    words = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={folder}"]
    words += ["--ServerApp.ip=127.0.0.1", f"--LabApp.default_url=/lab/tree/{FIRST}"]
    if port is not None:
        words += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if no_browser:
        words.append("--no-browser")
    if getattr(os, "geteuid", lambda: 1)() == 0:  # Jupyter wants to be told that root means it
        words.append("--allow-root")
    return words


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
