"""Notebook 26's exercise: the judge migrates the guests that were named, and those of twice the size."""

import pytest

from freepages.exercises.largest_guest import SIZES, largest_guest, lock_held

RIGHT = {"snapshot": 256, "locked": 16}


def test_the_largest_guests_are_those_whose_double_is_too_large():
    remark = largest_guest.check(RIGHT)
    assert remark.right and "snapshot 478.2 ms" in remark.text


@pytest.mark.parametrize(
    "change, says",
    [
        ({"snapshot": 512}, "snapshot: in a guest of 512 GiB the lock is held for 956.3 ms"),
        ({"snapshot": 8}, "snapshot: twice that size is possible"),
        ({"locked": 32}, "locked: in a guest of 32 GiB the lock is held for"),
        ({"locked": 256}, "locked: already in a guest of 32 GiB"),
        ({"locked": ...}, "one of the two sizes"),
        ({"locked": 8}, "locked: twice that size is possible"),
        ({"locked": 12}, "locked: 12 is not one of 8, 16"),
        ({"balloon": 8}, "the answer is"),
    ],
)
def test_any_other_answer_is_told_what_is_not_right_about_it(change, says):
    remark = largest_guest.check(RIGHT | change)
    assert remark.right is False and remark.text.startswith(says)


def test_the_lock_is_held_in_proportion_to_the_guest_or_to_its_square():
    ratios = {way: lock_held(way, 32) / lock_held(way, SIZES[0]) for way in RIGHT}
    assert ratios["snapshot"] == pytest.approx(4, rel=0.01)
    assert ratios["locked"] == pytest.approx(4 * 33 / 9, rel=0.02)
