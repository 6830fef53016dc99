"""The one front end of stepper, game, explorer and picture: a widget, and a page that needs no kernel.

It is a few ES modules and a style sheet in ``front/``. They are laid end to end here, and that is all: there
is no build step, and nothing is fetched from anywhere. Python draws and says; the front end places, switches
and listens.
"""

from __future__ import annotations

import base64
import re
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import traitlets

from freepages.view import source as source_view
from freepages.view import svg as svg_view
from freepages.view.png import can_paint, png
from freepages.view.scene import Scene, Text

FRONT = Path(__file__).parent / "front"
MODULES = (
    "keep",
    "dom",
    "picture",
    "run",
    "quiz",
    "explorer",
    "stepper",
    "index",
)  # each imports from earlier ones


@cache
def script(*names: str) -> str:
    """Those modules as one: without what one imports from another, and without what only a reader needs.

    That is indentation, comments and, in lines without a regular expression or several templates, the spaces
    beside signs.
    """
    text = "\n".join((FRONT / f"{name}.js").read_text(encoding="utf-8") for name in names or MODULES)
    text = re.sub(
        r'^import .* from "\./.*";\n|^export (?!default)|^\s*//.*\n|^\s+|(?<=;) // .*$', "", text, flags=re.M
    )
    return "\n".join(
        line
        if re.search("['/]|`.*`.*`", line)
        else re.sub(r'("[^"]*"|`[^`]*`)| ?([=<>?:&|,{}()+*]+) ?', r"\1\2", line)
        for line in text.split("\n")
    )


@cache
def style() -> str:
    """How it all looks, the picture and the source too."""
    sheet = re.sub(r"\n\s*", "", (FRONT / "style.css").read_text(encoding="utf-8"))
    return "\n".join([svg_view.STYLE, source_view.STYLE, sheet])


def _in_a_kernel() -> bool:
    """Whether a notebook runs this, so that pictures will be painted."""
    from IPython import get_ipython  # type: ignore[attr-defined]

    return hasattr(get_ipython(), "kernel")  # type: ignore[no-untyped-call]


if _in_a_kernel() and can_paint() and sys.platform != "emscripten":  # where no thread can be started
    # Its imports and fonts take the painter a second or two: while the reader reads, not at the first still.
    letters = [Text(0, 9, "a"), Text(0, 9, "a", bold=True), Text(0, 9, "a", mono=True)]
    threading.Thread(target=png, args=(Scene(9, 9, letters, ""),), daemon=True).start()


class FrontEnd(anywidget.AnyWidget):
    """A widget of ours. ``kept`` is what it shows first, and what a saved notebook shows without a kernel;
    ``id`` is its own, so that all its views show one run.

    Where a cell runs again, what it showed before is closed, if no other cell shows it.
    """

    _esm = script()
    _css = style()
    kind = traitlets.Unicode("stepper").tag(sync=True)
    kept = traitlets.Dict().tag(sync=True)
    id = traitlets.Unicode().tag(sync=True)

    def __init__(self, kind: str, kept: Mapping[str, Any]):
        super().__init__(kind=kind, kept=dict(kept), id=uuid4().hex)
        self.on_msg(lambda _, message, __: self._heard(message))

    def _heard(self, message: dict[str, Any]) -> None:
        """What the front end asks; answered with ``self.send``."""

    def still(self) -> Scene:
        """What is shown where no kernel runs."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The view, and for where no kernel runs the picture and the text, and nothing else.

        An SVG or HTML would be shown in place of the PNG, and a notebook that is not trusted loses most of
        it.
        """
        _close_older(self)
        live, _ = super()._repr_mimebundle_(**kwargs) or ({}, {})
        scene = self.still()
        bundle = {kind: data for kind, data in live.items() if "widget-view" in kind}
        if can_paint():
            bundle["image/png"] = base64.b64encode(png(scene)).decode()
        return bundle | {"text/plain": repr(self)}, {"image/png": {"alt": scene.label}}


_shown: dict[str, tuple[str, list[FrontEnd]]] = {}  # a cell -> its last run, and what that shows


def _close_older(widget: FrontEnd) -> None:
    """Note that the running cell shows this widget, and close what only an earlier run of the cell showed."""
    cell, run = _running()
    if not cell:
        return
    last, widgets = _shown.get(cell, ("", []))
    _shown[cell] = (run, [widget] if run != last else [*widgets, widget])
    still = {id(one) for _, shown in _shown.values() for one in shown}
    for old in widgets:
        if id(old) not in still:
            old.layout.close()
            old.close()


def _running() -> tuple[str, str]:
    """The cell that runs, as the front end names it, and the request to run it; "" where nobody says so."""
    from IPython import get_ipython  # type: ignore[attr-defined]

    shell = get_ipython()  # type: ignore[no-untyped-call]
    if not hasattr(shell, "get_parent"):
        return "", ""
    request = shell.get_parent()
    return request.get("metadata", {}).get("cellId", ""), request.get("header", {}).get("msg_id", "")
