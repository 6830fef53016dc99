"""Notebook 27's exercise: two sums and two unknowns, and likely mistakes are told as such."""

import pytest

from freepages.exercises.pages_of_bytes import normal_pages


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda pages, sent: sent / 4104, "all bytes for normal pages"),
        (lambda pages, sent: sent / 4096, "header"),
        (lambda pages, sent: (sent - 9 * pages) / 4104, "9 bytes less"),
        (lambda pages, sent: (sent - 9 * pages) // 4096, "How many of its 4104"),
        (lambda pages, sent: pages - (sent - 9 * pages) / 4095, "pages of zeros"),
        (lambda pages, sent: None, "return missing"),
        (lambda pages, sent: "many", "no number"),
        (7, "the function itself"),
    ],
)
def test_a_wrong_count_is_told_why(answer, words):
    remark = normal_pages.check(answer)
    assert remark.right is False and words in remark.text, remark


def test_two_sums_have_one_solution():
    assert normal_pages.check(lambda pages, sent: (sent - 9 * pages) / 4095).right
    assert normal_pages.check(...).right is None
