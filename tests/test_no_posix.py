"""Where there is no POSIX: Windows has no fcntl, no resource, no O_NONBLOCK, no sysconf and no /proc.

All of it is hidden here from a process of its own, which then does what a reader on Windows does.
"""

import subprocess
import sys

import pytest

HIDE = """
import builtins, io, os, pathlib, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("O_NONBLOCK", "sysconf", "geteuid", "getuid", "fork"):
    delattr(os, name)
def hidden(opened):
    def open(file, *args, **kwargs):
        if str(file).startswith(("/proc", "/sys")):
            raise FileNotFoundError(2, "No such file or directory", str(file))
        return opened(file, *args, **kwargs)
    return open
builtins.open = io.open = hidden(open)
"""


def without_posix(source: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", HIDE + source], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "bitmap data/snapshots/vm-24g-idle.snapshot",
        "migrate --ram 64MiB --proposal snapshot",
        "check snapshot --pages 1",
        "replay data/traces",
        "scenarios",
    ],
)
def test_a_command_runs(words: str) -> None:
    if words.startswith("replay"):
        from freepages.real.data_path import data_path

        words = f"replay {next(iter(sorted(data_path('traces').glob('*.gz'))))}"
    assert without_posix(
        f"from freepages.cli.main import main\ntry: sys.exit(main({words.split()!r}))\n"
        "except SystemExit as ended: sys.exit(ended.code or 0)"
    )


def test_capture_says_why_it_cannot() -> None:
    said = without_posix(
        "from freepages.real import Snapshot\nsys.platform = 'win32'\n"
        "try: Snapshot.capture()\nexcept ValueError as error: print(error)"
    )
    assert "this is win32, free pages are read from a running Linux" in said


def test_a_stepper_is_made_and_the_notebooks_are_copied(tmp_path) -> None:  # type: ignore[no-untyped-def]
    said = without_posix(
        "from freepages import Stepper\nfrom freepages.scenarios.zones import buddy_zone\n"
        "from freepages.cli.lab import copy_notebooks\nfrom pathlib import Path\n"
        f"print(Stepper(buddy_zone(), 'c0a c'))\nprint(len(copy_notebooks(Path({str(tmp_path)!r})).new) > 15)"
    )
    assert said.endswith("True\n")
