"""How much memory a migration takes here, and whether there is as much."""

from __future__ import annotations

from freepages.engine import memory
from freepages.engine.quantity import format_bytes
from freepages.pages.bitmap import bitmap_bytes
from freepages.pages.orders import PAGE_SHIFT

KEEP_UP_TO = (64 << 30) >> PAGE_SHIFT
"""Pages of the largest guest whose content is kept and compared."""
BITMAPS = 12
"""Bitmaps of all pages that a migration has at most, with those that are made in passing."""
TOKENS = 12
"""Bytes a page that content takes: two tokens, and masks of a byte in passing."""


def check_memory(pages: int) -> None:
    """Raise a FreepagesError for a guest whose bitmaps do not fit into this machine's memory."""
    memory.need(BITMAPS * bitmap_bytes(pages), f"a guest of {format_bytes(pages << PAGE_SHIFT)}")


def content_fits(pages: int) -> bool:
    """Whether what is in the guest's pages is kept as well."""
    return pages <= KEEP_UP_TO and BITMAPS * bitmap_bytes(pages) + TOKENS * pages <= memory.available()
