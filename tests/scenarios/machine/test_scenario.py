"""The machine as a scenario: what it refuses, its story, and how it looks."""

import pytest

from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.engine.step_size import fine
from freepages.scenarios.machine.scenario import STORY, one_machine, runnable
from freepages.view.text import text


def test_the_proposals_whose_guest_is_the_driver_run_on_it() -> None:
    assert runnable() == ["snapshot", "log_late", "no_wait", "request_id", "request_id_unchecked"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"position": "free_page_hint"}, "its guest is not the driver of the free-page bitmap"),
        ({"position": "snapshott"}, "did you mean snapshot?"),
        ({"mistake": "raw-pfn"}, "did you mean raw-pfns?"),
        ({"zones": ("kkkk····",)}, "a machine of 8 pages, queues of 4: too small for its rings: "),
        ({"num": 1}, "too small for its rings: no room for a request"),
        ({"zones": ("····" * 8,) * 3}, "one or two zones"),
        ({"requests": 0}, "requests 1 or more"),
        ({"num": 3}, "num 3 is not a power of two"),
    ],
)
def test_what_it_cannot_be_is_said_in_one_line(bad, message: str) -> None:
    with pytest.raises(FreepagesError, match=message) as refused:
        one_machine(**bad)
    assert "\n" not in str(refused.value)


def test_the_story_is_the_way_of_one_page() -> None:
    """Page 58 is page 42 of ram_addr: free, reported, taken out, used again, logged, synced, sent."""
    run, seen = Run(one_machine()), list[tuple[int, int, int]]()
    for move in STORY.split():
        run.move(move)
        w = run.world
        now = w.guest.free[42], w.host.to_send[42], w.log.bits[42]
        if not seen or now != seen[-1]:
            seen.append(now)
    assert seen == [(1, 1, 0), (1, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 0, 0)]
    assert run.world.ram.pfn(42) == 58 and not run.world.lost and run.world.projection.refused is None
    assert run.world.memory.arrived[42] == run.world.memory.page(42) != bytes(4096)


@pytest.mark.parametrize("pages", [64, 256])
def test_it_is_drawn_at_every_step_of_its_story(pages: int) -> None:
    scenario = one_machine(zones=("kkkk" + "·" * (pages // 2 - 4), "aa······" * (pages // 16)))
    run = Run(scenario)
    for move in "h h0r d d d i g g g g g g g d d d d h0t h0y h0x".split():
        run.move(move)
        assert "the small world" in text(scenario.picture(run))
    assert "The guest stands still" in text(scenario.picture(run))


def test_a_kick_goes_to_the_device_and_not_to_the_host() -> None:
    run = Run(one_machine())
    while run.steps[-1:] == [] or not run.steps[-1].text.startswith("kicks"):
        run.move(STORY.split()[len(run.steps)])
    assert "guest driver ⇒ device: kick: free_pages" in text(run.scenario.picture(run))


def test_step_by_step_the_bytes_go_through_the_ring() -> None:
    run = Run(one_machine(grain=fine), "h h0r")
    while run.processes["d"].options():
        run.move("d")
    said = [step.text for step in run.steps if step.who == "device"]
    assert "reads avail->idx" in said and any(one.startswith("writes used->idx") for one in said)
    assert run.world.projection.refused is None
