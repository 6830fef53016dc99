"""The same examples on every run: Hypothesis draws from a fixed seed, and no test is a race against a clock.

`pytest --hypothesis-profile=explore` draws new ones.
"""

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers (`make test`), a file's tests stay in one, and so do all that open a browser: two
    browsers at once are slow enough on two cores for a key to come too early."""
    for item in items:
        folder = "browser" if item.path.parent.name == "browser" else str(item.path)
        item.add_marker(pytest.mark.xdist_group(folder))
