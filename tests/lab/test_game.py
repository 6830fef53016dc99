"""The game: what counts as lost and when, and what the machine says to it."""

import asyncio
import re

import pytest

from freepages import Game
from freepages.engine import Run, at_random
from freepages.lab.game import answer, outcome
from freepages.scenarios.debate import debate
from freepages.search.fast import UNDETERMINED, Search, explore
from freepages.view.scene import Text
from tests.lab.front import Front


def losing():
    return debate("log_late")


def shortest(scenario):
    found = explore(scenario).schedule
    assert found is not None
    return found


def searched(game, then=lambda: None):
    """Press the machine's button, do something meanwhile, and wait for what it finds."""

    async def press():
        game._heard({"do": "machine"})
        then()
        await game._searching

    asyncio.run(press())
    return game.found


def score(game: Game) -> str:
    return str(game.outcome)


@pytest.mark.parametrize(
    ("name", "purpose", "assume"),
    [
        ("log_late", "migrate", ()),
        ("no_wait", "migrate", ()),
        ("snapshot", "discard", ()),
        ("page_reporting", "migrate", ("every-page-in-use",)),
        ("inflate_deflate", "discard", ("early-release",)),
        ("request_id", "migrate", ("id-bits=1",)),
    ],
)
def test_the_machines_way_wins_the_game_with_its_last_move_and_not_before(name, purpose, assume):
    scenario = debate(name, purpose, assume)
    way = shortest(scenario)
    won = outcome(scenario, way)
    assert won.lost and won.over and won.moves == len(way)
    assert not outcome(scenario, way[:-1]).lost


@pytest.mark.parametrize("seed", range(12))
def test_nobody_is_quicker_by_chance(seed):
    scenario = losing()
    best = shortest(scenario)
    stands = outcome(scenario, at_random(Run(scenario), seed, 60).schedule)
    assert not stands.lost or stands.moves >= len(best)


def test_what_is_moved_after_the_end_does_not_count():
    scenario = debate("snapshot", "discard")  # nobody stops the guest
    found = shortest(scenario)
    more = at_random(Run(scenario, found), 1, 5).schedule
    assert len(more) > len(found)
    assert outcome(scenario, more) == outcome(scenario, found)


def test_a_loss_says_what_the_page_should_hold():
    stands = outcome(losing(), shortest(losing()))
    assert re.fullmatch(
        rf"Lost, in {stands.moves} moves: page \d should hold [A-Z], and the destination has [∅A-Z]\.",
        str(stands),
    )
    discarded = debate("snapshot", "discard")
    assert "and the guest has ∅" in str(outcome(discarded, shortest(discarded)))


def test_a_migration_that_loses_nothing_is_over_and_not_won():
    front = Front(game := Game(debate("everything"), "h h0x"))
    assert front.view["score"]["kind"] == "over"
    assert score(game) == "The run is over after 2 moves, and nothing is lost. Go back, and try another way."
    front.go(1)
    assert score(game) == front.view["score"]["text"] == "1 move. No page is lost yet."


def test_a_blocked_move_gives_its_reason_and_the_score_stays():
    front = Front(game := Game(debate("locked"), "h h0r g g"))
    front.do("follow", text="h h0r g g w0a")
    assert "waits for the zone lock, held by the driver" in front.say["text"]
    assert (game.schedule, score(game)) == ("h h0r g g", "4 moves. No page is lost yet.")


@pytest.mark.parametrize("purpose", ["migrate", "discard"])
def test_after_a_loss_nobody_moves_and_the_last_write_of_the_page_is_named(purpose):
    scenario = debate("log_late" if purpose == "migrate" else "snapshot", purpose)
    front = Front(Game(scenario, str(shortest(scenario))))
    view = front.view
    assert view["score"]["kind"] == "lost" and view["mover"] == ""
    assert not any(process["can"] for process in view["processes"])
    write = view["score"]["write"]
    assert front.known[write - 1].endswith("w") and not any(m.endswith("w") for m in front.known[write:])


def test_asked_the_machine_shows_its_way_and_mine_is_not_lost():
    game = Game(losing())
    front = Front(game)
    best = shortest(losing())
    mine = " ".join(["w0a w0f", str(best)])
    front.do("follow", text=mine)
    assert score(game).startswith(f"Lost, in {len(best) + 2} moves")
    said = game.ask()
    assert said == front.extra["told"]
    assert said.startswith(
        f"The machine loses a page in {len(best)} moves, and no way is shorter: you needed "
    )
    assert said.endswith(f"{len(best) + 2}. Step forward to see how.")
    assert game.schedule == "" and front.known == str(best).split()
    front.go(len(best))
    game.ask()  # again, in the middle of its way: mine are still mine
    front.do("mine")
    assert game.schedule == mine
    assert [what for what, *_ in front.extra["buttons"]] == ["machine"]


def test_who_is_as_quick_as_the_machine_is_told_so():
    game = Game(losing(), str(shortest(losing())))
    assert "no way is shorter, yours neither." in game.ask()


def test_where_nobody_can_win_the_machine_says_that_it_is_proved_and_what_was_bounded():
    scenario = debate("page_reporting", "discard")
    game = Game(scenario, "h0y")
    front = Front(game)
    said = game.ask()
    assert said.startswith("PROVED: nobody can lose a page here.")
    assert f"{explore(scenario).states:,} states" in said and scenario.bounds in said
    assert game.schedule == "h0y"
    assert [what for what, *_ in front.extra["buttons"]] == ["machine"]


def test_a_search_that_gives_up_proves_nothing():
    game = Game(debate("snapshot"), limit=20)
    assert "has proved nothing" in game.ask()
    stands = outcome(debate("snapshot"), Run(debate("snapshot")).schedule)
    assert "PROVED" not in answer(Search("UNDETERMINED", 7, 3), "", stands)


def test_the_button_searches_while_one_plays_on():
    game = Game(losing())
    front = Front(game)
    found = searched(game, lambda: front.do("follow", text="w0a"))
    assert found.schedule == shortest(losing())
    front.do("mine")
    assert game.schedule == "w0a"


def test_pressed_again_the_search_ends():
    game = Game(debate("request_id"))
    assert searched(game, lambda: game._heard({"do": "machine"})).verdict == UNDETERMINED


def test_a_fault_of_the_search_is_said(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr("freepages.lab.game.explore", fail)
    front = Front(game := Game(losing()))
    searched(game)
    assert "ZeroDivisionError: by hand" in front.extra["told"]


def test_where_no_kernel_runs_the_score_stands_in_the_text_and_under_the_picture():
    way = str(shortest(losing()))
    lost, begun = Game(losing(), way), Game(losing())
    assert repr(lost).startswith("Lose a page. Lost, in ")
    assert f"schedule: {way}" in repr(lost)
    said = [shape.text for shape in lost.still().shapes if isinstance(shape, Text)]
    assert any(line.startswith("Lost, in ") for line in said)
    assert "No page is lost yet." in "".join(s.text for s in begun.still().shapes if isinstance(s, Text))
    bundle, _ = lost._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert bundle["text/plain"] == repr(lost)


def test_a_scenarios_story_does_not_give_the_game_away():
    game = Game(debate("log_late", story=str(shortest(losing()))))
    assert game.player.known == ()


def test_the_still_of_a_game_tells_how_it_stood_at_that_step() -> None:
    game = Game(debate("no_wait"), "w0a w0f h", still=1)
    assert repr(game).startswith("Lose a page. 1 move. No page is lost yet.\nno_wait")
    assert game.outcome.moves == 3
