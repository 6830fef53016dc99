"""Looking into a large frame: which range of pages its maps show, chosen with two controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as W

from freepages.lab.picture import live_bundle
from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.grid import LETTER_PAGES, Map
from freepages.view.svg import STYLE, svg
from freepages.view.text import text

WINDOWS = (1 << 18, 1 << 15, 1 << 12, 1 << 9, 1 << 6)  # pages that one may ask to see at a time


def extent(frame: Frame) -> tuple[int, int]:
    """The pages [lo, hi) that the maps of a frame cover together."""
    maps = [panel for panel in frame.panels if isinstance(panel, Map)]
    return min((m.start for m in maps), default=0), max((m.end for m in maps), default=0)


class Zoom(W.HBox):
    """How many pages are shown, and from which on; ``range`` is None while all are.

    It shows itself only where the frame has more pages than are written in letters. ``changed`` is called
    when the learner chooses another range.
    """

    def __init__(self, frame: Frame, start: tuple[int, int] | None, changed: Callable[[], None]):
        self._lo, self._hi = extent(frame)
        pages = self._hi - self._lo
        sizes: dict[str, int] = {"all pages": 0} | {
            f"{size:,} pages": size for size in WINDOWS if size < pages
        }
        if start and start[1] - start[0] not in sizes.values():
            sizes[f"{start[1] - start[0]:,} pages"] = start[1] - start[0]
        self._size = W.Dropdown(
            options=sizes,
            value=start[1] - start[0] if start else 0,
            description="zoom",
            style={"description_width": "initial"},
            layout=W.Layout(width="190px"),
        )
        self._from = W.IntSlider(
            description="from page",
            style={"description_width": "initial"},
            layout=W.Layout(flex="1 1 200px"),
        )
        self._fit()
        if start:
            self._from.value = start[0]
        self._size.observe(lambda _: self._fit(), "value")
        for control in (self._size, self._from):
            control.observe(lambda _: changed(), "value")
        shown = None if pages > LETTER_PAGES or start else "none"
        super().__init__([self._size, self._from], layout=W.Layout(width="100%", display=shown))

    @property
    def range(self) -> tuple[int, int] | None:
        size: int = self._size.value
        return (self._from.value, self._from.value + size) if size else None

    def _fit(self) -> None:
        """Let the slider go as far as a window of that size can."""
        size, slider = self._size.value, self._from
        last = max(self._lo, self._hi - size) if size else self._lo
        slider.max = max(slider.max, last)
        slider.min, slider.value = self._lo, min(max(slider.value, self._lo), last)
        slider.max, slider.step, slider.disabled = last, max(1, size // 2), not size


class Explorer(W.VBox):
    """A frame, and the range of its pages that is looked at: at first `zoom`, all where it is None."""

    def __init__(self, frame: Frame, zoom: tuple[int, int] | None = None):
        self.frame = frame
        self.zoom = Zoom(frame, zoom, self._show)
        self._picture = W.HTML()
        style = W.HTML(f"<style>{STYLE}</style>", layout=W.Layout(display="none"))
        super().__init__([style, self._picture, self.zoom])
        self._show()

    def _show(self) -> None:
        self._picture.value = svg(draw(self.frame, self.zoom.range))

    def __repr__(self) -> str:
        return text(self.frame, self.zoom.range)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return live_bundle(super()._repr_mimebundle_(**kwargs), repr(self), draw(self.frame, self.zoom.range))
