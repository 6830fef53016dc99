"""The source that runs, as HTML: the functions a process stands in, each with its present line lit.

Nothing is kept in a second, "visual" version: what is shown is what ``inspect`` finds of the running code.
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


@dataclass(frozen=True)
class SourceListing:
    """The lines of one function: numbers in the file, and HTML. Of a docstring there is only the first."""

    name: str
    numbers: tuple[int, ...]
    html: tuple[str, ...]


STYLE = """
.fp-source{font:12px/17px var(--jp-code-font-family,monospace);color:var(--jp-content-font-color1,#222);
  overflow:auto hidden;scrollbar-width:thin;white-space:pre;tab-size:2}
.fp-source .line{height:17px;width:max-content;min-width:100%}
.fp-source .number{display:inline-block;width:34px;margin-right:8px;text-align:right;
  color:var(--jp-ui-font-color2,#666);font-size:10px}
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


def source(position: Sequence[tuple[CodeType, int]], room: int, read: bool = False) -> str:
    """The functions of a position, outermost first, in at most `room` lines of HTML.

    The outermost, which is what the process is, has LEAST lines if that leaves as many; the innermost has
    what it needs of the others, and its callers what is left; LEAST lines, or they are not shown. If the
    outermost is what should be `read`, it comes first, and of the others only the one that it calls. A line
    before a function's first lights none.
    """
    if read:
        return _read(position[:2], room)
    blocks: list[str] = []
    kept = LEAST if room >= 2 * LEAST else 0
    for depth, (code, line) in enumerate(reversed(position)):
        outermost = depth == len(position) - 1
        own = room if outermost else room - kept
        if depth and own < LEAST:
            continue
        lines = list(_window(listing(code), line, own))
        blocks.append(_block(lines, running=not depth))
        room -= len(lines)
    return _all(reversed(blocks))


def _read(position: Sequence[tuple[CodeType, int]], room: int) -> str:
    deeper = len(position) > 1
    blocks = []
    for depth, (code, line) in enumerate(position):
        own = room - LEAST if deeper and not depth and room >= 2 * LEAST else room
        if depth and own < LEAST:
            break
        lines = list(_window(listing(code), line, own))
        blocks.append(_block(lines, running=not depth))
        room -= len(lines)
    return _all(blocks)


def _block(lines: Iterable[str], running: bool) -> str:
    return f'<div class="{"running" if running else "caller"}">{"".join(lines)}</div>'


def _all(blocks: Iterable[str]) -> str:
    return f'<div class="fp-source">{"".join(blocks)}</div>'


def _window(shown: SourceListing, line: int, room: int) -> Iterator[str]:
    """The lines of a function around the present one, and its first; what is left out between is dots."""
    count = len(shown.numbers)
    at = max((i for i, number in enumerate(shown.numbers) if number <= line), default=-1)
    first = 0
    if count > room:
        # The present line a little below the middle: what was done is as much of the story as what comes.
        first = min(max(at - room * 3 // 5, 0), count - room)
    last = min(count, first + room)
    for i in range(first, last):
        if first and i == first and at != i:
            yield _line(shown.numbers[0], shown.html[0], False)
        elif first and i == first + 1 and at != i:
            yield '<div class="line fold"><span class="number"></span>…</div>'
        else:
            yield _line(shown.numbers[i], shown.html[i], i == at)


def _line(number: int, html: str, now: bool) -> str:
    mark = f"▶ {number}" if now else str(number)
    return f'<div class="line{" now" if now else ""}"><span class="number">{mark}</span>{html}</div>'


@lru_cache(maxsize=256)
def listing(code: CodeType) -> SourceListing:
    """The listing of a code object; a function whose source nobody kept is its name alone."""
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError):
        return SourceListing(
            code.co_name, (code.co_firstlineno,), (escape(f"{code.co_name}: no source is at hand"),)
        )
    text = textwrap.dedent("".join(lines))
    html = _coloured(text)
    folded = _docstring(text)
    kept = [i for i in range(len(html)) if i not in folded]
    return SourceListing(code.co_name, tuple(first + i for i in kept), tuple(html[i] for i in kept))


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
