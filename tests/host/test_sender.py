"""The sender over granules against the same rule page by page, however the plan is cut."""

import numpy as np
import pytest

from freepages.engine.costs import Costs
from freepages.host import sender as module
from freepages.host.bulk_migration import GRANULE, SMALL_BUFFER
from freepages.host.sender import NORMAL_BYTES, ZERO_BYTES, Ahead, Plan, Sender

PAGES = 1 << 16
SKIPPED, ZERO, NORMAL = 0, 1, 2


def page_by_page(kinds, costs):
    """When the thread is done with these pages."""
    room = costs.socket_buffer / costs.link * 1e9
    cpu = {ZERO: costs.zero_page, NORMAL: costs.normal_page}
    wire = {ZERO: ZERO_BYTES / costs.link * 1e9, NORMAL: NORMAL_BYTES / costs.link * 1e9}
    thread = drained = 0.0
    for kind in kinds.tolist():
        if kind != SKIPPED:
            thread = max(thread + cpu[kind], drained + wire[kind] - room)
            drained = max(drained, thread) + wire[kind]
    return thread


def planned(kinds, costs, every=float("inf"), most=float("inf")):
    """The same by granules, stopping every so many ns, or bytes."""
    words = GRANULE if costs.socket_buffer >= SMALL_BUFFER else 1
    by_granule = kinds.reshape(-1, 64 * words)
    pages, zeros = (by_granule != SKIPPED).sum(axis=1), (by_granule == ZERO).sum(axis=1)
    plan = Plan(Sender(costs), lambda low, high: Ahead(pages[low:high], zeros[low:high], 0))
    now = 0.0
    while plan.pages < pages.sum() - 1e-6:
        now = plan.send(now, now + every, most)
    assert plan.reached == len(pages)
    assert plan.pages == pytest.approx(pages.sum()) and plan.zeros == pytest.approx(zeros.sum())
    return now


def runs(length, chance=None):
    """Normal and zero pages in turn, in runs of so many pages, of one length or of any with this mean."""
    if chance is None:
        return np.resize(np.repeat([NORMAL, ZERO], length), PAGES)
    lengths = chance.geometric(1 / length, PAGES // length * 4)
    return np.repeat(np.resize([NORMAL, ZERO], len(lengths)), lengths)[:PAGES]


def layouts():
    chance = np.random.default_rng(1)
    for length in (1, 7, 64):
        yield f"runs of {length}", runs(length), 0.005
    for share in (0.1, 0.5, 0.9):
        mixed = np.where(chance.random(PAGES) < share, NORMAL, ZERO)
        yield f"mixed, {share:.0%} normal", mixed, 0.005
    yield "half of it skipped", np.where(chance.random(PAGES) < 0.5, SKIPPED, runs(2048)), 0.015
    for length in (300, 1000, 3000):
        yield f"runs of about {length}", runs(length, chance), 0.015
    for length in (1024, 4096, 16384):
        yield f"runs of {length}", runs(length), 0.005
    for length in (5000, 9000):
        yield f"runs of about {length}", runs(length, chance), 0.005


BUFFERS = (212_992.0, float(4 << 20))
LAYOUTS = {name: (kinds, off) for name, kinds, off in layouts()}


@pytest.mark.parametrize("link", [0.5e9, 1.12e9, 3.1e9], ids="link {:g}".format)
@pytest.mark.parametrize("buffer", BUFFERS, ids="buffer {:g}".format)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_takes_as_long_as_page_by_page(layout, buffer, link):
    kinds, off = LAYOUTS[layout]
    if layout == "runs of about 300" and buffer < SMALL_BUFFER:
        off = 0.025  # the buffer has room for 51 pages, and the order of 64 is not known
    costs = Costs(socket_buffer=buffer, link=link)
    assert planned(kinds, costs) == pytest.approx(page_by_page(kinds, costs), rel=off)


@pytest.mark.parametrize(
    "cut", [{"every": 1e6}, {"every": 12_345.6}, {"most": 1e6}, {"most": 54_321.0}], ids=str
)
@pytest.mark.parametrize("layout", ["runs of about 5000", "mixed, 50% normal", "runs of 64"])
def test_where_the_plan_is_cut_does_not_matter(layout, cut):
    kinds, costs = LAYOUTS[layout][0], Costs()
    assert planned(kinds, costs, **cut) == pytest.approx(planned(kinds, costs), rel=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whole_blocks_do_what_their_granules_do(layout, monkeypatch):
    kinds, costs = LAYOUTS[layout][0], Costs(socket_buffer=1e6)
    monkeypatch.setattr(module, "FIRST_STRETCH", len(kinds))
    one_by_one = planned(kinds, costs)
    monkeypatch.setattr(module, "FIRST_STRETCH", 32)
    assert planned(kinds, costs) == pytest.approx(one_by_one, rel=1e-9)


def test_what_is_in_the_buffer_drains_while_nothing_is_sent():
    costs = Costs()
    sender = Sender(costs)
    full = sender.room + 1e6
    done = sender.hand_over(0.0, 0.0, full)
    assert done == pytest.approx(1e6) and sender.drained == pytest.approx(full)
    assert sender.hand_over(full + 5.0, 7.0, 7.0) == pytest.approx(full + 12.0)
