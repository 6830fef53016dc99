"""The stepper, pressed and typed at."""

import asyncio
import re
from html import unescape

import ipywidgets as W
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine.run import Schedule
from freepages.lab.player import WAITING
from freepages.lab.stepper import Stepper
from freepages.scenarios.debate import debate
from tests.toy import failing, played, toy


def test_a_fault_in_a_step_is_shown_and_the_run_is_as_before_it() -> None:
    stepper = Stepper(failing(), "f")
    stepper._forward.click()
    assert "ZeroDivisionError: by hand" in status(stepper)
    assert stepper.schedule == "f"
    assert stepper.player.run.world == [1]
    stepper._back.click()
    stepper._forward.click()
    assert stepper.player.run.world == [1]


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
    stepper._movers["g"].button.click()
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
    assert mover.button.disabled
    assert mover.button.description == "workload (w)"
    for where in (mover.remark, stepper._sources["w"]):
        assert "waits for zone Toy's lock, held by guest" in plain(where.value)
    assert not stepper._movers["g"].button.disabled


def test_a_choosing_process_offers_its_options() -> None:
    stepper = Stepper(toy())
    mover = stepper._movers["w"]
    assert stepper._movers["g"].dropdown.layout.display == "none"
    assert [choice for _, choice in mover.dropdown.options] == ["8a", "9a", "10a"]
    mover.dropdown.value = "9a"
    mover.button.click()
    assert stepper.schedule == "w9a"
    assert (mover.dropdown.layout.display, mover.remark.layout.display) == ("none", None)
    stepper._back.click()
    assert (mover.dropdown.layout.display, mover.remark.layout.display) == (None, "none")


def test_of_many_choices_one_menu_says_what_and_another_says_where() -> None:
    stepper = Stepper(debate("everything", pages=64), "h")
    mover = stepper._movers["h"]
    assert [label for label, _ in mover.dropdown.options] == [
        "…s  sends page …",
        "0y  syncs with the dirty log",
        "0x  stops the guest, syncs, sends the rest",
    ]
    assert mover.numbers.layout.display is None and len(mover.numbers.options) == 64
    mover.numbers.value = "17"
    mover.button.click()
    assert stepper.schedule == "h h17s"
    assert mover.choice == "0s" and "17" not in dict(mover.numbers.options)
    mover.dropdown.value = "0y"
    assert mover.numbers.layout.display == "none"
    mover.button.click()
    assert stepper.schedule == "h h17s h0y"


def test_every_choice_of_every_menu_is_one_that_can_be_made() -> None:
    stepper = Stepper(debate("everything", pages=16, free=range(8)), "h w3a w3w h0y")
    for letter, mover in stepper._movers.items():
        offered = set()
        for _, what in mover.dropdown.options:
            mover.dropdown.value = what
            for _, where in mover.numbers.options or [("", "")]:
                mover.numbers.value = where or None
                offered.add(mover.choice)
        assert offered == set(stepper.player.run.processes[letter].options())


def test_a_proposal_is_shown_whole_above_the_verb_that_it_is_in() -> None:
    stepper = Stepper(debate("snapshot"), "h h0r g g")
    guest = plain(stepper._sources["g"].value)
    told = "yield from answer(w, bitmap, request)"
    for line in ("def snapshot_guest(w: World)", told, "def free_page_bitmap"):
        assert line.replace(" ", "") in re.sub(r"\s", "", guest)
    assert "return ASK" not in plain(stepper._sources["h"].value)
    over = Stepper(debate("everything"), "h h0x")._sources["h"].value
    assert "precopy" in over and "▶" not in over


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
    assert (stepper.schedule, stepper._typed.value) == ("g g w8a", "gg w8a")


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
    sent: list[W.Widget] = []
    children = [*stepper._sources.values(), stepper._picture]
    for child in [*children, *stepper._movers["w"].children]:
        child.observe(lambda change: sent.append(change.owner))
    stepper._back.click()
    assert not {stepper._sources["w"], *stepper._movers["w"].children} & set(sent)
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
