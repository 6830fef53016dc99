"""Shipped data is found, and what is missing is named."""

import pytest

from freepages.engine.errors import FreepagesError
from freepages.real.data_path import data_path


def test_without_parts_it_is_the_data_folder() -> None:
    assert data_path().is_dir()
    assert data_path().name == "data"


def test_every_shipped_file_is_found_by_its_parts() -> None:
    files = [path for path in data_path().rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert data_path(*path.relative_to(data_path()).parts) == path


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FreepagesError, match=r"data/snapshots/of-no-machine.json"):
        data_path("snapshots", "of-no-machine.json")
