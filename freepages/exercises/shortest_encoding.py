"""Notebook 21: what a driver gives that refuses to inflate; and which way to name pages is the shortest."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from freepages.balloon.encodings import Bitmap, PfnArray, PfnRanges, spread
from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.exercises.prediction import Forecast
from freepages.pages.orders import PAGE_SHIFT
from freepages.pages.pc_memory import GIB
from freepages.scenarios.owning import gives

PAGES = GIB
"""Of the inflate that is asked about."""
BATCH = PfnArray().batch

prediction = Forecast(
    lambda: gives(stats_only=True) | {"messages": PfnArray().count(spread(PAGES, PAGES)).messages},
    why={
        "pages in the balloon": "It allocates nothing and sends no message.",
        "statistics": "They travel on a queue of their own.",
        "pages to skip": "Free pages have a queue of their own, and to report a page does not give it away.",
        "messages": f"{PAGES:,} pages, {BATCH} to a message.",
    },
    wrong={
        "pages in the balloon": {4: "A driver that refuses allocates no page for the host."},
        "statistics": {0: "The driver stays loaded, and so do its other queues."},
        "pages to skip": {
            0: "To report a page does not give it away, so there is nothing to refuse.",
            26: "Each try has a fresh guest, so no balloon had taken the four pages from this one.",
            23: "The answer itself needs a page of the guest, as it does with the classic driver.",
        },
        "messages": {
            PAGES: f"That is the number of pages. One message names up to {BATCH} of them.",
            BATCH: "That is how many pages one message names.",
            PAGES << PAGE_SHIFT: "That is the number of bytes. How many pages are these?",
        },
    },
)
"""What is left of a balloon that refuses to inflate; and the messages of an inflate by 1 GiB."""

ENCODINGS = {one.name: one for one in (PfnArray(), Bitmap(), PfnRanges())}
RUNS = (1, 2, 4, 16, 31, 64, 200, 2000)
GAPS = (1, 7, 40, 62, 100, 1000)
MANY = 1 << 12
"""Runs in a case, so many that headers do not count."""
CLEARLY = 1.05
"""How many times the bytes of the shortest the next one has at least, in a case that is asked."""


def cost(run: int, gap: int) -> dict[str, float]:
    """Bytes for each run of so many pages with such a gap behind it, by the encoding's name."""
    pages = spread(MANY * run, run, gap)
    return {name: one.count(pages).bytes / MANY for name, one in ENCODINGS.items()}


def cases() -> Iterator[tuple[int, int, str]]:
    """(run, gap, name of the shortest), where one is clearly the shortest."""
    for run in RUNS:
        for gap in GAPS:
            bytes_of = cost(run, gap)
            shortest, next_one = sorted(bytes_of, key=bytes_of.__getitem__)[:2]
            if bytes_of[next_one] >= CLEARLY * bytes_of[shortest]:
                yield run, gap, shortest


MISTAKES: dict[str, Callable[[int, int], dict[str, float]]] = {
    "The bitmap has bits for the gaps, too.": lambda run, gap: {
        "PFN array": 4 * run,
        "bitmap": run / 8,
        "ranges": 8,
    },
    "A bitmap has one bit for a page, and a byte has eight.": lambda run, gap: {
        "PFN array": 4 * run,
        "bitmap": run + gap,
        "ranges": 8,
    },
    "Are PFN arrays never the shortest? What of a single page with a long gap behind it?": lambda run, gap: {
        "bitmap": (run + gap) / 8,
        "ranges": 8,
    },
    "A run costs ranges 8 bytes; 16 is what it costs a scatterlist.": lambda run, gap: {
        "PFN array": 4 * run,
        "bitmap": (run + gap) / 8,
        "ranges": 16,
    },
    "The gap counts as well as the run.": lambda run, gap: {
        "PFN array": 4 * run,
        "bitmap": 2 * run / 8,
        "ranges": 8,
    },
}
"""By what is said of it: the costs (the first of equal ones wins) of somebody who makes a likely mistake."""


def _judge(shortest: Callable[[int, int], str]) -> str:
    asked = list(cases())
    said = {(run, gap): returned(shortest, run, gap) for run, gap, _ in asked}
    wrong = []
    for run, gap, right in asked:
        name = said[run, gap]
        if name not in ENCODINGS:
            raise Wrong(f"shortest({run}, {gap}) is {name!r:.60}; the names are {', '.join(ENCODINGS)}.")
        if name != right:
            wrong.append((run, gap, right))
    if not wrong:
        return f"{len(asked)} ways in which pages can lie, and each way to name them is the shortest in some."
    run, gap, right = wrong[0]
    bytes_of = cost(run, gap)
    compared = ", ".join(f"{name} {bytes_of[name]:.3g} bytes" for name in (said[run, gap], right))
    told = f"run {run}, gap {gap}: your function says {said[run, gap]}. A run with its gap costs: {compared}."
    raise Wrong(f"{told} {_likely(said)}".rstrip())


def _likely(said: dict[tuple[int, int], str]) -> str:
    """The mistake that gives just these answers; "" if none is known."""
    for remark, costs in MISTAKES.items():
        if all(name == _least(costs(*case)) for case, name in said.items()):
            return remark
    return ""


def _least(bytes_of: dict[str, float]) -> str:
    return min(bytes_of, key=bytes_of.__getitem__)


shortest = Exercise(
    """Write shortest(run, gap): "PFN array", "bitmap" or "ranges", whichever takes the fewest bytes.
The pages lie in very many runs of that length, each with such a gap of other pages behind it.
Headers do not count: there are so many runs.""",
    _judge,
    (
        "what does one run cost in each of the three, together with the gap behind it?",
        "a PFN has 4 bytes. A bit is an eighth of a byte, and the gap has bits, too. A range has 8 bytes.",
        'costs = {"PFN array": 4 * run, "bitmap": (run + gap) / 8, "ranges": 8}; '
        "return min(costs, key=costs.get)",
    ),
    function,
)
