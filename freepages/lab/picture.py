"""What a notebook's cell shows where nothing moves: a picture, and its text form."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.png import png
from freepages.view.scene import Scene
from freepages.view.text import text


def still_bundle(words: str, scene: Scene) -> dict[str, Any]:
    """The picture and the text, and nothing else.

    An SVG or HTML would be shown in place of the PNG, and a notebook that is not trusted loses most of it.
    """
    return {"image/png": base64.b64encode(png(scene)).decode(), "text/plain": words}


def live_bundle(live: Mapping[str, Any], words: str, scene: Scene) -> dict[str, Any]:
    """The view of a widget out of its own bundle, and for where no kernel runs the picture and the text."""
    return {kind: data for kind, data in live.items() if "widget-view" in kind} | still_bundle(words, scene)


@dataclass(frozen=True)
class Picture:
    """The picture of a frame; of every map only the pfns [lo, hi) of `zoom`, all where it is None."""

    frame: Frame
    zoom: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return text(self.frame, self.zoom)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        return still_bundle(repr(self), draw(self.frame, self.zoom))
