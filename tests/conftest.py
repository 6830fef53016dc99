"""The same examples on every run: Hypothesis draws from a fixed seed, and no test is a race against a clock.

`pytest --hypothesis-profile=explore` draws new ones. With FREEPAGES_QUICK set, as `make quick` sets it, what
starts a browser, a kernel, a build or a whole command is left out, of the properties in a file all but the
first, and of the variants of a test all but two.
"""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")

HERE = Path(__file__).parent
LONGER = """bench browser calibration check exercises export fast field game hostile machine make_venv
notebooks plain planted readme recorded rewrite review shipped still timed_migration verdict wheel
without_effect drop_caches node april2016 repaired compare encodings decoded no_posix no_numpy sweep working
key picture debate_table workload random_pages snapshot_file""".split()
"""Words in the paths of tests that take seconds."""
VARIANTS = 2  # of a test with many


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.suffix == ".ipynb" and item.path.parent.name == "solutions":
            item.add_marker("slow")
    if not os.environ.get("FREEPAGES_QUICK"):
        return
    first: dict[Path, str] = {}
    seen: Counter[tuple[Path, str]] = Counter()
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        path = item.path.relative_to(HERE) if HERE in item.path.parents else Path("notebooks")
        function = getattr(item, "function", None)
        is_property = getattr(function, "is_hypothesis_test", False)
        name = getattr(function, "__name__", "")
        quick = not any(word in str(path) for word in LONGER)
        if quick and is_property:
            quick = first.setdefault(path, name) == name
        seen[path, name] += 1
        quick = quick and seen[path, name] <= VARIANTS
        (kept if quick else left).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)
