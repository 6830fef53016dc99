"""Toy scenarios for the tests of player and stepper: a small zone with a lock, a builder and a workload."""

from hypothesis import strategies as st

from freepages.engine import Choose, Lock, Process, Run, Scenario, Schedule, Steps, at_random
from freepages.view.frame import Bits, Frame, LockRow, Locks, PageMap

PAGES = 64


class Toy:
    """64 pages, a bitmap of those that are free, and a lock over both."""

    def __init__(self) -> None:
        self.pages = ["k"] * 8 + ["·"] * (PAGES - 8)
        self.bitmap = [False] * PAGES
        self.lock = Lock("zone Toy's lock")

    def build(self) -> Steps:
        yield from self.lock.acquire("guest")
        for pfn in range(0, PAGES, 8):
            yield "marks [{0}, {1})", pfn, pfn + 8
            self.bitmap[pfn : pfn + 8] = [page == "·" for page in self.pages[pfn : pfn + 8]]
        yield from self.lock.release("guest")

    def work(self) -> Steps:
        def options() -> dict[str, str]:
            free = [pfn for pfn, page in enumerate(self.pages) if page == "·"][:3]
            used = [pfn for pfn, page in enumerate(self.pages) if page == "a"]
            taken = {f"{pfn}a": f"allocates page {pfn}" for pfn in free}
            return taken | {f"{pfn}f": f"frees page {pfn}" for pfn in used}

        while True:
            choice = yield "chooses", Choose(options)
            pfn = int(choice[:-1])
            yield from self.lock.acquire("workload")
            self.pages[pfn] = "a" if choice[-1] == "a" else "·"
            yield from self.lock.release("workload")


def toy(story: str = "") -> Scenario:
    def build() -> tuple[Toy, list[Process]]:
        world = Toy()
        return world, [Process("g", "guest", world.build()), Process("w", "workload", world.work())]

    def picture(run: Run) -> Frame:
        world = run.world
        lock = LockRow(
            world.lock.name, world.lock.holder, run.held_since(world.lock), tuple(run.waiters(world.lock))
        )
        return Frame(
            "a toy zone",
            (
                PageMap("zone Toy", 0, "".join(world.pages)),
                Bits("bitmap", 0, world.bitmap),
                Locks((lock,)),
            ),
        )

    return Scenario("toy", "a small made-up zone", build, picture, story)


@st.composite
def played(draw: st.DrawFn) -> Schedule:
    """A schedule of the toy that is possible."""
    return at_random(Run(toy()), draw(st.integers(0, 10_000)), draw(st.integers(0, 25))).schedule


def failing() -> Scenario:
    """A scenario whose second step has a fault in it."""

    def faulty(world: list[int]) -> Steps:
        yield "works"
        world.append(1)
        yield "breaks"
        world.append(2)
        raise ZeroDivisionError("by hand")

    def build() -> tuple[list[int], list[Process]]:
        world: list[int] = []
        return world, [Process("f", "faulty", faulty(world))]

    return Scenario("failing", "breaks", build, lambda run: Frame(f"{run.world}", ()))
