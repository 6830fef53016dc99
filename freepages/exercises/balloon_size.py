"""Notebook 04: what owning a page keeps others from; and a balloon of the size that the host wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from freepages.engine import Run, straight, to_the_end
from freepages.engine.step_size import coarse
from freepages.exercises.exercise import Exercise, Wrong, called, function
from freepages.exercises.prediction import Forecast
from freepages.pages.orders import Migratetype
from freepages.pages.ranges import spans
from freepages.scenarios.balloon import exchange, inflate, machine
from freepages.scenarios.owning import stays, take_all


def _owned() -> dict[str, int | str]:
    """How many pages that the host was told of somebody else gets, and what comes first when deflating."""
    balloon = to_the_end(Run(inflate(4, then=4))).world
    bitmap = to_the_end(Run(exchange(grain=coarse))).world
    lives = stays(to_the_end(Run(inflate(4, then=0)))).values()
    told_first = all(stay.discarded[-1] < stay.owned[-1] for stay in lives)
    return {
        "balloon": len(take_all(balloon) & balloon.device.ballooned),
        "bitmap": len(take_all(bitmap) & bitmap.skipped()),
        "deflating": "tell" if told_first else "free",
    }


prediction = Forecast(
    _owned,
    why={
        "balloon": "The driver has allocated these pages. The kernel gives no page to two owners.",
        "bitmap": "The bitmap lists free pages and leaves them free, so anybody may take them.",
        "deflating": "A page that is freed first could be used while the host counts it as discarded.",
    },
    wrong={
        "balloon": {
            4: "The driver has allocated these four, so nobody else can get them.",
            19: "That is how many pages the program gets. But the host was not told of those.",
            23: "Four of the 23 are the driver's by then, and the host was told of these four only.",
        },
        "bitmap": {
            0: "A bitmap only lists the pages. They stay on the free lists, where anybody may take them.",
            18: "In this run the driver inflates nothing. Nobody has the pages that are listed.",
            19: "In this run the driver inflates nothing. Nobody has the pages that are listed.",
            23: "One of the 23 holds the bitmap, so it is in use and not listed.",
        },
        "deflating": {
            "free": "Somebody may get a freed page at once, while the host still counts it as discarded."
        },
    },
)
"""Pages that the host was told of and somebody else gets; and what comes first, to tell or to free."""


SIZES = ((4,), (4, 2, 6, 0), (1, 1, 5), (60, 3))
"""What the host wants, one after the other, of a guest with 23 free pages."""
CALLS = 500


class Balloon:
    """A driver's hands: what a function that sets the balloon's size may do. It prints as "balloon"."""

    def __init__(self) -> None:
        self._node = machine().node
        self.pages: list[int] = []
        self.discarded: set[int] = set()
        self.calls, self.full = 0, False

    def __repr__(self) -> str:
        return "balloon"

    def _call(self) -> None:
        self.calls += 1
        if self.calls > CALLS:
            raise Wrong(f"it has made {CALLS} calls and does not end.")

    def alloc_page(self) -> int | None:
        """Allocate a page for the balloon; None where no page is free."""
        self._call()
        if self.full:
            raise Wrong(
                "alloc_page() has returned None: no page is free. Do not ask again; tell what you have."
            )
        pfn: int | None = straight(self._node.alloc_pages(0, Migratetype.MOVABLE, cpu="cpu 0", kind="b"))
        if pfn is None:
            self.full = True
        else:
            self.pages.append(pfn)
        return pfn

    def tell_host(self, queue: str, pages: Iterable[int]) -> None:
        """Send a message: the host discards the pages ("inflate") or gives them back ("deflate")."""
        self._call()
        if queue not in ("inflate", "deflate"):
            raise Wrong(f"there is no queue {queue!r}: it is 'inflate' or 'deflate'.")
        if not isinstance(pages, Iterable):
            raise Wrong(f"the host is told a list of pages, such as [26, 27], and not {pages!r}.")
        told = set(pages)
        if strange := told - set(self.pages):
            raise Wrong(f"the host is told of {_these(strange)}, which the driver does not own.")
        if queue == "inflate":
            if twice := told & self.discarded:
                raise Wrong(f"the host is told twice to discard {_these(twice)}: name the new pages only.")
            self.discarded |= told
        else:
            self.discarded -= told

    def free_page(self, pfn: int) -> None:
        """Free a page of the balloon."""
        self._call()
        if pfn not in self.pages:
            raise Wrong(f"it frees {_these({pfn})}, which the driver does not own.")
        if pfn in self.discarded:
            raise Wrong(
                f"it frees {_these({pfn})} while the host still counts it as discarded. Somebody else may "
                "get the page now and write to it: tell the host first."
            )
        self.pages.remove(pfn)
        straight(self._node.free_pages(pfn, 0, cpu="cpu 0"))


def _these(pages: Iterable[int]) -> str:
    pages = list(pages)
    return f"page {pages[0]}" if len(pages) == 1 else f"pages {spans(pages)}"


def _why(before: int, wanted: int, balloon: Balloon) -> str:
    """What was likely left out where the size is another than wanted."""
    now = len(balloon.pages)
    if now == before:
        return "No page was " + ("allocated." if wanted > before else "freed: this is the case to deflate.")
    if now == before + wanted:
        return "`wanted` is how many there should be, and not how many more."
    if now < wanted:
        return "Memory was not short: alloc_page() has not returned None."
    return "That is too many."


def _judge(set_size: Callable[[Balloon, int], object]) -> str:
    for sizes in SIZES:
        balloon = Balloon()
        for wanted in sizes:
            before, balloon.full = len(balloon.pages), False
            called(set_size, balloon, wanted)
            case = f"with {before} pages in the balloon, set_size(balloon, {wanted})"
            if len(balloon.pages) != wanted and not balloon.full:
                raise Wrong(
                    f"{case}: afterwards there are {len(balloon.pages)}. {_why(before, wanted, balloon)}"
                )
            if untold := set(balloon.pages) - balloon.discarded:
                raise Wrong(f"{case}: the host was not told of {_these(untold)}, so it cannot discard them.")
    count = sum(map(len, SIZES))
    return f"{count} sizes, also one that the guest has no memory for. What was discarded was always owned."


set_size = Exercise(
    """Write set_size(balloon, wanted), which makes the balloon `wanted` pages large, or as large as can be.
- balloon.pages: the pages in it, a list;
- balloon.alloc_page(): allocates a page and adds it to the list; None where no page is free;
- balloon.tell_host("inflate" or "deflate", pages): sends a message;
- balloon.free_page(pfn): takes a page off the list and frees it.""",
    _judge,
    (
        "there are two cases. In which one does the driver tell the host last, and in which one first?",
        "inflate: allocate until there are enough or alloc_page() returns None, then tell. Deflate: choose "
        "the pages, tell, then free them.",
        """new = []
while len(balloon.pages) < wanted and (pfn := balloon.alloc_page()) is not None:
    new.append(pfn)
balloon.tell_host("inflate", new)
old = balloon.pages[wanted:]
balloon.tell_host("deflate", old)
for pfn in old:
    balloon.free_page(pfn)""",
    ),
    function,
)
