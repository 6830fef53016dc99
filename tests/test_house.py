"""The house itself: few rooms, imports that only go down, and names that mean one thing."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from freepages import FLOORS
from freepages.cli.main import COMMANDS

HOUSE = Path(__file__).resolve().parent.parent / "freepages"
FILES = sorted(HOUSE.rglob("*.py"))
MOST_ENTRIES = 20
LOOSE = {"__init__.py", "__main__.py", "py.typed"}
SMALL = 40
NATURAL = {
    "balloon/guest_bitmap.py",
    "bench/capture_figures.py",
    "cli/help_lists.py",
    "engine/errors.py",
    "engine/text_table.py",
    "exercises/searched.py",
    "migrate/memory_needed.py",
    "real/data_path.py",
    "real/zero_pages.py",
    "search/dask_cluster.py",
    "search/delay.py",
}
"""Files of fewer lines that are a unit all the same: one idea that several rooms, or a notebook, ask for. So
is each command of the command line."""


def room(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0]


def imported(path: Path) -> Iterator[str]:
    """Every module of the package that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "freepages":
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "freepages")


def test_the_rooms_are_those_of_the_floors_and_few() -> None:
    entries = {path.name for path in HOUSE.iterdir() if path.name not in ("__pycache__", ".DS_Store")}
    assert entries - LOOSE == set(FLOORS)
    assert len(entries) <= MOST_ENTRIES


def test_imports_go_down() -> None:
    upwards = [
        f"{path.relative_to(HOUSE)} imports {module}"
        for path in FILES
        if path.parent != HOUSE
        for module in imported(path)
        if (target := module.split(".")[1]) in FLOORS and FLOORS.index(target) > FLOORS.index(room(path))
    ]
    assert upwards == []


def test_the_imports_of_a_room_have_no_circle() -> None:
    names = {".".join(path.relative_to(HOUSE.parent).with_suffix("").parts): path for path in FILES}
    needs: dict[str, set[str]] = {}
    for name, path in names.items():
        some = set(imported(path))
        needs[name] = {module if module in names else module.rpartition(".")[0] for module in some} & set(
            names
        )
        needs[name].discard(name)
    while leaves := [name for name, some in needs.items() if not some]:
        for leaf in leaves:
            del needs[leaf]
        for some in needs.values():
            some.difference_update(leaves)
    assert not needs, f"a circle runs through {sorted(needs)}"


def test_no_two_public_classes_have_one_name() -> None:
    where = defaultdict(list)
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(str(path.relative_to(HOUSE)))
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


def test_no_three_files_have_one_name() -> None:
    names = Counter(path.name for path in FILES if path.name != "__init__.py")
    assert [name for name, times in names.items() if times > 2] == []


def test_a_small_file_is_a_natural_unit() -> None:
    small = {
        str(path.relative_to(HOUSE))
        for path in FILES
        if path.name != "__init__.py"
        and path.parent != HOUSE
        and not (room(path) == "cli" and path.stem in COMMANDS)
        and len(path.read_text(encoding="utf-8").splitlines()) < SMALL
    }
    assert small == NATURAL
