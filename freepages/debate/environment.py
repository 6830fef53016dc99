"""What may happen at any step: a guest that allocates, writes and frees, and what the switches let loose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from freepages.debate.learner_errors import side
from freepages.debate.world import World
from freepages.engine import Act, Choose, Process, Steps

CHOOSES = Act("does what it likes", cost="none")
SETTLES = Act("makes a log bit visible", cost="none")
PAUSED = "stands still: the host has paused the VM"
STOPPED = "stands still: the host has stopped the guest"
GIVES_UP = Act("gives something back early", cost="none")


def adversary(w: World) -> Steps:
    """Allocate, write and free any page at any step.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> act, menu = next(adversary(w))
    >>> menu.options()
    {'0a': 'allocates page 0', '1a': 'allocates page 1'}
    """

    def stands_still() -> str:
        return STOPPED if w.host.stopped else PAUSED if w.guest.paused else ""

    def options() -> dict[str, str]:
        can: dict[str, str] = {}
        if stands_still():
            return can
        unlocked = w.lock.ready()
        for page in range(w.pages):
            if w.guest.free[page]:
                if unlocked:
                    can[f"{page}a"] = f"allocates page {page}" + " and writes it" * w.assume.write_at_alloc
            elif not w.guest.held[page]:
                can[f"{page}w"] = f"writes page {page}"
                if unlocked:
                    can[f"{page}f"] = f"frees page {page}"
        return can

    def refuse(choice: str) -> str:
        if told := stands_still():
            return told
        page, what = int(choice[:-1]), choice[-1]
        if page >= w.pages:
            return f"cannot: there is no page {page}"
        if w.guest.held[page]:
            return f"cannot: page {page} is held by the driver"
        if w.guest.free[page] != (what == "a"):
            return f"cannot: page {page} is {'free' if w.guest.free[page] else 'in use'}"
        return w.lock.reason() if what in "af" and not w.lock.ready() else ""

    def why() -> str:
        if told := stands_still():
            return told
        return "has no page: the driver holds all" if w.lock.ready() else w.lock.reason()

    menu = Choose(options, refuse, why)
    while True:
        choice = yield CHOOSES, menu
        page = w.page(int(choice[:-1]))
        if choice[-1] == "a":
            w.guest.allocate(page)
        elif choice[-1] == "w":
            w.guest.write(page)
        else:
            w.guest.release(page)


def late_bits(w: World) -> Steps:
    """The hypervisor makes the log bit of a write visible, some time after the write.

    Examples
    --------
    >>> from freepages.debate.assumptions import Assumptions
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.pages.pageset import PageSet
    >>> w = World(2, pace=freely, assume=Assumptions(log_bit_late=True), free=PageSet(2))
    >>> w.log.start(); w.guest.write(w.page(1))
    >>> act, menu = next(late_bits(w)); menu.options()
    {'1l': 'makes the log bit of page 1 visible'}
    """
    menu = Choose(lambda: {f"{page}l": f"makes the log bit of page {page} visible" for page in w.log.pending})
    while True:
        choice = yield SETTLES, menu
        w.log.settle(w.page(int(choice[:-1])))


def shrinker(w: World) -> Steps:
    """The driver gives a held page back to the guest before the host is done with it.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.guest.hold(w.page(1))
    >>> act, menu = next(shrinker(w)); menu.options()
    {'1e': 'gives page 1 back early'}
    """

    def options() -> dict[str, str]:
        pages = w.guest.held if w.lock.ready() and not w.guest.paused else ()
        return {f"{page}e": f"gives page {page} back early" for page in pages}

    menu = Choose(options, why=lambda: "has no page to give back" if w.lock.ready() else w.lock.reason())
    while True:
        choice = yield GIVES_UP, menu
        w.guest.release(w.page(int(choice[:-1])))


def processes(
    w: World,
    guest: Callable[[World], Steps] | None,
    host: Callable[[World], Steps],
    others: Iterable[Callable[[World], Steps]] = (),
) -> Iterator[Process]:
    """The processes of a proposal: guest, host, the workload, and what the switches add.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.debate.proposals import PROPOSALS
    >>> one = PROPOSALS["snapshot"]
    >>> [process.name for process in processes(World(2, pace=freely), one.guest, one.host)]
    ['guest', 'host', 'workload']
    """
    if guest:
        yield side("g", "guest", guest, w)
    yield side("h", "host", host, w)
    yield Process("w", "workload", partial(adversary, w))
    if w.assume.late and w.purpose == "migrate":
        yield Process("k", "hypervisor", partial(late_bits, w))
    for other in others:
        yield Process("d", "shrinker", partial(other, w))
