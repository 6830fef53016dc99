"""Rows that no run shows, since they are about names and types: B1, B19, B24. And B14, the robot's."""

from __future__ import annotations

from freepages.engine import Run, Scenario
from freepages.review.build_scenario import kbuild
from freepages.review.robot import PATCHED, REPAIRS
from freepages.review.row import Row

ROBOT = {"robot": "i386-tinyconfig"}


def tinyconfig(repair: str | None = None) -> Scenario:
    """The robot's build of the patched tree, or of one that is mended."""
    return kbuild(REPAIRS[repair].edit(PATCHED) if repair else PATCHED, ROBOT)


def does_not_link(run: Run) -> str | None:
    failures = run.world["robot"].failures
    return failures[0].text if failures else None


ROWS = (
    Row(
        "B1",
        "struct cache_drop_ctl for cache_drop_ctrl",
        "virtio_balloon.c: free_pages_handle_rq",
        "harmless",
        "A pointer to a struct that is declared nowhere: legal C, since it is only compared with NULL.",
        "A reading of the patch; the robot built it",
        needs="a compiler",
    ),
    Row(
        "B14",
        "does not link without SYSCTL",
        "page_alloc.c: get_free_pages",
        "bug",
        "get_free_pages() is always built and calls drop_cache(), which is built under CONFIG_SYSCTL only.",
        "The kbuild robot, 19 and 20 April 2016: "
        "https://lore.kernel.org/r/201604200003.mbi2rLmF%25fengguang.wu@intel.com",
        tinyconfig,
        lambda: tinyconfig("stub"),
        does_not_link,
        "r r r r r r r r r r r r r r r r",
    ),
    Row(
        "B19",
        "get_free_pages() gets no pages",
        "page_alloc.c: get_free_pages",
        "harmless",
        "The name differs by two underscores from __get_free_pages(), which allocates. Prototypes stand "
        "as extern in a .c file, and the symbols are exported to all modules.",
        "The robot's compiler reported no clash",
        needs="a reader",
    ),
    Row(
        "B24",
        "BUG() where the queue is set up",
        "virtio_balloon.c: init_vqs",
        "conditional",
        "A device that makes the first buffer fail stops the guest's kernel. What is freed at removal and "
        "at freeze is right.",
        "Removed in v36, July 2018",
        needs="a device that spoils the ring while the driver sets it up",
    ),
)
