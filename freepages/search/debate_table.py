"""The table of the debate: what each proposal is safe for, what flips that, and what it costs.

Every verdict in it is a search's, and every column is computed. ``freepages check --table FILE`` writes what
the searches found, and a table is read from there, since all of them together take a minute or so; the prices
are reckoned when they are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

from freepages.debate.difference import linked
from freepages.debate.proposals import PROPOSALS
from freepages.debate.world import PURPOSES, Purpose
from freepages.engine.errors import FreepagesError
from freepages.engine.text_table import columns
from freepages.real.data_path import data_path
from freepages.search.check_many import Question, check_all
from freepages.search.delay import delay
from freepages.search.fast import PROVED, REFUTED, UNDETERMINED
from freepages.search.price import PRICES, TERMS, price
from freepages.search.verdict import Checked, Watch
from freepages.search.without_effect import effective
from freepages.view.palette import GREEN, VERMILLION, YELLOW, css_colour

SAID = {PROVED: "safe with", REFUTED: "loses a page with", UNDETERMINED: "not settled with"}
"""What is said before the assumptions that lead to a verdict."""

LOOKS = {
    PROVED: ("✓", GREEN, "#111111"),
    REFUTED: ("✗", VERMILLION, "#111111"),
    UNDETERMINED: ("?", YELLOW, "#111111"),
}
"""A verdict's sign, and the colours of its paper and ink."""

WIDTH = 100
"""Characters of a line of the text."""

SAFETY = ("proposal", "safe to migrate", "safe to discard", "guest can delay it")
STYLE = f"""
.fp-debate{{border-collapse:collapse;font:13px/18px var(--jp-ui-font-family,sans-serif);
  color:{css_colour("ink")};background:{css_colour("paper")}}}
.fp-debate.fp-debate th,.fp-debate.fp-debate td{{border:1px solid {css_colour("line")};padding:4px 8px;
  text-align:left;vertical-align:top}}
.fp-debate th[scope=row]{{min-width:11em}}
.fp-debate thead th{{background:{css_colour("shade")}}}
.fp-debate a{{color:inherit}}
.fp-debate b.verdict{{padding:0 5px;border-radius:3px;white-space:nowrap}}
.fp-debate code{{font:12px/17px var(--jp-code-font-family,monospace);color:inherit;background:none}}
.fp-debate small,.fp-debate caption{{color:{css_colour("dim")}}}
.fp-debate caption{{caption-side:bottom;text-align:left;padding:4px 0}}
"""


def questions() -> Iterator[Question]:
    """Every proposal for both purposes, as it is, and under each single assumption that can matter to it."""
    for name, chosen in PROPOSALS.items():
        for purpose in PURPOSES:
            yield Question(name, purpose)
            for switch in effective(chosen, purpose):
                yield Question(name, purpose, (switch,))


@dataclass(frozen=True, repr=False)
class DebateTable:
    """The debate, one row a proposal.

    answers  by proposal, purpose and assumption ("" for none)
    delays   by proposal, the schedule after which a silent guest keeps the migration from ending, or None

    Examples
    --------
    >>> table = DebateTable.load()
    >>> table.answer("no_wait").verdict
    'REFUTED'
    >>> table.flips("snapshot", "migrate")
    {'REFUTED': ['every-page-in-use', 'log-bit-late', 'report-clears-log', 'rely-on-free-content']}
    """

    answers: Mapping[tuple[str, Purpose, str], Checked]
    delays: Mapping[str, str | None]

    @classmethod
    def compute(cls, executor: Executor | None = None, watch: Watch | None = None) -> DebateTable | None:
        """All of it anew; None if ``watch``, told how many answers there are, returned True meanwhile."""
        asked = list(questions())
        found = check_all(asked, executor, watch)
        if len(found) < len(asked):
            return None
        return cls._of(found, {name: str(way) if (way := delay(name)) else None for name in PROPOSALS})

    @classmethod
    def load(cls, path: Path | None = None) -> DebateTable:
        """The table that ``freepages check --table`` wrote; the shipped one, if no other is named.

        Raises FreepagesError, which names the file, where it is no such table.
        """
        path = path or data_path("debate", "table.json")
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            return cls._of(map(Checked.from_json, told["answers"]), told["delays"])
        except OSError as fault:
            raise FreepagesError(f"{path}: {fault.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FreepagesError(f"{path}: not a table of the debate") from None

    @classmethod
    def _of(cls, answers: Any, delays: Mapping[str, str | None]) -> DebateTable:
        return cls({(a.proposal, a.purpose, ",".join(a.assumptions)): a for a in answers}, delays)

    def json(self) -> str:
        """The table as a file keeps it, an answer a line."""
        lines = ",\n  ".join(json.dumps(answer.as_json()) for answer in self.answers.values())
        delays = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(way)}" for name, way in self.delays.items())
        return f'{{\n "answers": [\n  {lines}\n ],\n "delays": {{\n  {delays}\n }}\n}}\n'

    def answer(self, proposal: str, purpose: Purpose = "migrate", assumption: str = "") -> Checked:
        """What the search said; its schedule can be pasted into the stepper.

        An assumption that cannot matter has the answer of none. Raises FreepagesError for what is not in the
        table.
        """
        try:
            plain = self.answers[proposal, purpose, ""]
        except KeyError:
            raise FreepagesError(f"the table has no row {proposal}, {purpose}") from None
        return self.answers.get((proposal, purpose, assumption), plain)

    def flips(self, proposal: str, purpose: Purpose) -> dict[str, list[str]]:
        """The single assumptions that lead to another verdict, by that verdict."""
        plain = self.answer(proposal, purpose).verdict
        found: dict[str, list[str]] = {}
        for (name, about, switch), answer in self.answers.items():
            if (name, about) == (proposal, purpose) and answer.verdict != plain:
                found.setdefault(answer.verdict, []).append(switch)
        return found

    @property
    def proposals(self) -> tuple[str, ...]:
        """The names of the proposals, in the order of the debate."""
        return tuple(dict.fromkeys(name for name, _, _ in self.answers))

    @property
    def bounds(self) -> str:
        """What all the rows were searched for, in words."""
        return "; ".join(dict.fromkeys(a.bounds for (*_, switch), a in self.answers.items() if not switch))

    @property
    def terms(self) -> tuple[str, str]:
        """What the rows were searched for, and what was migrated for their prices, in words."""
        return f"Searched: {self.bounds}.", f"By the clock: {TERMS}."

    # -- to look at

    def text(self) -> str:
        """The table as text, 100 characters wide at most."""
        safety = [
            [
                name,
                *(self._text_of_verdict(name, purpose) for purpose in PURPOSES),
                f"yes: {self.delays[name]}" if self.delays[name] else "no",
            ]
            for name in self.proposals
        ]
        *figures, gives_up = PRICES
        prices = [[name, *price(name).cells[:-1]] for name in self.proposals]
        wide = max(map(len, self.proposals)) + 2
        searched, by_the_clock = (fill(words, WIDTH) for words in self.terms)
        return "\n".join(
            [
                *columns([SAFETY, *safety], rule=True),
                *("", searched, ""),
                *columns([(SAFETY[0], *figures), *prices], range(1, len(PRICES)), rule=True),
                *("", by_the_clock, ""),
                *(
                    fill(
                        f"{name:{wide}}{PROPOSALS[name].said}; {gives_up} {price(name).gives_up}",
                        WIDTH,
                        subsequent_indent=" " * wide,
                    )
                    for name in self.proposals
                ),
            ]
        )

    def _text_of_verdict(self, name: str, purpose: Purpose) -> str:
        lines: list[str] = [self.answer(name, purpose).verdict]
        for verdict, switches in self.flips(name, purpose).items():
            lines += [f"{SAID[verdict]}:", *(f"  {switch}" for switch in switches)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        """Two tables, the verdicts and the prices: one beside the other is wider than a notebook."""
        searched, by_the_clock = map(escape, self.terms)
        verdicts = [
            [
                f"{linked(PROPOSALS[name])}<br><small>{escape(PROPOSALS[name].said)}</small>",
                *(self._html_of_verdict(name, purpose) for purpose in PURPOSES),
                f"yes: <code>{self.delays[name]}</code>" if self.delays[name] else "no",
            ]
            for name in self.proposals
        ]
        prices = [
            [name, *(escape(cell).replace(" ", "&nbsp;") for cell in figures), escape(gives_up)]
            for name in self.proposals
            for *figures, gives_up in [price(name).cells]
        ]
        return (
            f"<style>{STYLE}</style>{_table(SAFETY, verdicts, searched)}<br>"
            f"{_table((SAFETY[0], *PRICES), prices, by_the_clock)}"
        )

    def _html_of_verdict(self, name: str, purpose: Purpose) -> str:
        answer = self.answer(name, purpose)
        sign, paper, ink = LOOKS[answer.verdict]
        told = [f'<b class="verdict" style="background:{paper};color:{ink}">{sign} {answer.verdict}</b>']
        if answer.schedule:
            told.append(f"<code>{answer.schedule}</code>")
        for verdict, switches in self.flips(name, purpose).items():
            told.append(f"{SAID[verdict]} " + ", ".join(f"<code>{switch}</code>" for switch in switches))
        return "<br>".join(told)


def _table(heads: Iterable[str], rows: Iterable[list[str]], caption: str) -> str:
    """A table whose first column names the rows; the cells are HTML."""
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    return (
        f'<table class="fp-debate"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
