"""The exercise on the review table: a row that does not explain a symptom is told what it shows."""

from ast import literal_eval

import pytest

from freepages.exercises.diagnose import SYMPTOMS, diagnose

RIGHT = literal_eval(diagnose.hints[-1])


def test_the_last_hint_is_right_and_covers_every_symptom():
    assert list(RIGHT) == list(SYMPTOMS)
    assert diagnose.check(RIGHT).right


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (..., None, "no answer yet"),
        ({}, False, "nothing is said of 'hangs' yet"),
        ({**RIGHT, "dies": ...}, False, "nothing is said of 'dies' yet"),
        ({**RIGHT, "hangs": "B4"}, False, "But the run of B4 ends like this: 2 answers to 1 request"),
        (
            {**RIGHT, "dies": "B9"},
            False,
            "the guest's kernel has crashed. But the run of B9 ends like this: the device gives",
        ),
        (
            {**RIGHT, "corrupts": "B10"},
            False,
            "will not be sent. But the run of B10 ends like this: pages 14-15, 20-23",
        ),
        ({**RIGHT, "corrupts": "B17"}, False, "But the run of B17 ends like this: pages 40-47 do not exist"),
        ({**RIGHT, "corrupts": "B29"}, False, "are free, in a block that is not filtered"),
        ({**RIGHT, "gives up": "B24"}, False, "B24 cannot be run"),
        ({**RIGHT, "gives up": "B26"}, False, "But the run of B26 ends like this: page 0 should hold poison"),
        ({**RIGHT, "gives up": "B99"}, False, "row 'B99' is not known"),
        (["B3"], False, "the answer is {'hangs': 'B1', ...}"),
    ],
)
def test_diagnose(answer, right, words):
    remark = diagnose.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark


def test_a_cell_with_dots_in_it_is_no_answer_yet():
    assert diagnose.check(dict.fromkeys(SYMPTOMS, ...)).right is None
