"""The reference: every public name has an example, every example gives what it says, sections are numpydoc's.

https://numpydoc.readthedocs.io/en/latest/format.html
"""

import doctest
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import freepages

HOUSE = Path(freepages.__file__).parent
ROOMS = ("zone", "virtqueue", "host", "debate")
SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "See Also",
    "Notes",
    "References",
    "Examples",
)
NAMED = ("Parameters", "Attributes", "Raises")
"""Sections whose entries begin with a name."""

MODULES = [
    ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts)
    for path in sorted(HOUSE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public classes and functions that a module defines."""
    for name, value in vars(module).items():
        if not name.startswith("_") and (inspect.isclass(value) or inspect.isfunction(value)):
            if value.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", value


def of_the_reference() -> dict[str, Any]:
    """What the site's reference has: the first level, and the four rooms."""
    names = {name: getattr(freepages, name) for name in freepages.__all__ if name != "PROPOSALS"}
    for room in ROOMS:
        for path in sorted((HOUSE / room).glob("[!_]*.py")):
            names |= dict(public(import_module(f"freepages.{room}.{path.stem}")))
    return names


REFERENCE = of_the_reference()


def shown_by_another(value: Any) -> bool:
    """An error is shown where it is raised. The sides of a proposal are read whole, on a slide: their example
    is the proposal's."""
    if inspect.isclass(value):
        return issubclass(value, Exception)
    return value.__module__ == "freepages.debate.proposals" and value.__name__.endswith(("_guest", "_host"))


def sections(told: str) -> dict[str, list[str]]:
    """The lines of each section of a docstring, by its head."""
    found: dict[str, list[str]] = {}
    lines, head = told.splitlines(), ""
    for at, line in enumerate(lines):
        if set(line) == {"-"} and at and lines[at - 1].strip():
            head = lines[at - 1]
            found[head] = []
        elif head and not (at + 1 < len(lines) and set(lines[at + 1]) == {"-"}):
            found[head].append(line)
    return found


def wrong(value: Callable[..., Any]) -> Iterator[str]:
    """What is wrong with the sections of a docstring."""
    told = inspect.getdoc(value) or ""
    lines, found = told.splitlines(), sections(told)
    for at, line in enumerate(lines):
        head = line.strip().rstrip(":")
        if head in SECTIONS and (at + 1 == len(lines) or lines[at + 1] != "-" * len(head) or line != head):
            yield f"{head!r} is not underlined with as many dashes"
        elif head in SECTIONS and (at == 0 or lines[at - 1].strip()):
            yield f"no empty line stands before {head}"
    heads = list(found)
    yield from (f"{head!r} is no section" for head in heads if head not in SECTIONS)
    known = [SECTIONS.index(head) for head in heads if head in SECTIONS]
    if known != sorted(known):
        yield f"its sections stand in the order {', '.join(heads)}"
    for head in heads:
        entries = [line for line in found[head] if line and not line.startswith(" ")]
        if not entries:
            yield f"{head} is empty"
        elif head in NAMED and not all(re.fullmatch(r"[\w*, ]+( : \S.*)?", entry) for entry in entries):
            yield f"{head} has an entry that is no name"
    if "Parameters" in found:
        entries = [line for line in found["Parameters"] if line and not line.startswith(" ")]
        given = [name.strip(" *") for entry in entries for name in entry.split(" : ")[0].split(",")]
        taken = [name for name in inspect.signature(value).parameters if name != "self"]
        if given != taken:
            yield f"its parameters are {', '.join(taken)}, and it tells of {', '.join(given)}"
    if "Examples" in found and ">>> " not in "\n".join(found["Examples"]):
        yield "its example is none that runs"


@pytest.mark.parametrize("name", MODULES)
def test_every_example_gives_what_it_says(name: str) -> None:
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert tried and not failed


def test_every_public_name_has_an_example() -> None:
    without = {
        name
        for name, value in REFERENCE.items()
        if not shown_by_another(value) and "Examples" not in sections(inspect.getdoc(value) or "")
    }
    assert not without


def members(value: Any) -> Iterator[str]:
    """The public methods and properties that a class defines."""
    for name, one in vars(value).items() if inspect.isclass(value) else ():
        if not name.startswith("_") and (inspect.isroutine(one) or isinstance(one, property)):
            yield name


def test_every_public_name_and_method_says_what_it_is() -> None:
    silent = {name for name, value in REFERENCE.items() if not shown_by_another(value) and not value.__doc__}
    for name, value in REFERENCE.items():
        silent |= {f"{name}.{one}" for one in members(value) if not inspect.getdoc(getattr(value, one))}
    assert not silent


@pytest.mark.parametrize("name", REFERENCE)
def test_every_section_is_numpydocs(name: str) -> None:
    assert not list(wrong(REFERENCE[name]))


def takes(a: int, b: int) -> None: ...


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("It.\n\nExamples\n-----\n>>> 1\n1", "'Examples' is not underlined"),
        ("It.\n\nExamples:\n\n>>> 1\n1", "'Examples' is not underlined"),
        ("It.\nRaises\n------\nFault\n    If.", "no empty line stands before Raises"),
        ("It.\n\nExample\n-------\n>>> 1\n1", "'Example' is no section"),
        ("It.\n\nRaises\n------\nFault\n    If.\n\nReturns\n-------\nint", "the order Raises, Returns"),
        ("It.\n\nReturns\n-------\n", "Returns is empty"),
        ("It.\n\nRaises\n------\nFault, where it is broken.", "Raises has an entry that is no name"),
        ("It.\n\nParameters\n----------\na : int\n    A.", "its parameters are a, b, and it tells of a"),
        ("It.\n\nParameters\n----------\nb, a : int\n    Both.", "it tells of b, a"),
        ("It.\n\nExamples\n--------\ntakes(1, 2)", "its example is none that runs"),
    ],
)
def test_a_malformed_section_is_found(monkeypatch: pytest.MonkeyPatch, told: str, words: str) -> None:
    monkeypatch.setattr(takes, "__doc__", told)
    assert any(words in one for one in wrong(takes))
