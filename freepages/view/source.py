"""The source that runs, as HTML: the functions a process stands in, each with the line that comes next lit.

The line that was just executed has a mark of its own: a dotted edge and ▷, where the next one has ▶. Nothing
is kept in a second, "visual" version: what is shown is what ``inspect`` finds of the running code.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from types import CodeType

LINE = 17  # pixels
LEAST = 3  # lines: in less room a caller is not shown
DID, NEXT = "▷", "▶"
LINE_CLASSES = {DID: "did", NEXT: "now"}


@dataclass(frozen=True)
class SourceListing:
    """The lines of one function: numbers in the file, HTML, text. Of a docstring there is only the first."""

    name: str
    numbers: tuple[int, ...]
    html: tuple[str, ...]
    plain: tuple[str, ...]

    def index(self, line: int) -> int:
        """Which of its lines shows that line of the file; -1 for one before its first."""
        return max((i for i, number in enumerate(self.numbers) if number <= line), default=-1)


STYLE = """
.fp-source{font:max(13px,var(--jp-code-font-size,13px))/17px var(--jp-code-font-family,monospace);
  color:var(--jp-content-font-color1,#222);
  overflow:auto hidden;scrollbar-width:thin;white-space:pre;tab-size:2}
.fp-source .line{height:17px;width:max-content;min-width:100%}
.fp-source .number{display:inline-block;width:46px;margin-right:8px;text-align:right;
  color:var(--jp-ui-font-color2,#666);font-size:.85em}
.fp-source .did{box-shadow:inset 0 0 transparent;border-left:3px dotted var(--jp-ui-font-color1,#444)}
.fp-source .did.now{border-left-color:#e69f00;box-shadow:none}
.fp-source .now{background:#f8f3a3;box-shadow:inset 3px 0 #e69f00}
[data-jp-theme-light=false] .fp-source .now{background:#45400f}
.fp-source .now .number{color:inherit}
.fp-source .caller .now{background:var(--jp-layout-color2,#eee)!important;box-shadow:none}
.fp-source .caller{opacity:.75}
.fp-source .fold{color:var(--jp-ui-font-color2,#666)}
.fp-source .k,.fp-source .kn,.fp-source .ow,.fp-source .kc{
  color:var(--jp-mirror-editor-keyword-color,#008000);font-weight:600}
.fp-source .s1,.fp-source .s2,.fp-source .sd,.fp-source .sa,.fp-source .si{
  color:var(--jp-mirror-editor-string-color,#ba2121)}
.fp-source .c1{color:var(--jp-mirror-editor-comment-color,#408080);font-style:italic}
.fp-source .nf{color:var(--jp-mirror-editor-def-color,#00f)}
.fp-source .mi{color:var(--jp-mirror-editor-number-color,#080)}
.fp-source .bp{color:var(--jp-mirror-editor-variable-2-color,#05a)}
"""


def source(
    position: Sequence[tuple[CodeType, int]],
    room: int,
    read: bool = False,
    did: Sequence[tuple[CodeType, int]] = (),
) -> str:
    """The functions of a position, outermost first, in at most `room` lines of HTML.

    The outermost, which is what the process is, has LEAST lines if that leaves as many; the innermost has
    what it needs of the others, and its callers what is left; LEAST lines, or they are not shown. If the
    outermost is what should be `read`, it comes first, and of the others only the one that it calls. A line
    before a function's first lights none. ``did`` is where the process stood before its last step.
    """
    running = {code for code, _ in position}
    done = dict([where for where in did if where[0] in running][-1:])  # the innermost that still runs
    if read:
        return _read(position[:2], room, done)
    blocks: list[str] = []
    kept = LEAST if room >= 2 * LEAST else 0
    for depth, (code, line) in enumerate(reversed(position)):
        outermost = depth == len(position) - 1
        own = room if outermost else room - kept
        if depth and own < LEAST:
            continue
        lines = list(_window(listing(code), line, own, done.get(code, 0)))
        blocks.append(_block(lines, running=not depth))
        room -= len(lines)
    return _all(reversed(blocks))


def _read(position: Sequence[tuple[CodeType, int]], room: int, done: dict[CodeType, int]) -> str:
    deeper = len(position) > 1
    blocks = []
    for depth, (code, line) in enumerate(position):
        own = room - LEAST if deeper and not depth and room >= 2 * LEAST else room
        if depth and own < LEAST:
            break
        lines = list(_window(listing(code), line, own, done.get(code, 0)))
        blocks.append(_block(lines, running=not depth))
        room -= len(lines)
    return _all(blocks)


def _block(lines: Iterable[str], running: bool) -> str:
    return f'<div class="{"running" if running else "caller"}">{"".join(lines)}</div>'


def _all(blocks: Iterable[str]) -> str:
    return f'<div class="fp-source">{"".join(blocks)}</div>'


def _window(shown: SourceListing, line: int, room: int, did: int = 0) -> Iterator[str]:
    """The lines of a function around the present one, and its first; what is left out between is dots."""
    yield from (
        '<div class="line fold"><span class="number"></span>…</div>'
        if number is None
        else _line(number, shown.html[at], marks)
        for number, at, marks in window(shown, line, room, did)
    )


def window(shown: SourceListing, line: int, room: int, did: int = 0) -> Iterator[tuple[int | None, int, str]]:
    """(number in the file, index, marks) of the lines that there is room for; None is what is left out.

    The marks are NEXT for the present line, DID for that of the last step.
    """
    count = len(shown.numbers)
    at = shown.index(line)
    was = shown.index(did) if did else -1
    first = 0
    if count > room:
        # The present line a little below the middle: what was done is as much of the story as what comes.
        first = min(max(at - room * 3 // 5, 0), count - room)
        if 0 <= was < at and at - was < room - 2:
            first = min(first, max(was - 2, 0))  # two lines at the top are the first one and the dots
    last = min(count, first + room)
    for i in range(first, last):
        if first and i == first and at != i:
            yield shown.numbers[0], 0, ""
        elif first and i == first + 1 and at != i:
            yield None, i, ""
        else:
            yield shown.numbers[i], i, DID * (i == was) + NEXT * (i == at)


def _line(number: int, html: str, marks: str) -> str:
    kinds = "".join(f" {LINE_CLASSES[mark]}" for mark in marks)
    numbered = f"{marks} {number}" if marks else str(number)
    return f'<div class="line{kinds}"><span class="number">{numbered}</span>{html}</div>'


@lru_cache(maxsize=256)
def listing(code: CodeType) -> SourceListing:
    """The listing of a code object; a function whose source nobody kept is its name alone."""
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError):
        said = f"{code.co_name}: no source is at hand"
        return SourceListing(code.co_name, (code.co_firstlineno,), (escape(said),), (said,))
    text = textwrap.dedent("".join(lines))
    html, plain = _coloured(text), text.split("\n")
    folded = _docstring(text)
    kept = [i for i in range(len(html)) if i not in folded]
    return SourceListing(
        code.co_name,
        tuple(first + i for i in kept),
        tuple(html[i] for i in kept),
        tuple(plain[i] for i in kept),
    )


def _docstring(text: str) -> range:
    """The lines of a function's docstring after its first one, counted from 0."""
    try:
        [function] = ast.parse(text).body
    except (SyntaxError, ValueError):
        return range(0)
    body = getattr(function, "body", None)
    if not body or ast.get_docstring(function, clean=False) is None:  # type: ignore[arg-type]
        return range(0)
    return range(body[0].lineno, body[0].end_lineno)


def _coloured(text: str) -> list[str]:
    """The lines as HTML; four spaces of indentation are a tab, which the style sheet makes narrow."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    text = re.sub("^(    )+", lambda spaces: "\t" * (len(spaces[0]) // 4), text, flags=re.MULTILINE)
    return highlight(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n").split("\n")
