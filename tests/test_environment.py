"""pyproject.toml, environment.yml and the interpreter that runs this say the same."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
ON_PYPI = {"matplotlib-base": "matplotlib"}


def conda_requirements() -> dict[str, str]:
    """Specifier by PyPI name, of everything but Python that conda itself installs."""
    parsed = [Requirement(entry) for entry in CONDA["dependencies"][1:] if isinstance(entry, str)]
    return {ON_PYPI.get(one.name, one.name): str(one.specifier) for one in parsed}


def test_nothing_in_the_project_table_is_dynamic() -> None:
    assert "dynamic" not in PROJECT


def test_environment_yml_asks_for_the_same_versions_as_pyproject() -> None:
    wanted = {one.name: str(one.specifier) for one in map(Requirement, PROJECT["dependencies"])}
    assert conda_requirements() == {"pip": "", **wanted}


def test_environment_yml_names_one_python_that_the_workflow_tests() -> None:
    """Binder looks for `python=X.Y`, and begins with that Python; for a bound it has a default of its own."""
    found = re.fullmatch(r"python=(3\.\d+)", CONDA["dependencies"][0])
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert found and found[1] in workflow["jobs"]["linux"]["strategy"]["matrix"]["python"]


def test_environment_yml_takes_nothing_from_anacondas_defaults() -> None:
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]


def test_environment_yml_installs_the_checkout_itself() -> None:
    assert [entry for entry in CONDA["dependencies"] if isinstance(entry, dict)] == [{"pip": ["-e ."]}]


@pytest.mark.parametrize("text", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])
def test_this_interpreter_has_what_pyproject_asks_for(text: str) -> None:
    wanted = Requirement(text)
    assert wanted.specifier.contains(version(wanted.name), prereleases=True)


def test_this_interpreter_is_new_enough() -> None:
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python_version())
