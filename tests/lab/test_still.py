"""What stands where no kernel runs: the picture of a step and the same step in words."""

import pytest

from freepages.lab.player import Player
from freepages.lab.shipped import shipped_scenario
from freepages.lab.still import TALL, still, words
from freepages.view.draw import draw
from freepages.view.png import png
from freepages.view.scene import Boxes, Group, Scene, Shape, Strokes, Text


def flat(shapes: object) -> list[Shape]:
    found: list[Shape] = []
    for shape in shapes:  # type: ignore[attr-defined]
        found += flat(shape.shapes) if isinstance(shape, Group) else [shape]
    return found


def texts(scene: Scene) -> list[str]:
    return [shape.text for shape in flat(scene.shapes) if isinstance(shape, Text)]


def at(name: str, number: int) -> Player:
    scenario = shipped_scenario(name)
    player = Player(scenario, story=scenario.story)
    player.go(number)
    return player


@pytest.mark.parametrize(
    ("name", "number"), [("no_wait", 11), ("zone", 5), ("virtqueue-stale", 36), ("B21", 9)]
)
def test_a_still_and_its_words_tell_the_same_step(name: str, number: int) -> None:
    player = at(name, number)
    scene, said = still(player), words(player)
    last = player.last
    assert last
    joined = " ".join(texts(scene))
    assert f"done {number}" in texts(scene) and f"\ndone {number}: {last.done}" in said
    assert last.done in joined and f"\nnext: {player.coming}\n" in said and player.coming in joined
    assert [str(n) for n in range(number - 1, number - 4, -1)] == [
        t for t in texts(scene)[-12:] if t.isdigit()
    ][-3:]
    lit = [s for s in scene.shapes if isinstance(s, Boxes) and s.role == "yellow"]
    assert 1 <= len(lit) <= 2
    assert scene.label.startswith(last.done)


def test_the_source_has_the_line_just_executed_and_the_next() -> None:
    shown = texts(still(at("no_wait", 11)))
    for line in (
        "while (yield from precopy(w, asks=True)) is ASK:",
        "report = yield from precopy(w, stop=False)",
    ):
        assert any(line in text for text in shown)
    [dots] = [s for s in still(at("no_wait", 11)).shapes if isinstance(s, Strokes)]
    assert (dots.role, len(dots.lines)) == ("ink", 3)


def test_at_the_beginning_only_next_is_said() -> None:
    player = at("no_wait", 0)
    assert "next" in texts(still(player)) and not any(t.startswith("done") for t in texts(still(player)))
    assert "\nnext: The host switches the dirty log on\n" in words(player)


def test_a_process_that_cannot_move_says_why_in_words() -> None:
    assert "\nguest cannot move: waits for a request\n" in words(at("no_wait", 11))


def test_of_a_high_picture_only_what_changed_is_shown() -> None:
    player = at("exchange", 24)
    assert draw(player.frame).height > TALL
    shown = texts(still(player))
    assert "device" not in shown and "zone Normal's lock" in shown and "zone Normal" in shown
    assert any(text.startswith("not shown, as before: ") and "device" in text for text in shown)


def test_a_still_is_opaque_and_its_bytes_are_always_the_same() -> None:
    player = at("no_wait", 11)
    picture = png(still(player))
    assert picture == png(still(player)) and b"tRNS" not in picture
    assert len(picture) < 40_000
