"""Views of a run in which every piece of text is stored once.

From step to step little changes: most elements of the picture and most lines of the source are those of the
step before. A view is its JSON text, cut before every shape of the picture, before
every line of source and after every value; the pieces go into one table,
and the view is a list of places in it. The front end joins them again and reads the JSON.
"""

from __future__ import annotations

import json
from typing import Any

CUT = "\0"  # which JSON does not have
BEGINS = ("<div ", "<svg ", "<g ", "<g>", "<path ", "<text ", "<image ")  # shapes, and lines of source
VALUES = ('","', '",[', '",{')


class Pool:
    """The table of pieces, and how many of them were already handed out."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._places: dict[str, int] = {}
        self._given = 0

    def pack(self, view: Any) -> list[int]:
        """The places of the pieces of a view, new ones put into the table.

        A negative number -n stands for the n places that follow the one before it.
        """
        packed: list[int] = []
        last = -2
        for piece in _cut(json.dumps(view, ensure_ascii=False, separators=(",", ":"))):
            place = self._places.setdefault(piece, len(self.pieces))
            if place == len(self.pieces):
                self.pieces.append(piece)
            if place != last + 1:
                packed.append(place)
            elif packed[-1] < 0:
                packed[-1] -= 1
            else:
                packed.append(-1)
            last = place
        return packed

    def unpack(self, packed: list[int]) -> Any:
        """The view of which those are the places."""
        text, last = [], 0
        for place in packed:
            first, end = (last + 1, last + 1 - place) if place < 0 else (place, place + 1)
            text += self.pieces[first:end]
            last = end - 1
        return json.loads("".join(text))

    def fresh(self) -> dict[str, Any]:
        """The pieces that were not handed out yet, and the place of the first of them."""
        start, self._given = self._given, len(self.pieces)
        return {"from": start, "pieces": self.pieces[start:]}


def _cut(text: str) -> list[str]:
    for begin in BEGINS:
        text = text.replace(begin, CUT + begin)
    for between in VALUES:
        text = text.replace(between, between[:2] + CUT + between[2])
    return text.split(CUT)
