"""The world: all of it that changes is declared, and what was saved can be brought back."""

import pytest

from freepages.debate.assumptions import Assumptions
from freepages.debate.guest_verbs import free_page_bitmap
from freepages.debate.host_verbs import freely
from freepages.debate.proposals import PROPOSALS
from freepages.debate.world import FIELDS, LOST, OVER, World, frozen
from freepages.engine import Run, at_random, straight
from freepages.scenarios.debate import debate

SWITCHES = ["early-release", "silent-guest", "log-bit-late", "log-not-cleared-by-sync"]
PARTS = ("guest", "memory", "host", "log", "mail", "lock")


def runs(name):
    """Random runs of a proposal, and each of them a step further at a time."""
    made = []  # kept, for a world is known by its id here
    for seed in range(4):
        made.append(run := Run(debate(name, assume=SWITCHES * (seed % 2), pages=3)))
        for step in range(60):
            yield run
            at_random(run, 100 * seed + step, 1)


def attributes(world):
    """Each attribute of each part as a value; of one that is a part itself, which it is."""
    return {
        f"{part}.{name}": id(value) if hasattr(value, "__dict__") else frozen(value)
        for part in PARTS
        for name, value in vars(getattr(world, part)).items()
    }


@pytest.mark.parametrize("name", PROPOSALS)
def test_whatever_changes_is_a_field(name) -> None:
    before: dict[int, dict] = {}
    changed = set()
    for run in runs(name):
        now = attributes(run.world)
        start = before.setdefault(id(run.world), now)
        changed |= {what for what, value in now.items() if value != start[what]}
    assert {"guest.free", "memory.source", "host.to_send"} <= changed
    assert changed <= {attribute for names in FIELDS for attribute in names} | {"host.stopped"}


@pytest.mark.parametrize("name", PROPOSALS)
def test_what_was_saved_comes_back(name) -> None:
    """In another world, which then has nothing in common with the first that could change."""
    other: dict[int, World] = {}
    for run in runs(name):
        saved = run.world.save()
        assert hash(saved) == hash(run.world.save())
        twin = other.setdefault(id(run.world), Run(run.scenario).world)
        if run.world.over:
            assert saved[0] == (LOST if run.world.lost else OVER)
            assert run.world.save(reduced=True) == saved[:1]
            continue
        twin.restore(saved)
        assert twin.save() == saved and twin.save(reduced=True) == run.world.save(reduced=True)
        twin.guest.free.clear_range(0, 3)
        twin.mail.answers.clear()
        assert run.world.save() == saved


def test_reduced_content_says_which_pages_are_equal_and_not_by_which_letters() -> None:
    one, two = World(2, pace=freely), World(2, pace=freely)
    for world, times in ((one, 1), (two, 2)):
        world.guest.allocate(world.every)
        world.host.send(world.page(1))
        for _ in range(times):
            world.guest.write(world.page(0))
    assert one.save() != two.save() and one.save(reduced=True) == two.save(reduced=True)
    two.host.send(two.page(0))
    assert one.save(reduced=True) != two.save(reduced=True)


@pytest.mark.parametrize("switches", [[], ["no-lock-while-building"]])
def test_within_no_page_no_page_is_free(switches) -> None:
    w = World(2, pace=freely, assume=Assumptions.of(switches))
    assert not straight(free_page_bitmap(w, []))
