from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import Process, Run, Scenario, Schedule, ScheduleError, Steps, at_random
from freepages.lab.player import LOGGED, WAITING, Player
from freepages.lab.shipped import shipped_scenario
from freepages.view.changes import Changes, changes
from freepages.view.draw import draw
from freepages.view.frame import Frame, Panel
from freepages.view.svg import svg
from tests.toy import failing, played, toy


@given(played())
def test_back_is_a_replay_of_one_move_less(schedule: Schedule) -> None:
    player = Player(toy(), str(schedule))
    while player.position:
        player.back()
        again = Run(toy(), player.run.schedule)
        assert player.run.schedule == schedule[: player.position]
        assert player.frame == again.scenario.picture(again)
        assert player.known == schedule


@given(played(), st.lists(st.integers(-2, 30), max_size=6))
def test_a_step_looks_the_same_from_whichever_side_it_is_reached(
    schedule: Schedule, jumps: list[int]
) -> None:
    player = Player(toy(), str(schedule))
    for jump in jumps:
        player.go(jump)
        straight = Player(toy(), str(player.run.schedule))
        assert player.frame == straight.frame
        assert list(map(str, player.log)) == list(map(str, straight.log))
        assert len(player.log) == min(player.position, LOGGED)


@given(played())
def test_the_log_says_what_each_step_changed(schedule: Schedule) -> None:
    player = Player(toy(), str(schedule))
    for step, changed, *_ in player.log:
        before, after = (Run(toy(), schedule[: step.number - less]) for less in (1, 0))
        assert changed == changes(before.scenario.picture(before), after.scenario.picture(after))


def test_going_back_keeps_the_future_until_another_move_is_made() -> None:
    player = Player(toy(), "g g g")
    player.back()
    player.back()
    player.forward()
    assert str(player.run.schedule) == "g g"
    assert str(player.known) == "g g g"
    player.move(Schedule.parse("w8a")[0])
    assert str(player.known) == "g g w8a"


def test_forward_follows_the_story_then_whoever_needs_no_choice() -> None:
    player = Player(toy("w8a w w g"))
    assert str(player.known) == "w8a w w g"
    for _ in range(6):
        player.forward()
    assert str(player.run.schedule) == "w8a w w g g g"


def test_the_story_is_taken_up_from_a_schedule_that_begins_it_and_not_from_another() -> None:
    assert str(Player(toy("g g"), "g").known) == "g g"
    assert str(Player(toy("g g"), "w8a").known) == "w8a"
    other = Player(toy("g g"), "w8a")
    other.begin_story()
    assert (other.position, str(other.known)) == (0, "g g")


def test_the_end_is_where_nobody_moves_without_a_choice() -> None:
    player = Player(toy())
    player.end()
    assert player.position == 10
    with pytest.raises(ScheduleError, match="next is a choice of workload"):
        player.forward()
    player.reset()
    player.end()
    assert player.position == 10


def test_seeking_one_beyond_the_known_makes_a_step() -> None:
    player = Player(toy(), "g")
    player.seek(2)
    assert str(player.run.schedule) == "g g"


@pytest.mark.parametrize("schedule", ["g w", "x", "w99a", "g!", "w1"])
def test_a_schedule_or_story_that_is_not_possible_is_refused(schedule: str) -> None:
    for make in (lambda: Player(toy(), schedule), lambda: Player(toy(), story=schedule)):
        with pytest.raises(ScheduleError, match="schedule: "):
            make()


@given(played())
def test_a_typed_schedule_is_the_run_it_says(schedule: Schedule) -> None:
    for written in (str(schedule), "".join(map(str, schedule)), ", ".join(map(str, schedule)) + " "):
        player = Player(toy())
        assert player.follow(written) == ""
        assert player.run.schedule == schedule


@given(played(), st.text("gwx 0123456789af!,", max_size=12))
def test_what_cannot_be_followed_leaves_the_longest_possible_beginning(schedule: Schedule, more: str) -> None:
    player = Player(toy(), str(schedule))
    typed = str(schedule) + " " + more
    said = player.follow(typed)
    assert player.run.schedule[: len(schedule)] == schedule
    assert Player(toy(), str(player.run.schedule)).frame == player.frame
    if not said:
        assert Schedule.parse(typed) == player.run.schedule
    else:
        assert "\n" not in said
        with pytest.raises(ScheduleError):
            Run(toy(), typed)


def test_an_incomplete_choice_is_waited_for_and_nothing_is_lost() -> None:
    player = Player(toy(), "g g")
    every = "8a (allocates page 8), 9a (allocates page 9), 10a (allocates page 10)"
    for typed, begun in (("ggw", every), ("ggw1", "10a (allocates page 10)")):
        assert player.follow(typed) == f"{WAITING}: workload may choose {begun}"
        assert str(player.run.schedule) == "g g"
    assert player.follow("ggw10a") == ""
    assert str(player.run.schedule) == "g g w10a"
    assert "able to move: g" in player.follow("ggw10aw")
    assert f"it may choose {every}" in player.follow("ggw7")


def test_typing_a_letter_less_goes_back_and_keeps_the_future() -> None:
    player = Player(toy(), "g g g")
    player.follow("gg")
    assert (player.position, str(player.known)) == (2, "g g g")


def test_a_fault_in_a_step_leaves_the_run_as_it_was_before_it() -> None:
    player = Player(failing(), "f")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            player.forward()
        assert (player.position, player.run.world) == (1, [1])


def test_two_thousand_steps_are_a_short_way_back() -> None:
    """Going back one step shows no more pictures than the log has lines."""
    pictures: list[int] = []

    def count() -> Steps:
        number = 0
        while True:
            number += 1
            yield f"counts {number}"

    def picture(run: Run) -> Frame:
        pictures.append(len(run.steps))
        return Frame(f"{len(run.steps)} steps", ())

    scenario = Scenario("long", "counts", lambda: (None, [Process("c", "counter", count())]), picture)
    player = Player(scenario, "c" * 2000)
    del pictures[:]
    player.back()
    assert player.frame.title == "1999 steps"
    assert len(pictures) <= 3


LOOKED_AT: dict[str, object] = {"highlight": (), "read": frozenset()}


@pytest.mark.parametrize(
    "name",
    [
        "zone",
        "free-page-bitmap",
        "virtqueue-lost-kick",
        "inflate",
        "B21",
        "drop-caches",
        "request_id",
        "skipping",
    ],
)
def test_no_panel_looks_different_without_something_in_it_being_marked(name: str) -> None:
    """However a step is drawn: a panel that looks another way has an outline, an equal one has none."""

    def looks(panel: Panel) -> str:
        bare = {field: none for field, none in LOOKED_AT.items() if hasattr(panel, field)}
        return svg(draw(Frame("", (replace(panel, **bare) if bare else panel,))))  # type: ignore[type-var]

    scenario = shipped_scenario(name)
    run = Run(scenario)
    before = scenario.picture(run)
    for move in [*Run(scenario, scenario.story).schedule[:12], *at_random(Run(scenario), 3, 12).schedule]:
        if run.why_not(move):
            continue
        run.move(move)
        after = scenario.picture(run)
        olds = {(type(panel), getattr(panel, "name", "")): panel for panel in before.panels}
        for panel, marked in zip(after.panels, changes(before, after).marked, strict=True):
            old = olds.get((type(panel), getattr(panel, "name", "")))
            if old is not None:
                assert bool(marked) or looks(panel) == looks(old), (str(move), panel)
            if marked:
                drawn = draw(Frame("", (panel,)), None, Changes((), (marked,)))
                assert 's-yellow"' in svg(drawn), (str(move), marked)
        before = after
