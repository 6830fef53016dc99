"""The stepper, pressed and typed at, over a small made-up zone with a lock, a builder and a workload."""

import asyncio
import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Choose, Lock, Process, Run, Scenario, Schedule, ScheduleError, Steps, at_random
from freepages.stepper import LOGGED, WAITING, Player, Stepper
from freepages.view.changes import changes
from freepages.view.frame import Bits, Frame, LockRow, Locks, Memory

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
                Memory("zone Toy", 0, "".join(world.pages)),
                Bits("bitmap", 0, world.bitmap),
                Locks((lock,)),
            ),
        )

    return Scenario("toy", "a small made-up zone", build, picture, story)


@st.composite
def played(draw: st.DrawFn) -> Schedule:
    """A schedule of the toy that is possible."""
    return at_random(Run(toy()), draw(st.integers(0, 10_000)), draw(st.integers(0, 25))).schedule


# -- the player


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
    for step, changed in player.log:
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
    for typed, begun in (("ggw", "8a, 9a, 10a"), ("ggw1", "10a")):
        assert player.follow(typed) == f"{WAITING}: workload may choose {begun}"
        assert str(player.run.schedule) == "g g"
    assert player.follow("ggw10a") == ""
    assert str(player.run.schedule) == "g g w10a"
    assert "able to move: g" in player.follow("ggw10aw")
    assert "it may choose 8a, 9a, 10a" in player.follow("ggw7")


def test_typing_a_letter_less_goes_back_and_keeps_the_future() -> None:
    player = Player(toy(), "g g g")
    player.follow("gg")
    assert (player.position, str(player.known)) == (2, "g g g")


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


def test_a_fault_in_a_step_is_shown_and_the_run_is_as_before_it() -> None:
    stepper = Stepper(failing(), "f")
    stepper._forward.click()
    assert "ZeroDivisionError: by hand" in status(stepper)
    assert stepper.schedule == "f"
    assert stepper.player.run.world == [1]
    stepper._back.click()
    stepper._forward.click()
    assert stepper.player.run.world == [1]


# -- the widget


def status(stepper: Stepper) -> str:
    return plain(stepper._status.value)


def plain(html: str) -> str:
    return unescape(re.sub("<[^>]*>", " ", html))


def test_every_button_does_what_its_name_says() -> None:
    stepper = Stepper(toy("g g g g"))
    assert stepper._back.disabled and stepper._reset.disabled
    stepper._forward.click()
    stepper._forward.click()
    assert stepper.schedule == "g g"
    stepper._back.click()
    assert (stepper.schedule, stepper._typed.value) == ("g", "g")
    stepper._end.click()
    assert stepper.schedule == "g g g g"
    stepper._movers["g"].click()
    stepper._reset.click()
    assert (stepper.schedule, str(stepper.player.known)) == ("", "g g g g g")
    stepper._story.click()
    assert (stepper.schedule, str(stepper.player.known)) == ("", "g g g g")


def test_a_key_on_the_slider_is_a_step() -> None:
    stepper = Stepper(toy(), "g")
    slider = stepper._slider
    for change, schedule in ((1, "g g"), (-1, "g"), (-1, ""), (1, "g"), (1, "g g"), (1, "g g g")):
        slider.value += change
        assert stepper.schedule == schedule
    slider.value = slider.min  # Home
    assert stepper.schedule == ""
    slider.value = slider.max  # End: what is known, and then one further
    assert stepper.schedule == "g g g"
    slider.value = slider.max
    assert stepper.schedule == "g g g g"


@given(st.integers(0, 10_000))
def test_the_slider_drawn_with_the_mouse_stays_near_where_it_is_left(place: int) -> None:
    stepper = Stepper(toy("g g g g g g g"))
    stepper._slider.value = place
    assert abs(stepper._slider.value - place) <= 10_000 / 8
    assert stepper.player.position == pytest.approx(place * 8 / 10_000, abs=1)


def test_the_slider_is_at_its_end_when_nobody_can_go_on() -> None:
    stepper = Stepper(toy(), "g" * 10)
    assert stepper._slider.value == stepper._slider.max
    stepper._slider.value -= 1
    assert stepper.player.position == 9
    stepper._slider.value = stepper._slider.max
    assert stepper.player.position == 10


def test_a_process_that_may_not_move_is_greyed_and_says_why() -> None:
    stepper = Stepper(toy(), "w8a g")
    mover = stepper._movers["w"]
    assert mover.disabled
    assert mover.description == "workload (w): waits for zone Toy's lock, held by guest"
    assert "waits for zone Toy's lock, held by guest" in plain(stepper._sources["w"].value)
    assert not stepper._movers["g"].disabled


def test_a_choosing_process_offers_its_options() -> None:
    stepper = Stepper(toy())
    dropdown = stepper._choices["w"]
    assert stepper._choices["g"].layout.display == "none"
    assert [choice for _, choice in dropdown.options] == ["8a", "9a", "10a"]
    dropdown.value = "9a"
    stepper._movers["w"].click()
    assert stepper.schedule == "w9a"
    assert (dropdown.layout.display, dropdown.layout.visibility) == (None, "hidden")  # it keeps its place


def test_the_typed_schedule_is_the_keyboard() -> None:
    stepper = Stepper(toy())
    for typed in ("g", "gg", "ggw", "ggw8", "ggw8a"):
        stepper._typed.value = typed
        assert stepper._typed.value == typed
    assert stepper.schedule == "g g w8a"
    stepper._typed.value = "ggw8"
    assert stepper.schedule == "g g"
    assert status(stepper).strip().startswith(WAITING)
    stepper._typed.value = "ggx"
    assert "no process has the letter 'x'" in status(stepper)
    assert "fault" in stepper._status.value
    assert (stepper.schedule, stepper._typed.value) == ("g g", "ggx")
    stepper._forward.click()
    assert (stepper.schedule, stepper._typed.value) == ("g g w8a", "ggw8a")


def test_the_source_shown_is_the_source_that_runs() -> None:
    stepper = Stepper(toy(), "g g")
    shown = re.sub("<[^>]*>", "", stepper._sources["g"].value)
    lit = unescape(shown[shown.index("▶") :])
    assert re.match(r'▶ \d+\t+yield "marks \[\{0\}, \{1\}\)", pfn, pfn \+ 8', lit)
    assert shown.startswith("guest marks [8, 16)")


def test_the_log_has_the_newest_step_on_top_in_its_own_column() -> None:
    stepper = Stepper(toy(), "w8a g g")
    rows = re.findall(r'data-step="(\d+)">(.*?)</tr>', stepper._log.value)
    assert [number for number, _ in rows] == ["3", "2", "1"]
    columns = [[plain(cell).strip() for cell in re.findall("<td>(.*?)</td>", row)] for _, row in rows]
    assert columns[0][1].startswith("marks [0, 8)")
    assert columns[2] == ["1", "", "allocates page 8"]


def test_only_what_changed_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = Stepper(toy(), "g g g g")
    sent: list[object] = []
    for child in [
        *stepper._sources.values(),
        stepper._picture,
        stepper._choices["w"],
        *stepper._movers.values(),
    ]:
        child.observe(lambda change: sent.append(change.owner))
    stepper._back.click()
    assert stepper._sources["w"] not in sent and stepper._movers["w"] not in sent
    assert sent.count(stepper._picture) == 1


def test_play_goes_on_until_a_choice_is_needed() -> None:
    stepper = Stepper(toy("w8a w w"), "w8a")
    stepper._speed.options = {"at once": 0}

    async def play() -> None:
        stepper._playing.value = True
        while stepper._playing.value:
            await asyncio.sleep(0)

    asyncio.run(play())
    assert stepper.schedule == "w8a w w" + 10 * " g"
    assert stepper._playing.disabled
    stepper._reset.click()
    assert not stepper._playing.disabled
    asyncio.run(play())
    assert stepper.player.position == 13


def test_play_stops_when_it_is_told_and_can_go_on() -> None:
    stepper = Stepper(toy("g g g g"))
    stepper._speed.options = {"at once": 0}

    async def play(steps: int) -> None:
        stepper._playing.value = True
        while stepper.player.position < steps:
            await asyncio.sleep(0)
        stepper._playing.value = False
        for _ in range(5):
            await asyncio.sleep(0)
        assert stepper.player.position == steps

    asyncio.run(play(2))
    asyncio.run(play(4))


def test_no_callback_prints_or_displays(capsys: pytest.CaptureFixture[str]) -> None:
    stepper = Stepper(toy(), "g")
    stepper._typed.value = "q"
    stepper._end.click()
    assert capsys.readouterr() == ("", "")


def test_the_bundle_is_the_view_the_picture_and_the_text() -> None:
    stepper = Stepper(toy(), "w8a g")
    bundle = stepper._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    again = Stepper(toy(), "w8a g")._repr_mimebundle_()
    assert bundle["image/png"] == again["image/png"]
    assert bundle["text/plain"] == again["text/plain"] == repr(stepper)
    assert repr(stepper).startswith(
        """\
toy · a small made-up zone
schedule: w8a g
guest next: marks [0, 8)
workload next: takes zone Toy's lock (cannot: waits for zone Toy's lock, held by guest)
2 guest takes zone Toy's lock | zone Toy's lock: free → guest
1 workload allocates page 8

a toy zone
zone Toy: pages [0, 64), free 56, kernel 8
"""
    )


@given(played())
@settings(max_examples=15)
def test_any_run_can_be_shown(schedule: Schedule) -> None:
    stepper = Stepper(toy(), str(schedule))
    assert f'data-step="{len(schedule)}"' in stepper._picture.value
    assert stepper.schedule in repr(stepper)


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
