"""A frame as the value of a notebook's cell, without a widget: a picture, and its text form."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.png import png
from freepages.view.text import text


@dataclass(frozen=True)
class Picture:
    """The picture of a frame; of every map only the pfns [lo, hi) of `zoom`, all where it is None."""

    frame: Frame
    zoom: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return text(self.frame, self.zoom)

    # Not text/html or SVG: a notebook that is not trusted loses them, and they would outrank the PNG.
    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        return {"image/png": png(draw(self.frame, self.zoom)), "text/plain": repr(self)}
