"""The kernel around a driver: its memory, its log, and in which context its code runs.

Models what include/linux/preempt.h, might_sleep() and BUG() of Linux 4.6 mean to a driver. Process context
may sleep: wait for memory, for a lock, for the disk. Interrupt context may not: there is no process that
could be put to sleep. With CONFIG_DEBUG_ATOMIC_SLEEP the kernel says so at every call that may sleep, whether
or not it would have slept this time, and goes on; here it always does. A BUG() ends the process it happens
in, and in interrupt context the guest.

What goes wrong is a state of the world: a line of the kernel's log, or `crashed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from struct import Struct

from freepages.engine import Act, Guard, Steps
from freepages.engine.step_size import AllFree, Grain, coarse
from freepages.virtqueue.guest_memory import Memory
from freepages.zone.node import Node
from freepages.zone.page_cache import PageCache

CALLS = Act("calls {0}", cost="none")
WORKS = Act("starts {0}", cost="interrupt")


class Bug(Exception):
    """BUG(): the kernel has found itself in a state that it cannot go on from."""


@dataclass
class Kernel:
    """A guest's kernel.

    bits      32 or 64, the width of a long; the byte order is the memory's
    debug_sg  CONFIG_DEBUG_SG: scatterlists are checked
    poison    the byte that CONFIG_PAGE_POISONING fills free pages with and expects to find again, or None
    grain     how finely the kernel's operations are stepped

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> kernel = Kernel(Node.pc(64 << 20), GuestMemory({0: 4096}), bits=32)
    >>> kernel.long.size
    4
    >>> kernel.say("out of memory"); kernel.dmesg
    ['out of memory']
    """

    node: Node
    memory: Memory
    bits: int = 64
    debug_sg: bool = False
    poison: int | None = None
    cache: PageCache | None = None
    grain: Grain = coarse
    dmesg: list[str] = field(default_factory=list)
    crashed: str | None = None
    allocated: dict[int, int] = field(default_factory=dict)
    """The address of every block that kzalloc gave out, and its order."""

    @property
    def long(self) -> Struct:
        """An unsigned long as it lies in memory."""
        return Struct(("<" if self.memory.endian == "little" else ">") + ("Q" if self.bits == 64 else "I"))

    @property
    def zone_locks(self) -> AllFree:
        """The locks of all zones, as one guard."""
        return AllFree(*(zone.lock for zone in self.node.populated_zones()))

    def say(self, line: str) -> None:
        """printk"""
        self.dmesg.append(line)


@dataclass(frozen=True)
class Context:
    """Who runs, and whether it may sleep. `function` is what was entered first: a handler, a work item.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> kernel = Kernel(Node.pc(64 << 20), GuestMemory({0: 4096}))
    >>> handler = Context(kernel, "cpu 0", interrupt=True, function="balloon_ack")
    >>> handler.might_sleep("kmalloc(GFP_KERNEL)"); kernel.dmesg
    ['kmalloc(GFP_KERNEL) may sleep, in interrupt context: balloon_ack']
    """

    kernel: Kernel
    name: str
    interrupt: bool = False
    function: str = ""
    cpu: str = "cpu 0"

    def within(self, function: str) -> Context:
        """The same context, in another function."""
        return replace(self, function=function)

    def might_sleep(self, call: str) -> None:
        """To be called where the kernel does: in interrupt context it leaves a line in the log."""
        if self.interrupt:
            self.kernel.say(f"{call} may sleep, in interrupt context: {self.function or self.name}")

    def survive(self, steps: Steps) -> Steps:
        """The steps, up to a BUG() in them."""
        try:
            return (yield from steps)
        except Bug as bug:
            where = "interrupt context: the guest is dead" if self.interrupt else "process context"
            self.kernel.say(f"kernel BUG in {bug}, {where}")
            if self.interrupt:
                self.kernel.crashed = str(bug)


class Work(Guard):
    """A work item: queued from any context, run by a kernel thread in process context.

    Queued again before it ran, it runs once; queued while it runs, it runs again.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> work = Work(Kernel(Node.pc(64 << 20), GuestMemory({0: 4096})), "update_balloon")
    >>> work.ready(), work.reason()
    (False, 'waits until update_balloon is queued')
    >>> work.queue(); work.ready()
    True
    """

    def __init__(self, kernel: Kernel, name: str):
        self.kernel, self.name = kernel, name
        self.queued = False

    def queue(self) -> None:
        """queue_work(): it is to run once more."""
        self.queued = True

    def ready(self) -> bool:
        """Whether it is queued, in a guest that lives."""
        return self.queued and not self.kernel.crashed

    def reason(self) -> str:
        return (
            "cannot: the guest has crashed" if self.kernel.crashed else f"waits until {self.name} is queued"
        )

    def __str__(self) -> str:
        return self.name


class WaitQueue(Guard):
    """Who sleeps in wait_event() until somebody calls wake_up(); then it looks again.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> acked = WaitQueue(Kernel(Node.pc(64 << 20), GuestMemory({0: 4096})), "acked")
    >>> acked.reason()
    'sleeps until acked is woken'
    >>> acked.wake_up(); acked.ready()
    True
    """

    def __init__(self, kernel: Kernel, name: str):
        self.kernel, self.name = kernel, name
        self.woken = False

    def wake_up(self) -> None:
        """Wake who sleeps."""
        self.woken = True

    def ready(self) -> bool:
        """Whether it was woken, in a guest that lives."""
        return self.woken and not self.kernel.crashed

    def reason(self) -> str:
        return (
            "cannot: the guest has crashed" if self.kernel.crashed else f"sleeps until {self.name} is woken"
        )

    def __str__(self) -> str:
        return self.name


class AnyWork(Guard):
    """The work items of one thread, in their order.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> kernel = Kernel(Node.pc(64 << 20), GuestMemory({0: 4096}))
    >>> inflate, stats = Work(kernel, "inflate"), Work(kernel, "stats")
    >>> stats.queue(); str(AnyWork(inflate, stats))
    'stats'
    """

    def __init__(self, *works: Work):
        self.works = works

    def ready(self) -> bool:
        """Whether any of them is ready."""
        return any(work.ready() for work in self.works)

    def reason(self) -> str:
        one = len(self.works) == 1 or self.works[0].kernel.crashed
        return self.works[0].reason() if one else "waits until some work is queued"

    def __str__(self) -> str:
        return next((work.name for work in self.works if work.queued), "the next work item")


def workqueue(ctx: Context, items: dict[Work, Callable[[Context], Steps]]) -> Steps:
    """A kernel thread that runs work items as they are queued, for ever. Process.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> kernel = Kernel(Node.pc(64 << 20), GuestMemory({0: 4096}))
    >>> stats = Work(kernel, "stats"); stats.queue()
    >>> thread = workqueue(Context(kernel, "kworker"), {stats: lambda ctx: iter(["collects the statistics"])})
    >>> next(thread)[0].say(("stats",)), next(thread)
    ('starts stats', 'collects the statistics')
    """
    pending = AnyWork(*items)
    while True:
        yield WORKS, pending
        work = next(work for work in items if work.queued)
        work.queued = False
        yield from ctx.survive(items[work](ctx.within(work.name)))
