"""What is drawn of one migration: the lock, and what is left; and of many: maps."""

import numpy as np
from matplotlib.figure import Figure

from freepages.migrate.chart import draw_left, draw_lock, heat_maps
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate


def test_maps_stand_side_by_side_with_their_marks() -> None:
    figure = heat_maps(
        {"a": [[0.0, 1.0]], "b": [[0.5, 0.5]]}, [1, 2], ["x"], "across", "gain", {"b": [(1, 0, "here")]}
    )
    assert [axes.get_title() for axes in figure.axes[:2]] == ["a", "b"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["here"] and not figure.axes[0].texts


def test_each_hold_and_each_wait_of_the_lock_is_a_bar_in_its_row() -> None:
    done = migrate(Guest.made_up(2 << 30, 0.75), "locked", "churn:20000/s", bandwidth=1.25e9, keep=False)
    axes = Figure().subplots()
    draw_lock(axes, done, "locked")
    assert len(axes.collections) == len(done.held) + len(done.waits) > 4
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows == ["vCPU 3", "vCPU 2", "vCPU 1", "vCPU 0", "the driver"]


def test_what_is_left_begins_with_all_and_ends_with_nothing() -> None:
    done = migrate(Guest.made_up(256 << 20, 0.0), bandwidth=1.25e9, keep=False)
    axes = Figure().subplots()
    draw_left(axes, done, color="black")
    (line,) = axes.lines
    (start, end), (first, last) = ((some[0], some[-1]) for some in np.asarray(line.get_data()))
    assert (start, end) == (0, done.total / 1e9) and (first, last) == (256, 0)
