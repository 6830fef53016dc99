"""Sets of pages for the tests, made from the pages' numbers and told by them."""

from collections.abc import Iterable
from typing import Any

from freepages.pages.bitmap import PageBitmap


def bitmap(pages: int, members: Iterable[int], kind: Any = PageBitmap) -> Any:
    """A set of those of ``pages`` pages, as a PageBitmap or a PageSet."""
    made = kind(pages)
    for page in members:
        made.set(page)
    return made


def listed(some: Any) -> set[int]:
    """The pages of a PageBitmap or a PageSet."""
    return {page for page in range(some.pages) if some[page]}
