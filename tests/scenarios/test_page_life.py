"""The table says what the world says, after every step."""

import pytest

from freepages.engine import Run, ScheduleError
from freepages.scenarios.debate import debate
from freepages.scenarios.page_life import life

LOST = "h h0r g g g g g w0a w0w h0y h0t h0x"


@pytest.mark.parametrize("page", [0, 1])
def test_each_row_is_the_page_after_that_step(page):
    table = [*life(debate("no_wait"), LOST, page).rows()]
    run = Run(debate("no_wait"))
    for row, move in zip(table[1:], Run(debate("no_wait"), LOST).schedule, strict=False):
        step, w = run.move(move), run.world
        assert row[:3] == [str(step.number), step.who, step.text]
        assert row[3] == ("free" if w.guest.free[page] else "in use")
        assert row[4:6] == ["yes" if some[page] else "-" for some in (w.log.bits, w.host.to_send)]


def test_the_first_steps_can_be_left_out():
    whole, late = ([*life(debate("no_wait"), LOST, since=since).rows()] for since in (0, 8))
    assert late == whole[8:] and late[0][0] == "8"


def test_a_lost_page_is_told_and_another_is_not():
    assert repr(life(debate("no_wait"), LOST)).endswith("page 0 should hold B")
    assert "should hold" not in repr(life(debate("no_wait"), LOST, page=1))


def test_who_only_discards_has_no_log_and_no_destination():
    shown = repr(life(debate("snapshot", "discard"), "h0r g g g g g h0t w0a w0w h"))
    assert "in the log" not in shown and "should hold B" in shown
    assert "the driver's" in repr(life(debate("inflate_deflate", "discard"), "h0r g g"))


def test_a_schedule_that_cannot_be_is_refused():
    with pytest.raises(ScheduleError, match="able to move"):
        repr(life(debate("snapshot"), "g"))
