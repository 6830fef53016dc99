"""The projection: what each step is in the small world, and what it does not let pass."""

import pytest

from freepages.engine import Run
from freepages.pages.pageset import PageSet
from freepages.scenarios.machine.scenario import one_machine

ASKED = "h h0r d d d i g g g g g g g d d d d"


def moves(scenario, schedule: str) -> list[list[str]]:
    run, made = Run(scenario), []
    for move in schedule.split():
        run.move(move)
        assert run.world.projection.refused is None
        made.append(run.world.projection.moves)
    return made


def test_a_block_is_as_many_moves_as_it_has_pages() -> None:
    assert moves(one_machine(), "w2a w54f") == [["w44a", "w45a", "w46a", "w47a"], ["w38f", "w39f"]]


def test_a_hosts_move_is_the_same_and_a_waking_is_none() -> None:
    assert moves(one_machine(), "h h0r d h5s") == [["h"], ["h0r"], [], ["h5s"]]


@pytest.mark.parametrize("zones", [1, 2])
def test_a_walk_is_one_moment_for_each_zone(zones: int) -> None:
    drawn = ("kkkk············aaaa··aa········", "aa····aaaa··········aaaaaaaa····")[:zones]
    made = moves(one_machine(zones=drawn), ASKED if zones == 2 else ASKED.replace("g ", "", 1))
    walked = [[one for one in step if one == "g"] for step in made if step.count("g") > 1]
    assert [len(step) for step in walked] == [4, 3][:zones]


def spoilt(schedule: str, spoil) -> str | None:
    """What the projection says after something was changed behind everybody's back."""
    run = Run(one_machine(), schedule)
    spoil(run.world)
    run.move("w16w")
    return run.world.projection.refused


def test_nothing_that_differs_passes() -> None:
    def bit(pages: PageSet) -> None:
        pages.clear(3) if pages[3] else pages.set(3)

    assert "to send: " in str(spoilt("h", lambda w: bit(w.host.to_send)))
    assert "dirty: " in str(spoilt("h", lambda w: bit(w.log.bits)))
    assert "what matters: " in str(spoilt("h", lambda w: bit(w.guest.written)))
    assert "answers: " in str(spoilt(ASKED, lambda w: w.mail.answers.clear()))
    assert "answers: " in str(spoilt(ASKED, lambda w: bit(w.mail.answers[0].pages)))

    def loses_a_block(w) -> None:
        zone = w.zones[0]
        zone._unlink(next(iter(zone.free_blocks()))[0])

    assert "free: " in str(spoilt("h", loses_a_block))
    assert spoilt(ASKED, lambda w: None) is None


def test_a_byte_that_did_not_arrive_is_a_lost_page_that_the_small_world_has_not() -> None:
    run = Run(one_machine(), "h")
    send = run.world.memory.send
    run.world.memory.send = lambda pages: send(PageSet(pages.pages, pages.value & ~(1 << 17)))
    run.move("h0x")
    assert run.world.lost and "lost: the machine has 17, the small world none" in run.world.projection.refused


def test_a_write_to_a_free_page_is_refused() -> None:
    run = Run(one_machine(), "h")
    run.world.parts.kernel.memory.write(8 << 12, b"stray")
    run.move("w16w")
    assert run.world.projection.refused == "step 2: the small world's workload cannot: page 8 is free"


def test_it_stops_at_the_first_refusal() -> None:
    run = Run(one_machine(mistake="sync-before-answer"), "h h0r h0y")
    why = run.world.projection.refused
    run.move("h0y")
    assert why and run.world.projection.refused == why and why.startswith("step 3: the small world's host")
