"""The exercise on encodings: what is right follows from the encodings, and a likely mistake is told."""

import pytest

from freepages.exercises.shortest_encoding import ENCODINGS, MISTAKES, _least, cases, shortest


def test_each_encoding_is_the_shortest_somewhere_and_no_case_is_near():
    found = list(cases())
    assert {name for *_, name in found} == set(ENCODINGS) and len(found) > 30


def test_the_last_hint_is_right():
    costs, back = shortest.hints[-1].split("; ")
    scope: dict = {}
    exec(f"def answer(run, gap):\n    {costs}\n    {back}", scope)
    assert shortest.check(scope["answer"]).right


@pytest.mark.parametrize("remark", MISTAKES)
def test_a_likely_mistake_is_told(remark):
    said = shortest.check(lambda run, gap: _least(MISTAKES[remark](run, gap)))
    assert said.right is False and said.text.endswith(remark) and "\n" not in said.text, said


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (..., None, "no answer yet"),
        (lambda run, gap: ..., None, "no answer yet"),
        (lambda run, gap: None, False, "returns None"),
        (lambda run, gap: 8, False, "is 8; the names are PFN array, bitmap, ranges"),
        (lambda run, gap: "range", False, "is 'range'; the names are"),
        (
            lambda run, gap: "bitmap",
            False,
            "run 1, gap 40: your function says bitmap. A run with its gap costs: bitmap 5.13",
        ),
        (lambda run: "bitmap", False, "that does not fit"),
        ("bitmap", False, "the function itself"),
    ],
)
def test_other_answers(answer, right, words):
    said = shortest.check(answer)
    assert said.right is right and words in said.text and "\n" not in said.text, said
