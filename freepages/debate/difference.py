"""Proposals as they are read: the source of one, or how one differs from another, line by line.

What is shown is what ``inspect`` finds of the functions that run. They fit on a slide, so nothing of them is
folded away: a line that was taken out has a minus, one that was put in a plus, as in a unified diff. What
does not run is no change: where a line is indented (``diff -w``), comments, the types in the first line.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from typing import NamedTuple

from freepages.debate.proposals import Proposal, find_proposal

SIDES = ("guest", "host")

STYLE = """
.fp-diff{font:12px/17px var(--jp-code-font-family,monospace);color:var(--jp-content-font-color1,#222);
  background:var(--jp-layout-color0,#fff)}
.fp-diff pre{font:inherit;color:inherit;background:none;margin:0 0 6px;padding:0;white-space:pre;
  overflow:auto hidden}
.fp-diff pre span{display:inline-block;min-width:100%;box-sizing:border-box;padding-left:10px}
.fp-diff .head{font:13px/20px var(--jp-ui-font-family,sans-serif);padding:2px 10px}
.fp-diff .head a{color:var(--jp-content-link-color,#0645ad)}
.fp-diff .minus{background:rgb(213 94 0 / 18%);box-shadow:inset 3px 0 #d55e00}
.fp-diff .plus{background:rgb(0 158 115 / 18%);box-shadow:inset 3px 0 #009e73}
"""

CLASSES = {"-": "minus", "+": "plus", " ": "both"}


class DiffLine(NamedTuple):
    """A line of source: "-" only in the first proposal, "+" only in the second, " " in both, indented as in
    the second.

    Examples
    --------
    >>> difference("snapshot", "no_wait").lines("host")[4]
    DiffLine(sign='-', text='        report = yield from precopy(w, sync=False, stop=False)')
    """

    sign: str
    text: str


class _Shown:
    """What is shown of some proposals: a head for each, then guest() and host(); as text, or in colours."""

    def _heads(self) -> Iterator[tuple[str, Proposal, str]]:
        """The sign of each proposal, the proposal, and what is said of it."""
        raise NotImplementedError

    def _sides(self) -> Iterator[tuple[str, list[DiffLine]]]:
        """What is said of each side, and the lines that are shown of it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        said = [f"{sign * 3} {one.name}: {words}".strip() for sign, one, words in self._heads()]
        for words, lines in self._sides():
            said += ["", words, *(f"{line.sign} {line.text}".rstrip() for line in lines)]
        return "\n".join(said)

    def _repr_html_(self) -> str:
        heads = "".join(
            f'<div class="head {CLASSES[sign]}">{sign} {linked(one)}: {escape(words)}</div>'
            for sign, one, words in self._heads()
        )
        body = "".join(
            f'<div class="head">{words}</div>' + (f"<pre>{_html(lines)}</pre>" if lines else "")
            for words, lines in self._sides()
        )
        return f'<style>{STYLE}</style><div class="fp-diff">{heads}{body}</div>'


@dataclass(frozen=True, repr=False)
class Listing(_Shown):
    """A proposal as it is read: who argued what and when, and the source of guest() and host().

    Examples
    --------
    >>> print(str(listing("everything")).splitlines()[-1])
          yield from precopy(w)
    """

    of: Proposal

    def _heads(self) -> Iterator[tuple[str, Proposal, str]]:
        one = self.of
        yield " ", one, " ".join(filter(None, (f"{one.said}.", one.claim, one.when)))

    def _sides(self) -> Iterator[tuple[str, list[DiffLine]]]:
        for side in SIDES:
            if lines := [DiffLine(" ", line) for line in _source(self.of, side)]:
                yield f"{side}:", lines


@dataclass(frozen=True, repr=False)
class Difference(_Shown):
    """Two proposals: what must be taken out of ``a`` and put in to make it ``b``.

    Examples
    --------
    >>> difference("snapshot", "no_wait").changed
    2
    """

    a: Proposal
    b: Proposal

    def lines(self, side: str) -> list[DiffLine]:
        """The lines of ``side``, "guest" or "host", of both."""
        old, new = (_without_comments(_source(one, side)) for one in (self.a, self.b))
        lines: list[DiffLine] = []
        was, now = (list(map(_compared, source)) for source in (old, new))
        for what, i, j, k, m in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
            if what == "equal":
                lines += (DiffLine(" ", line) for line in new[k:m])
            else:
                lines += (DiffLine("-", line) for line in old[i:j])
                lines += (DiffLine("+", line) for line in new[k:m])
        return lines

    @property
    def changed(self) -> int:
        """How many lines are taken out or put in."""
        return sum(line.sign != " " for side in SIDES for line in self.lines(side))

    def _heads(self) -> Iterator[tuple[str, Proposal, str]]:
        for sign, one in (("-", self.a), ("+", self.b)):
            yield sign, one, f"{one.title}; {one.said}"

    def _sides(self) -> Iterator[tuple[str, list[DiffLine]]]:
        for side in SIDES:
            lines = self.lines(side)
            if any(line.sign != " " for line in lines):
                yield f"{side}:", lines
            elif lines:
                yield f"{side}: the same in both", []


def linked(one: Proposal) -> str:
    """Its name, as a link to where it was said, if it was.

    Examples
    --------
    >>> linked(find_proposal("free_page_hint"))
    '<a href="https://github.com/torvalds/linux/commit/86a559787e6f"><b>free_page_hint</b></a>'
    """
    name = f"<b>{escape(one.name)}</b>"
    return f'<a href="{escape(one.source)}">{name}</a>' if one.source else name


def listing(one: Proposal | str) -> Listing:
    r"""A proposal to be read.

    Raises
    ------
    FreepagesError
        For a name that is none.

    Examples
    --------
    >>> print(repr(listing("everything")).partition("\n\n")[2])
    host:
      def host(w: World) -> Steps:
          yield from log_on(w)
          yield from precopy(w)
    """
    return Listing(find_proposal(one))


def difference(a: Proposal | str, b: Proposal | str) -> Difference:
    r"""How proposal ``b`` differs from ``a``.

    Raises
    ------
    FreepagesError
        For a name that is none.

    Examples
    --------
    >>> print(repr(difference("snapshot", "no_wait")).partition("\n\n")[2])
    guest: the same in both
    <BLANKLINE>
    host:
      def host(w: World) -> Steps:
          yield from log_on(w)
          while (yield from precopy(w, asks=True)) is ASK:
              w.request()
    -         report = yield from precopy(w, sync=False, stop=False)
    +         report = yield from precopy(w, stop=False)
              yield from apply(w, report.pages)
    """
    return Difference(find_proposal(a), find_proposal(b))


def _source(one: Proposal, side: str) -> list[str]:
    """The lines of one side's function, under the name of the side: all of them are a guest or a host."""
    function = getattr(one, side)
    source = inspect.getsource(function) if function else ""
    return re.sub(r"def \w+\(", f"def {side}(", source, count=1).splitlines()


def _without_comments(source: list[str]) -> list[str]:
    return [line for line in source if not line.lstrip().startswith("#")]


def _compared(line: str) -> str:
    """A line as it is compared: not indented, no comment behind it, a function's first line without types."""
    line = re.sub(r"\s+#[^'\"]*$", "", line.strip())
    return re.sub(r"^def (\w+)\((\w+)[^,)]*\).*:$", r"def \1(\2):", line)


def _html(lines: list[DiffLine]) -> str:
    return "\n".join(
        f'<span class="{CLASSES[line.sign]}">{line.sign} {escape(line.text)}</span>' for line in lines
    )
