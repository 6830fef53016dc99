"""The page that tells the debate mail by mail: no mail and no argument is left out, and each leads on."""

import re

import nbformat
from stored_notebooks import NOTEBOOKS

from freepages.review.robot import MAILS as OF_THE_ROBOT

NOTEBOOK = nbformat.read(NOTEBOOKS / "the-thread.ipynb", as_version=4)
TEXT = "\n".join(cell.source for cell in NOTEBOOK.cells if cell.cell_type == "markdown")
MAILS = re.findall(r"^### (\d+) · (\d+) April · .+\n\n((?:- .+\n?)+)", TEXT, flags=re.MULTILINE)
ARGUMENTS = [line for *_, lines in MAILS for line in lines.splitlines()]


def test_all_25_mails_are_there_in_the_order_of_their_days() -> None:
    assert [int(number) for number, *_ in MAILS] == [*range(1, 26)]
    days = [int(day) for _, day, _ in MAILS]
    assert days == sorted(days) and {19, 20, 22, 25, 26} == set(days)


def test_each_argument_from_c1_to_c37_has_its_line() -> None:
    numbers = [re.match(r"- \*\*C(\d+)\*\* ", line) for line in ARGUMENTS]
    assert all(numbers)
    assert {int(number[1]) for number in numbers if number} == {*range(1, 38)}


def test_each_line_names_the_cell_that_tries_it_or_says_why_none_does() -> None:
    for line in ARGUMENTS:
        tried = line.partition(" → ")[2]
        assert (
            re.search(r"\]\([\w-]+\.ipynb#", tried)
            or "not tried, because" in tried
            or "the cell below" in tried
        ), line


def test_each_line_is_a_sentence_or_two() -> None:
    assert max(len(line.partition(" → ")[0].split()) for line in ARGUMENTS) <= 60


def test_a_mail_whose_address_the_library_knows_is_linked_itself() -> None:
    for mail in OF_THE_ROBOT[1:]:  # the first is of 2013
        assert mail.message_id.replace("%", "%25") in TEXT, mail


def test_it_leads_to_no_check_for_what_an_answer_shows() -> None:
    """A check prints nothing before a guess, so it is named only for what was searched."""
    for line in ARGUMENTS:
        assert not re.search(r"#Check\)(?! tries both|, three orders searched|, searched)", line), line
