"""Is it safe? One proposal, or all of them, searched in every interleaving; and the table of the debate."""

from freepages.check.checked import Checked as Checked
from freepages.check.checked import Page as Page
from freepages.check.checked import check as check
from freepages.check.effects import effective as effective
from freepages.check.effects import without_effect as without_effect
from freepages.check.together import Question as Question
from freepages.check.together import check_all as check_all
from freepages.check.together import default_rows as default_rows
