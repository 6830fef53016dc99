"""What a picture, a stepper and a game take in place of a frame or a scenario."""

import pytest

import freepages
from freepages.debate.own_proposal import proposal
from freepages.debate.proposals import PROPOSALS
from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.lab.game import Game
from freepages.lab.picture import Explorer, Picture
from freepages.lab.shown import frame_of, scenario_of
from freepages.lab.stepper import Stepper
from freepages.real import Snapshot
from freepages.real.data_path import data_path
from freepages.scenarios.debate import debate
from freepages.scenarios.machine.scenario import one_machine
from freepages.scenarios.zones import buddy_zone, zone_drawn, zone_of
from freepages.zone.node import Node

MINE = proposal(host=PROPOSALS["no_wait"].host, title="mine")


@pytest.mark.parametrize(
    ("shown", "title"),
    [
        (buddy_zone("··aa"), "a zone of 4 pages"),
        (zone_drawn("··aa"), "a zone of 4 pages"),
        (zone_of(128), "a zone of 128 pages"),
        ("··aa", "a zone of 4 pages"),
        (Node.pc(1 << 25), "a node of 8191 pages"),
        (MINE, "mine: migrate"),
        (PROPOSALS["locked"], f"{PROPOSALS['locked'].title}: migrate"),
        ("locked", f"{PROPOSALS['locked'].title}: migrate"),
        (Run(debate("locked"), "h h0r"), f"{PROPOSALS['locked'].title}: migrate"),
        (one_machine(), one_machine().title),
    ],
)
def test_each_stands_for_its_scenario_and_is_drawn_and_stepped(shown, title) -> None:
    assert scenario_of(shown).title == title
    stepper = Stepper(shown)
    assert title in repr(stepper)
    assert Picture(shown).frame == Explorer(shown).frame == frame_of(shown)


def test_a_run_goes_on_where_it_is() -> None:
    run = Run(debate("locked"), "h h0r")
    assert Stepper(run).schedule == "h h0r" and Stepper(run, "h").schedule == "h"
    assert Picture(run).frame != Picture(debate("locked")).frame


def test_a_snapshot_is_drawn_and_has_no_steps() -> None:
    snapshot = Snapshot.load(data_path("snapshots", "pc-4g-idle.snapshot"))
    assert "pages of memory are free" in frame_of(snapshot).title
    with pytest.raises(FreepagesError, match="a snapshot is one moment and has no steps: Picture"):
        Stepper(snapshot)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (7, "there are no steps in 7: it takes a scenario, a run"),
        (Run(one_machine()).world, "if it is the world of a run, give the run"),
        ("lockd", "scenario 'lockd' is not known; did you mean locked"),
        ("", "is not known"),
        ("kkxk··", "'x' at letter 3 is none"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(shown, words) -> None:
    for takes in (Picture, Stepper):
        with pytest.raises(FreepagesError, match=f"^[^\n]*{words}[^\n]*$"):
            takes(shown)


def test_a_game_is_about_a_proposal() -> None:
    assert "lost" in repr(Game(MINE)) and Game("no_wait").player.scenario.title.endswith("migrate")
    with pytest.raises(FreepagesError, match="a game is about a proposal"):
        Game(buddy_zone())


def test_tab_finds_the_first_level_and_each_name_is_there() -> None:
    assert {*freepages.__all__} <= {*dir(freepages)}
    for name in freepages.__all__:
        assert getattr(freepages, name).__class__
    assert {"check", "price", "difference", "proposal", "verbs", "compare", "zone_of"} <= {*freepages.__all__}
    with pytest.raises(AttributeError, match="has no attribute 'pictur'"):
        freepages.pictur.shown()


def test_the_room_of_migrations_has_its_two_names() -> None:
    import freepages.migrate as room
    from freepages.migrate import Guest, migrate

    assert {"Guest", "migrate"} <= {*dir(room)} and callable(migrate)
    done = migrate(Guest.made_up(64 << 20, 0.5), MINE, "still")
    assert done.skipped_pages > 0
