"""What is shown of a proposal is what its world and its processes hold."""

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.engine import Run, at_random
from freepages.scenarios.debate import debate
from freepages.search.fast import explore
from freepages.view.changes import changes
from freepages.view.draw import draw
from freepages.view.frame import Facts, PageMap, State
from freepages.view.text import text


def panels(run):
    return {panel.name: panel for panel in run.scenario.picture(run).panels if hasattr(panel, "name")}


def facts(run):
    return panels(run)["messages and variables"].rows


def row(run, name):
    return "".join(str(int(bit)) for bit in panels(run)[name].bits)


@pytest.mark.parametrize("purpose", ["migrate", "discard"])
@pytest.mark.parametrize("name", PROPOSALS)
@pytest.mark.parametrize("pages", [1, 3, 64])
def test_every_state_of_every_proposal_is_shown_as_it_is(name, purpose, pages):
    scenario = debate(name, purpose, pages=pages)
    run = at_random(Run(scenario), 7, 25)
    w, memory = run.world, panels(run)["guest"]
    assert {p for p, state in enumerate(memory.states) if state == State.FREE} == set(w.guest.free)
    assert {p for p, state in enumerate(memory.states) if state == State.BALLOON} == set(w.guest.held)
    assert {p for p, token in enumerate(memory.tokens) if token} == set(w.guest.matters())
    if purpose == "migrate":
        assert row(run, "to send") == "".join(str(int(w.host.to_send[p])) for p in range(pages))
    assert draw(scenario.picture(run)).height <= 560 and text(scenario.picture(run))


def test_nothing_jumps_while_a_run_goes_on():
    for name in PROPOSALS:
        run = Run(debate(name, pages=3))
        heights = set()
        for seed in range(8):
            run = at_random(Run(run.scenario), seed, 20)
            heights.add(draw(run.scenario.picture(run)).height - 17 * bool(run.scenario.picture(run).note))
        assert len(heights) == 1, name


def test_the_guests_bitmap_is_seen_from_the_walk_until_it_is_sent_and_then_as_an_answer():
    scenario = debate("snapshot", pages=4, free=[0, 2, 3])
    start = "h h0r g g"
    assert panels(Run(scenario, start))["bitmap"].absent == "none"
    assert row(Run(scenario, f"{start} g"), "bitmap") == "1011"
    assert row(Run(scenario, f"{start} g g"), "bitmap") == "1011"
    sent = Run(scenario, f"{start} g g g")
    assert panels(sent)["bitmap"].absent == "none"
    assert panels(sent)["answers"].tokens == ("#0", "", "#0", "#0")
    assert facts(sent)["answers"] == "#0: 3 pages"
    assert panels(Run(sent.scenario, f"{sent.schedule} h0t"))["answers"].tokens == ("",) * 4


def test_a_log_that_is_off_and_a_copy_that_is_not_there_are_no_rows_of_zeros():
    before, on = (panels(Run(debate("request_id", assume=["log-bit-late"]), moves)) for moves in ("", "h"))
    assert [before[name].absent for name in ("dirty log", "pending", "copy")] == ["off", "off", "none"]
    assert [on[name].absent for name in ("dirty log", "pending", "copy")] == ["", "", "none"]
    assert set(before["destination"].tokens) == {"∅"}


def test_the_bitmap_of_a_guest_without_the_lock_grows_page_by_page():
    scenario = debate("snapshot", assume=["no-lock-while-building"], pages=3)
    seen = [row(Run(scenario, "h h0r g" + " g" * steps), "bitmap") for steps in range(4)]
    assert seen == ["000", "100", "110", "111"]


def test_a_host_that_keeps_a_copy_shows_it_and_its_current_id():
    run = Run(debate("request_id", pages=2), "h h0s h0r")
    assert (row(run, "copy"), row(run, "brought")) == ("01", "00")
    assert facts(run)["host's current"] == "0"
    run = Run(run.scenario, f"{run.schedule} w1a w1w h0y")
    assert row(run, "brought") == "01"


def test_a_window_and_its_command_id_are_shown():
    run = Run(debate("free_page_hint"), "h")
    assert (facts(run)["command id"], facts(run)["host's window"]) == ("0 (stop)", "closed")
    run = Run(run.scenario, "h h0r g g h0t g1h")
    assert (facts(run)["command id"], facts(run)["host's window"]) == ("2", "open")
    assert panels(run)["answers"].tokens == ("", "•")


@pytest.mark.parametrize("purpose", ["migrate", "discard"])
def test_a_lost_page_is_ringed_with_the_content_that_it_should_have(purpose):
    scenario = debate("no_wait", purpose)
    schedule = explore(scenario).schedule
    assert schedule
    run = Run(scenario, schedule)
    panel = panels(run)["destination" if purpose == "migrate" else "guest"]
    assert len(panel.lost) == len(run.world.lost) > 0
    page, should = next(iter(panel.lost.items()))
    assert panel.tokens[page] != should
    assert run.scenario.picture(run).note.startswith(f"Page {page}")
    assert f"page {page} lost its content" in text(run.scenario.picture(run)).replace("should have", "")


def test_the_page_of_the_last_step_is_the_one_that_is_outlined():
    run = Run(debate("everything", pages=64), "h w17a")
    assert panels(run)["guest"].highlight == ((17, 18),)
    run = Run(run.scenario, "h w17a h17s")
    assert (panels(run)["guest"].highlight, panels(run)["destination"].highlight) == ((), ((17, 18),))
    run = Run(run.scenario, "h w17a h17s h0y")
    assert not panels(run)["guest"].highlight and not panels(run)["destination"].highlight
    silent = Run(debate("snapshot", assume=["silent-guest"]), "h h0r g0s")
    assert not panels(silent)["guest"].highlight


def test_who_asks_nothing_has_no_rows_for_answers():
    names = panels(Run(debate("everything")))
    assert not {"bitmap", "answers", "messages and variables"} & set(names)
    assert not any(isinstance(panel, Facts) for panel in names.values())
    assert "to send" not in panels(Run(debate("snapshot", "discard")))


def test_a_step_changes_what_it_says_and_no_more():
    scenario = debate("snapshot", pages=4)
    before, after = (scenario.picture(Run(scenario, moves)) for moves in ("h w1a", "h w1a w1w"))
    assert [*changes(before, after).said] == ["page 1 holds nothing → B", "dirty log 1: 0 → 1"]
    before, after = (scenario.picture(Run(scenario, moves)) for moves in ("h w1a w1w", "h w1a w1w h1s"))
    assert [*changes(before, after).said] == ["to send 1: 1 → 0", "destination 1: ∅ → B"]
    assert isinstance(before.panels[0], PageMap)
