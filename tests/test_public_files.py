"""The workflow, the hooks, the Makefile, README and CONTRIBUTING name the same commands."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from set_address import FIRST, set_address

ROOT = Path(__file__).resolve().parent.parent
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
WORKFLOW: dict[str, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
)
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SAYING = [
    "README.md",
    "CONTRIBUTING.md",
    ".ci/run",
    ".pre-commit-config.yaml",
    ".github/release-checklist.md",
]


def steps(job: str) -> list[str]:
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


@pytest.mark.parametrize("name", SAYING)
def test_every_make_command_that_is_named_is_a_target(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`|entry: |name: )make ([a-z]+)", text, flags=re.MULTILINE)
    assert named and set(named) <= TARGETS


def test_the_workflow_runs_what_the_makefile_and_ci_run_do() -> None:
    assert steps("linux")[:2] == ["make nbval", "make test"] and steps("macos") == ["make test"]
    assert steps("lint") == ["make lint"] and steps("docs")[:2] == ["make docs", "make lite"]
    ours = re.findall(
        r"^(?:if have npm; then )?make ([a-z]+)",
        (ROOT / ".ci" / "run").read_text("utf-8"),
        flags=re.MULTILINE,
    )
    theirs = {
        step.removeprefix("make ") for job in WORKFLOW["jobs"] for step in steps(job) if "make " in step
    }
    assert set(ours) == {"lint", "test", "docs", "lite"} and set(ours) < theirs <= TARGETS


def test_every_file_that_the_workflow_tests_exists() -> None:
    for job in WORKFLOW["jobs"]:
        for step in steps(job):
            for path in re.findall(r"(?<=\s)(?:tests|notebooks)[\w/.]*", step):
                assert (ROOT / path).exists(), path


def test_the_workflow_has_every_python_that_the_project_names() -> None:
    pythons = WORKFLOW["jobs"]["linux"]["strategy"]["matrix"]["python"]
    assert f">={pythons[0]}" == PROJECT["requires-python"] and pythons == sorted(
        pythons, key=lambda p: int(p[2:])
    )
    lowest = WORKFLOW["jobs"]["linux"]["strategy"]["matrix"]["include"]
    assert lowest == [{"python": pythons[0], "versions": "lowest-direct"}]


def test_the_hooks_are_the_makefiles() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    asked = {hook["entry"]: hook.get("stages", ["pre-commit"]) for hook in hooks}
    assert asked == {"make lint": ["pre-commit"], "make quick": ["pre-push"], "make test": ["manual"]}


def test_one_version_everywhere() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == PROJECT["version"] and cited["license"] == PROJECT["license"]


def test_the_address_of_a_release_stands_in_all_files_once(tmp_path: Path) -> None:
    names = ("pyproject.toml", "CITATION.cff", "README.md")
    for name in names:
        shutil.copy(ROOT / name, tmp_path)
    for address in ("https://github.com/first/name/", "https://github.com/some-one/freepages"):
        set_address(tmp_path, address)
    texts = {name: (tmp_path / name).read_text(encoding="utf-8") for name in names}
    assert tomllib.loads(texts["pyproject.toml"])["project"]["urls"] == {
        "Repository": address,
        "Issues": f"{address}/issues",
    }
    assert yaml.safe_load(texts["CITATION.cff"])["repository-code"] == address
    assert (
        f"(https://mybinder.org/v2/gh/some-one/freepages/HEAD?urlpath=lab/tree/{FIRST})" in texts["README.md"]
    )
    assert (ROOT / FIRST).exists() and not any("first/name" in text for text in texts.values())
    assert (
        texts["README.md"].startswith("# freepages\n\n[![")
        and texts["README.md"].count("mybinder.org/v2") == 1
    )


def test_what_is_no_address_is_told_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"'freepages\.org' is not https://github.com/OWNER/NAME"):
        set_address(tmp_path, "freepages.org")


def test_the_release_checklist_sets_the_address() -> None:
    told = (ROOT / ".github" / "release-checklist.md").read_text(encoding="utf-8")
    assert "python .ci/set_address.py https://github.com/" in told


def test_the_form_for_a_file_asks_what_is_needed() -> None:
    form = yaml.safe_load(
        (ROOT / ".github" / "ISSUE_TEMPLATE" / "unreadable-file.yml").read_text(encoding="utf-8")
    )
    asked = {field["id"] for field in form["body"] if field["type"] != "markdown"}
    assert asked == {"command", "version", "machine", "file"}
