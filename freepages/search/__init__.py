"""Is it safe? One proposal, or all of them, searched in every interleaving; and the table of the debate."""

from freepages.search.check_many import Question as Question
from freepages.search.check_many import check_all as check_all
from freepages.search.check_many import default_rows as default_rows
from freepages.search.verdict import Checked as Checked
from freepages.search.verdict import Page as Page
from freepages.search.verdict import check as check
from freepages.search.without_effect import effective as effective
from freepages.search.without_effect import without_effect as without_effect
