"""The stepper, asked as its front end asks."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Schedule, ScheduleError
from freepages.engine.errors import FreepagesError
from freepages.lab import stepper as module
from freepages.lab.player import WAITING
from freepages.lab.shipped import shipped_scenario
from freepages.lab.stepper import Stepper
from freepages.scenarios.debate import debate
from freepages.scenarios.zones import buddy_zone
from tests.lab.front import Front
from tests.toy import failing, played, toy


def plain(html: str) -> str:
    return unescape(re.sub("<[^>]*>", " ", html))


def test_a_fault_in_a_step_is_said_and_the_run_is_as_before_it() -> None:
    front = Front(stepper := Stepper(failing(), "f"))
    front.do("ahead")
    assert front.say == {"text": "ZeroDivisionError: by hand", "kind": "fault"}
    assert stepper.schedule == "f"
    assert stepper.player.run.world == [1]


def test_inside_what_is_known_nothing_but_the_place_is_told() -> None:
    stepper = Stepper(toy("g g g g"))
    front = Front(stepper)
    assert front.known == ["g", "g", "g", "g"]
    for number in (3, 1, 4, 0, 2):
        assert stepper.answer({"do": "at", "number": number}) is None
        assert stepper.schedule == " ".join("g" * number)
        assert stepper.player.position == number


def test_forward_beyond_what_is_known_brings_one_view_and_moves_nobody() -> None:
    front = Front(stepper := Stepper(toy(), "g"))
    front.do("ahead")
    assert (front.known, front.at, stepper.schedule) == (["g", "g"], 1, "g")
    assert front.views[2]["done"].startswith("The guest marks [0, 8)")
    front.go(2)
    assert stepper.schedule == "g g"


def test_forward_is_offered_only_where_somebody_moves_without_a_choice() -> None:
    front = Front(Stepper(toy(), "g" * 10))
    assert front.view["mover"] == "" and "choice" in front.view["next"]
    front.do("ahead")
    assert "next is a choice of workload" in front.say["text"]


def test_another_move_drops_the_future_and_says_anew_what_comes() -> None:
    front = Front(stepper := Stepper(toy("g g g g")))
    front.ask("views", numbers=[0, 1, 2, 3])
    front.go(1)
    assert front.views[1]["mover"] == "g"
    front.move("w", "8a")
    assert (front.known, front.at, stepper.schedule) == (["g", "w8a"], 2, "g w8a")
    assert sorted(front.views) == [0, 2]
    front.go(1)
    assert front.view["mover"] == "w"


def test_end_and_story_do_what_their_names_say() -> None:
    front = Front(stepper := Stepper(toy("g g g g")))
    front.do("end")
    assert stepper.schedule == "g g g g"
    front.move("g")
    front.do("end")
    assert stepper.schedule == " ".join("g" * 10)
    front.do("story")
    assert (stepper.schedule, front.known) == ("", ["g"] * 4)


def test_a_process_that_may_not_move_says_why() -> None:
    front = Front(Stepper(toy(), "w8a g"))
    workload = front.process("w")
    assert not workload["can"] and not workload["choices"]
    assert workload["says"] == "waits for zone Toy's lock, held by guest"
    front.move("w")
    assert "waits for zone Toy's lock, held by guest" in front.say["text"] and front.say["kind"] == "fault"


@pytest.mark.parametrize("pages", [2, 64])
def test_every_choice_that_is_offered_can_be_made(pages: int) -> None:
    front = Front(stepper := Stepper(debate("everything", pages=pages), "h"))
    for process in stepper.player.run.processes.values():
        assert dict(front.process(process.letter)["choices"] or [["", process.next()]]) == process.options()
    front.move("h", "1s")
    assert stepper.schedule == "h h1s"


def test_the_typed_schedule_is_the_keyboard() -> None:
    front = Front(stepper := Stepper(toy()))
    for typed in ("g", "gg", "ggw", "ggw8", "ggw8a"):
        front.do("follow", text=typed)
    assert stepper.schedule == "g g w8a"
    front.do("follow", text="ggw8")
    assert stepper.schedule == "g g"
    assert front.say["text"].startswith(WAITING) and front.say["kind"] == "wait"
    front.do("follow", text="ggx")
    assert "no process has the letter 'x'" in front.say["text"] and front.say["kind"] == "fault"
    front.do("follow", text="gg!")
    assert "'!' at character 3 is no move" in front.say["text"]
    assert (stepper.schedule, front.known) == ("g g", ["g", "g", "w8a"])


def test_the_source_shown_is_the_source_that_runs() -> None:
    front = Front(Stepper(toy(), "g g"))
    shown = unescape(re.sub("<[^>]*>", "", front.process("g")["source"]))
    assert re.search(r'▶ \d+\t+yield "marks \[\{0\}, \{1\}\)", pfn, pfn \+ 8', shown)


@given(played(), st.lists(st.integers(0, 30), max_size=5))
@settings(max_examples=15)
def test_a_view_is_the_same_from_whichever_side_it_is_reached(schedule: Schedule, places: list[int]) -> None:
    front = Front(Stepper(toy(), str(schedule)))
    for place in places:
        front.go(min(place, len(schedule)))
        straight = Front(Stepper(toy(), str(schedule)))
        straight.go(front.at)
        assert front.view == straight.view
        assert f'data-step="{front.at}"' in front.view["svg"]


def test_a_front_end_that_has_too_much_gets_all_anew() -> None:
    front = Front(stepper := Stepper(toy("g g g g")))
    front.ask("views", numbers=[1, 2, 3])
    before = stepper._pool
    front.ask("hello")
    assert stepper._pool is not before and sorted(front.views) == [0]


def test_views_that_take_long_come_in_several_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY", 0.0)
    front = Front(Stepper(toy("g g g g")))
    front.ask("views", numbers=[1, 2, 3])
    assert sorted(front.views) == [0, 1]


def test_what_is_kept_from_the_beginning_is_one_view_and_small() -> None:
    for name in ("zone", "no_wait", "virtqueue", "exchange"):
        kept = Stepper(shipped_scenario(name)).kept
        assert list(kept["views"]) == [0]
        assert len(json.dumps(kept).encode()) < 60_000


def test_a_large_map_has_a_window_that_can_be_moved() -> None:
    front = Front(stepper := Stepper(debate("everything", pages=1024)))
    assert front.extra["window"]["hi"] == 1024
    front.do("zoom", lo=128, hi=192)
    assert stepper.window.range == (128, 192)
    assert sorted(front.views) == [0] and "[128, 192)" in front.views[0]["text"]
    assert Front(Stepper(toy())).extra["window"] is None


def test_no_answer_prints_or_displays(capsys: pytest.CaptureFixture[str]) -> None:
    front = Front(Stepper(toy(), "g"))
    front.do("follow", text="q")
    front.do("end")
    assert capsys.readouterr() == ("", "")


def test_a_page_has_every_step_and_needs_nothing_else(tmp_path: Path) -> None:
    front = Front(stepper := Stepper(shipped_scenario("zone"), "c0a c c"))
    stepper.export(tmp_path / "zone.html")
    front.do("page")
    written = (tmp_path / "zone.html").read_text(encoding="utf-8")
    assert front.file == {"name": "buddy_zone.html", "text": written}
    assert not re.search(
        r"(src|href)=|url\(|@import|https?://(?!www\.w3\.org)", written.split('<script id="kept"')[0]
    )
    [kept] = re.findall(r'<script id="kept" type="application/json">(.*?)</script>', written, re.DOTALL)
    data = json.loads(kept)
    assert data["at"] == 3 and [*map(int, data["views"])] == [*range(len(data["known"]) + 1)]


def test_a_hundred_steps_of_the_zone_are_small() -> None:
    front = Front(stepper := Stepper(buddy_zone()))
    for choice in ("0a", "0f") * 5:
        front.move("c", choice)
        front.do("end")
    steps = len(stepper._player.known)
    assert len(stepper._page().encode()) * 100 / steps < 500_000


def test_a_page_that_is_too_large_says_so_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE", 1000)
    with pytest.raises(FreepagesError, match="the page would have 0 MB, with its 1 steps; give large=True"):
        Stepper(toy("g")).export(tmp_path / "toy.html")
    assert not (tmp_path / "toy.html").exists()
    Stepper(toy("g")).export(tmp_path / "toy.html", large=True)
    with pytest.raises(FreepagesError, match=r"nowhere.toy\.html: No such file"):
        Stepper(toy("g")).export(tmp_path / "nowhere" / "toy.html", large=True)


def test_a_wrong_schedule_is_refused() -> None:
    with pytest.raises(ScheduleError, match="able to move: g, w"):
        Stepper(toy(), "x")


def test_the_bundle_is_the_view_the_picture_and_the_text() -> None:
    stepper = Stepper(toy(), "w8a g")
    bundle, metadata = stepper._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    again, _ = Stepper(toy(), "w8a g")._repr_mimebundle_()
    assert bundle["image/png"] == again["image/png"]
    assert bundle["text/plain"] == again["text/plain"] == repr(stepper)
    assert metadata["image/png"]["alt"]
    assert repr(stepper).startswith(
        """\
toy · a small made-up zone
schedule: w8a g
done 2: The guest takes zone Toy's lock: zone Toy's lock: free → guest; zone Toy's lock: workload waits
next: The guest marks [0, 8)
guest can: marks [0, 8)
workload cannot move: waits for zone Toy's lock, held by guest
1 workload allocates page 8

a toy zone
zone Toy: pages [0, 64), free 56, kernel 8
"""
    )


def test_the_still_and_the_text_show_the_step_that_is_named() -> None:
    stepper = Stepper(toy("g g g"), "g g", still=0)
    assert "\nschedule: (none yet)\nnext: The guest takes" in repr(stepper)
    bundle, metadata = stepper._repr_mimebundle_()
    assert bundle["text/plain"] == repr(stepper) == repr(Stepper(toy("g g g")))
    assert bundle["image/png"] == Stepper(toy("g g g"))._repr_mimebundle_()[0]["image/png"]
    assert metadata["image/png"]["alt"] == "a small made-up zone. Next: The guest takes zone Toy's lock."
    assert stepper.schedule == "g g"
    front = Front(stepper)
    assert (front.at, front.view["number"]) == (2, 2)
    assert "schedule: g g g\ndone 3: The guest" in repr(Stepper(toy("g g g"), still=3))


@pytest.mark.parametrize("still", [-1, 4])
def test_a_still_of_no_step_is_refused(still: int) -> None:
    with pytest.raises(FreepagesError, match=f"^still={still}: the run of toy has the steps 0 to 3$"):
        Stepper(toy("g g g"), still=still)
