from string import ascii_uppercase, digits

import pytest

from freepages.engine import Run, at_random
from freepages.lab.key import key
from freepages.lab.player import Player
from freepages.lab.shipped import shipped, shipped_scenario
from freepages.view.draw import draw
from freepages.view.scene import Letters, Text
from freepages.view.signs import signs
from tests.lab.test_still import flat
from tests.toy import failing

SOME = (
    "zone",
    "free-page-bitmap",
    "virtqueue-lost-kick",
    "inflate",
    "free_page_hint",
    "rounds",
    "drop-caches",
)


@pytest.mark.parametrize("name", SOME)
def test_every_move_and_sign_of_a_run_is_in_the_key(name: str) -> None:
    scenario = shipped_scenario(name)
    found = key(scenario)
    moves = [sign.sign for sign in found if sign.kind == "move"]
    run = at_random(Run(scenario), 11, 20)
    assert set(run.processes) <= set(moves)
    for move in run.moves():
        if move.choice:
            same = f"{move.letter}N{move.choice[-1]}"
            assert str(move) in moves or same in moves
    states = {sign for panel in run.scenario.picture(run).panels for sign in signs(panel)}
    assert {sign for sign in states if sign.kind == "state"} <= set(found)


@pytest.mark.parametrize("name", shipped())
def test_every_sign_that_a_picture_shows_on_a_page_is_in_the_key(name: str) -> None:
    player = Player(shipped_scenario(name))
    said = {sign.sign for sign in key(player.scenario) if sign.kind != "move"}
    signs_known = {letter for sign in said for letter in sign}
    if "A … Z" in said:
        signs_known |= set(ascii_uppercase)
    for quarter in range(5):
        player.go(quarter * len(player.known) // 4)
        for shape in flat(draw(player.frame, None, player.changed).shapes):
            if not isinstance(shape, Letters | Text):
                continue
            if isinstance(shape, Letters) or (shape.bold, len(shape.text), shape.anchor) == (
                True,
                1,
                "middle",
            ):
                assert {*shape.text} <= signs_known | set(digits), shape.text


def test_the_words_of_choices_have_what_differs_left_out() -> None:
    def moves_of(name: str) -> dict[str, str]:
        return {sign: words for kind, sign, words in key(shipped_scenario(name)) if kind == "move"}

    moves = moves_of("free-page-bitmap")
    assert moves["wNa"] == "asks for order N, movable"
    assert moves["wNf"] == "is to free block N of order …"
    moves = moves_of("snapshot")
    assert moves["h0t"] == "takes the guest's answer" and moves["hNs"] == "sends page N"


def test_every_sign_of_the_debate_has_one_meaning() -> None:
    for name, build in shipped().items():
        marks: dict[str, str] = {}
        for _, sign, words in (sign for sign in key(build()) if sign.kind != "move"):
            if not (len(sign) == 1 and sign.isupper()):  # a pageblock's initial stands under the pages
                assert marks.setdefault(sign, words) == words, name


def test_a_scenario_with_a_fault_has_a_key() -> None:
    assert [sign.sign for sign in key(failing())][:1] == ["f"]
