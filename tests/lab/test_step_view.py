"""What the front end is given of a step: done, next, what changed, who waits and why, two marked lines."""

import json
import re

import pytest

from freepages.engine import Run, Scenario, at_random
from freepages.lab.player import Player
from freepages.lab.shipped import shipped, shipped_scenario
from freepages.lab.step_view import as_json, run_view, step_view
from freepages.scenarios.debate import debate

STALE = "h h0r g g g g g w0a w0w h0y h0t"


def test_done_next_and_changes_of_a_decisive_step() -> None:
    view = step_view(Player(debate("no_wait"), STALE, f"{STALE} h0x"))
    assert view.done == "The host takes the guest's answer."
    assert view.next == "The host stops the guest, syncs, sends the rest."
    assert (view.move, view.mover, view.mark) == ("h0t", "h", "answer")
    assert view.changes == (
        "answers [0, 2): #0 → none",
        "to send [0, 2): 1 → 0",
        "answers: #0: 2 pages → none",
    )
    assert view.svg.count('class="s-yellow"') == 3
    assert [line for line in view.text.splitlines() if " *" in line] == [
        "answers: none *",
        "      to send  00 *",
        "messages and variables: requests none, answers none *, guest's request –",
    ]


def test_a_waiting_process_says_why() -> None:
    guest, host, workload = step_view(Player(debate("no_wait"), STALE)).processes
    assert (guest.can, guest.says) == (False, "waits for a request")
    assert host.can and workload.can and ("0w", "writes page 0") in workload.choices


def test_where_forward_needs_a_choice_or_all_are_done_next_says_so() -> None:
    assert step_view(Player(debate("no_wait"), STALE)).next == "A choice of host or of workload."
    assert step_view(Player(debate("everything"))).done == ""
    kbuild = shipped_scenario("kbuild")
    assert step_view(Player(kbuild, kbuild.story or "p" * 9)).next.endswith(".")


def test_the_line_just_executed_and_the_next_have_a_mark_each() -> None:
    guest = step_view(Player(debate("no_wait"), "h h0r g g")).processes[0]
    rows = re.findall(r'<div class="line([a-z ]*)"><span class="number">([▷▶]*) ?(\d+)', guest.source)
    did, now = ([int(n) for kinds, _, n in rows if kind in kinds.split()] for kind in ("did", "now"))
    assert len(did) == 1 and did[0] + 1 == now[-1] and len(now) == 2  # in its caller the line is the same
    host = step_view(Player(debate("no_wait"), "h h0r g g")).processes[1]
    assert "did" not in host.source


def test_the_track_has_every_mark_in_the_shipped_stories() -> None:
    def marks(name: str, story: str = "") -> set[str]:
        player = Player(shipped_scenario(name), story)
        player.known, found = player.story, set()
        for _ in player.known:
            player.forward()
            found.add(step_view(player).mark)
        return found

    assert {"", "lock", "sync", "answer", "loss"} <= marks("no_wait")
    assert "answer" in marks("exchange-by-operation")


def test_a_view_is_json_and_brings_its_questions_and_key() -> None:
    scenario = debate("no_wait")
    player = Player(scenario, STALE)
    view = json.loads(json.dumps(as_json(step_view(player))))
    assert view["questions"] and all(0 <= q["right"] < len(q["answers"]) for q in view["questions"])
    key = json.loads(json.dumps(as_json(run_view(scenario))))["key"]
    assert ["move", "wNa", "allocates page N"] in key and ["state", "a", "anonymous"] in key


@pytest.mark.parametrize("name", shipped())
def test_every_step_of_every_scenario_is_told(name: str) -> None:
    scenario: Scenario = shipped_scenario(name)
    player = Player(scenario, str(at_random(Run(scenario), 5, 6).schedule))
    view = step_view(player)
    for said in view.done, view.next:
        assert re.fullmatch(r"[A-Z].*\.", said) and ".." not in said
    assert len({process.letter for process in view.processes}) == len(view.processes)
