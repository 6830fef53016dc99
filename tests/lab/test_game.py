"""The game: what counts as lost and when, and what the machine says to it."""

import asyncio
import re
from html import unescape

import pytest

from freepages import Game
from freepages.engine.run import Run, at_random
from freepages.lab.game import answer, outcome
from freepages.scenarios.debate import debate
from freepages.search.fast import UNDETERMINED, Search, explore


def losing():
    return debate("log_late")


def shortest(scenario):
    found = explore(scenario).schedule
    assert found is not None
    return found


def searched(game, then=lambda: None):
    """Press the machine's button, do something meanwhile, and wait for what it finds."""

    async def press():
        game._machine.click()
        then()
        await game._searching

    asyncio.run(press())
    return game.found


def score(game: Game) -> str:
    return unescape(re.sub("<[^>]*>", " ", game._score.value)).strip()


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
    found = shortest(losing())
    more = at_random(Run(losing(), found), 1, 5).schedule
    assert len(more) > len(found)
    assert outcome(losing(), more) == outcome(losing(), found)


def test_a_loss_says_what_the_page_should_hold():
    stands = outcome(losing(), shortest(losing()))
    assert re.fullmatch(
        rf"Lost, in {stands.moves} moves: page \d should hold [A-Z], and the destination has [0A-Z]\.",
        str(stands),
    )
    discarded = debate("snapshot", "discard")
    assert "and the guest has 0" in str(outcome(discarded, shortest(discarded)))


def test_a_migration_that_loses_nothing_is_over_and_not_won():
    game = Game(debate("everything"), "h h0x")
    assert score(game) == "Over after 2 moves, and nothing is lost. Go back, and try another way."
    game._back.click()
    assert score(game) == "1 move. No page is lost yet."


def test_a_blocked_move_gives_its_reason_and_the_score_stays():
    game = Game(debate("locked"), "h h0r g g")
    game._typed.value = "h h0r g g w0a"
    assert "waits for the zone lock, held by the driver" in unescape(game._status.value)
    assert (game.schedule, score(game)) == ("h h0r g g", "4 moves. No page is lost yet.")


def test_asked_the_machine_shows_its_way_and_mine_is_not_lost():
    game = Game(losing())
    best = shortest(losing())
    mine = " ".join(["w0a w0f", str(best)])
    game._typed.value = mine
    assert score(game).startswith(f"Lost, in {len(best) + 2} moves")
    said = game.ask()
    assert said == (
        f"The machine loses a page in {len(best)} moves, and no way is shorter: you needed {len(best) + 2}. "
        "Step forward to see how."
    )
    assert game.schedule == ""
    game._end.click()
    assert game.schedule == str(best)
    game._yours.click()
    assert game.schedule == mine


def test_who_is_as_quick_as_the_machine_is_told_so():
    game = Game(losing(), str(shortest(losing())))
    assert "no way is shorter, yours neither." in game.ask()


def test_where_nobody_can_win_the_machine_says_that_it_is_proved_and_what_was_bounded():
    scenario = debate("page_reporting", "discard")
    game = Game(scenario, "h0y")
    said = game.ask()
    assert said.startswith("PROVED: nobody can lose a page here.")
    assert f"{explore(scenario).states:,} states" in said and scenario.bounds in said
    assert game.schedule == "h0y"
    assert game._yours.layout.display == "none"


def test_a_search_that_gives_up_proves_nothing():
    game = Game(debate("snapshot"), limit=20)
    assert "has proved nothing" in game.ask()
    stands = outcome(debate("snapshot"), Run(debate("snapshot")).schedule)
    assert "PROVED" not in answer(Search("UNDETERMINED", 7, 3), "", stands)


def test_the_button_searches_while_one_plays_on():
    game = Game(losing())
    found = searched(game, lambda: setattr(game._typed, "value", "w0a"))
    assert found.schedule == shortest(losing())
    game._yours.click()
    assert game.schedule == "w0a"


def test_pressed_again_the_search_ends():
    game = Game(debate("request_id"))
    assert searched(game, game._machine.click).verdict == UNDETERMINED


def test_a_fault_of_the_search_is_said(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr("freepages.lab.game.explore", fail)
    game = Game(losing())
    searched(game)
    assert "ZeroDivisionError: by hand" in score(game)


def test_where_no_kernel_runs_the_score_stands_in_the_text_and_under_the_picture():
    way = str(shortest(losing()))
    lost, begun = Game(losing(), way), Game(losing())
    assert repr(lost).startswith("Lose a page. Lost, in ")
    assert f"schedule: {way}" in repr(lost)
    assert lost._still().height > begun._still().height
    bundle = lost._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert bundle["text/plain"] == repr(lost)


def test_a_scenarios_story_does_not_give_the_game_away():
    game = Game(debate("log_late", story=str(shortest(losing()))))
    assert game.player.known == ()
