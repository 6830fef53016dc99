"""Files of machines elsewhere: a folder of tests/data/field for each kind that was seen, and what it gives.

The inputs are synthetic, in the form of public reports; cases.json names these.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from freepages.cli.main import main

FIELD = Path(__file__).parent.parent / "data" / "field"
CASES = json.loads((FIELD / "cases.json").read_text(encoding="utf-8"))


def look(data: Any, path: str) -> Any:
    """The value at a path such as "zones.0.name" or "len(zones)"."""
    if path.startswith("len("):
        return len(look(data, path[4:-1]))
    for part in path.split("."):
        data = data[int(part) if part.isdigit() else part]
    return data


def run(case, folder: Path, capsys) -> tuple[int, str, str]:
    """Exit status, standard output and error of a case's command, which is freepages' or a shell's."""
    if isinstance(case["command"], str):
        ours = shlex.join([sys.executable, "-m", "freepages"])
        done = subprocess.run(
            ["bash", "-c", case["command"]],
            cwd=folder,
            env={**os.environ, "F": ours, "PYTHONPATH": str(FIELD.parents[2])},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr
    return main(case["command"]), *capsys.readouterr()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_of_the_field(case, capsys, monkeypatch, tmp_path):
    folder = tmp_path
    for file in (FIELD / case["name"]).glob("*"):
        (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(folder)
    status, out, err = run(case, folder, capsys)
    expected = case["expected"]
    assert "Traceback" not in err
    if case.get("either_rc0") and status == 0:  # to read it well is as good as to refuse it clearly
        return
    assert status == expected.get("rc", status), err
    for pattern in expected.get("stderr", []):
        assert re.search(pattern, err)
    if status == 2:
        assert err.count("\n") == 1 and err.startswith("freepages: ")
    for path, value in expected.get("json", {}).items():
        assert look(json.loads(out), path) == value
