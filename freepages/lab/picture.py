"""A frame in a notebook, and looking into a large one; a PNG and the text stand for it without a kernel."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from freepages.lab.front_end import FrontEnd, script
from freepages.lab.shown import frame_of
from freepages.view.draw import draw
from freepages.view.frame import Frame, PageMap, Panel
from freepages.view.grid import LETTER_PAGES, Map, shown, tally
from freepages.view.palette import RGBA
from freepages.view.scene import WIDTH, Scene
from freepages.view.signs import signs
from freepages.view.svg import STYLE, png_file, svg
from freepages.view.text import text

DOTS = 600  # of the strip
FEW = 64  # pages, the fewest that the front end asks for


class Picture(FrontEnd):
    """The picture of a frame, of every map only the pfns [lo, hi) of `zoom`, or all.

    In place of a frame it takes what :func:`freepages.lab.shown.frame_of` knows: a zone, a node, a snapshot,
    a scenario, a run, a proposal.

    Parameters
    ----------
    shown : Frame, Zone, Node, Snapshot, Scenario, Run, Proposal or str
    zoom : (int, int), optional
        The pfns [lo, hi).

    Raises
    ------
    FreepagesError
        For what is none of these.

    Examples
    --------
    >>> print(repr(Picture("··aa")).splitlines()[0])
    zone Normal: 2 of 4 pages on its free lists
    """

    _esm = script("keep", "still")
    _css = STYLE

    def __init__(self, shown: Any, zoom: tuple[int, int] | None = None):
        self.frame, self.zoom = frame_of(shown), zoom
        super().__init__("picture", {"svg": svg(self.still())})

    def still(self) -> Scene:
        """The frame, and under it the signs that its legends leave out."""
        found = dict.fromkeys(
            sign for panel in self.frame.panels if self._lettered(panel) for sign in signs(panel)
        )
        lines = "; ".join(f"{sign.sign}  {sign.words}" for sign in found if sign.kind == "mark")
        note = "\n".join(filter(None, [self.frame.note, lines]))
        return draw(replace(self.frame, note=note), self.zoom)

    def _lettered(self, panel: Panel) -> bool:
        """Whether its signs can be seen."""
        lo, hi = shown(panel, self.zoom) if isinstance(panel, Map) else (0, 0)
        return hi - lo <= LETTER_PAGES

    def __repr__(self) -> str:
        return text(self.frame, self.zoom)


class Window:
    """The pages [lo, hi) that the maps of a frame cover together, and the `range` of them that is looked at.

    The range is None while all are.
    """

    def __init__(self, frame: Frame, zoom: tuple[int, int] | None = None):
        maps = [panel for panel in frame.panels if isinstance(panel, Map)]
        self.lo = min((panel.start for panel in maps), default=0)
        self.hi = max((panel.end for panel in maps), default=0)
        self.range = zoom
        self.image = ""
        if self.hi - self.lo > LETTER_PAGES or zoom:
            self.image = _strip(next(panel for panel in maps if isinstance(panel, PageMap)), self.lo, self.hi)

    def look(self, lo: int, hi: int) -> None:
        """Look at the pages [lo, hi), as far as there are such; at one at least."""
        lo = min(max(self.lo, lo), self.hi - 1)
        hi = min(max(lo + 1, hi), self.hi)
        self.range = None if (lo, hi) == (self.lo, self.hi) else (lo, hi)

    def samples(self) -> Iterator[tuple[int, int] | None]:
        """The range that is looked at, and of every size from all pages down to few one from the middle."""
        yield from (self.range, None)
        size = self.hi - self.lo
        while self.image and size > FEW:
            size = max(FEW, size // 4)
            lo = (self.lo + self.hi - size) // 2 + 1  # a row that is cut off at both ends is one more
            yield lo, lo + size

    def as_json(self) -> dict[str, Any] | None:
        """For the front end; None where there is nothing to choose."""
        if not self.image:
            return None
        lo, hi = self.range or (self.lo, self.hi)
        return {"lo": self.lo, "hi": self.hi, "from": lo, "to": hi, "image": self.image}


def _strip(panel: PageMap, lo: int, hi: int) -> str:
    """All pages in one row of dots, each with the colour that its pages have on an average."""
    dots = min(DOTS, hi - lo)
    edges = [min(max(0, lo + (hi - lo) * n // dots - panel.start), panel.pages) for n in range(dots + 1)]
    rgba = b"".join(_average(panel.states[first:end]) for first, end in pairwise(edges))
    return "data:image/png;base64," + base64.b64encode(png_file(dots, rgba)).decode()


def _average(states: bytes) -> bytes:
    """The average of the colours of these pages."""
    counts, pages = tally(states).items(), max(len(states), 1)
    return bytes(sum(count * RGBA[state][at] for state, count in counts) // pages for at in range(4))


class Explorer(FrontEnd):
    """A frame, or what a picture takes, and the range of its pages that is looked at: at first `zoom`, all
    where it is None.

    Parameters
    ----------
    shown : Frame, Zone, Node, Snapshot, Scenario, Run, Proposal or str
    zoom : (int, int), optional
        The pfns [lo, hi).

    Examples
    --------
    >>> print(repr(Explorer("··aa")).splitlines()[0])
    zone Normal: 2 of 4 pages on its free lists
    """

    def __init__(self, shown: Any, zoom: tuple[int, int] | None = None):
        self.frame = frame_of(shown)
        self.window = Window(self.frame, zoom)
        tall = max(draw(self.frame, part).height for part in self.window.samples())
        self._shape = f"{WIDTH} / {tall:.0f}"
        super().__init__("explorer", self._shown())

    def _shown(self) -> dict[str, Any]:
        """The picture, in a place of one shape however much of the pages it shows."""
        return {"svg": svg(self.still()), "window": self.window.as_json(), "shape": self._shape}

    def _heard(self, message: dict[str, Any]) -> None:
        self.window.look(message["lo"], message["hi"])
        self.send(self._shown())

    def still(self) -> Scene:
        return draw(self.frame, self.window.range)

    def __repr__(self) -> str:
        return text(self.frame, self.window.range)
