"""Paint a scene as a PNG picture, light colours on white, for where no kernel runs: GitHub, a reader, print.

matplotlib is imported when the first picture is painted. The same scene gives the same bytes.
"""

from __future__ import annotations

from functools import singledispatch
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from freepages.engine.later import ArrayLike, np
from freepages.view.palette import light_colour
from freepages.view.scene import (
    HATCHES,
    Boxes,
    Group,
    Image,
    Letters,
    Runs,
    Scene,
    Shape,
    Strokes,
    Text,
    arrow_heads,
)

DPI = 100  # a pixel of the scene is a hundredth of an inch, to give line widths and letters sizes in points
POINTS = 72 / DPI
SCALE = 1.2  # dots of the picture for a pixel of the scene
MARGIN = 8.0
ALIGN = {"start": "left", "middle": "center", "end": "right"}


def can_paint() -> bool:
    """Whether matplotlib is installed; where Python runs in a browser it may not be."""
    return find_spec("matplotlib") is not None


def png(scene: Scene) -> bytes:
    """The scene as the bytes of a PNG file."""
    canvas = Canvas(scene.width, scene.height)
    for shape in scene.shapes:
        paint(shape, canvas, 0, 0)
    return canvas.png()


class Canvas:
    """matplotlib's axes in the scene's own pixels, where each thing is painted over all earlier ones."""

    def __init__(self, width: float, height: float):
        from matplotlib.figure import Figure

        size = ((width + 2 * MARGIN) / DPI, (height + 2 * MARGIN) / DPI)
        self.figure = Figure(figsize=size, dpi=DPI * SCALE, facecolor="white")
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(-MARGIN, width + MARGIN)
        self.axes.set_ylim(height + MARGIN, -MARGIN)
        self.axes.set_autoscale_on(False)
        self.painted = 0

    def _over(self) -> int:
        self.painted += 1
        return self.painted

    def boxes(self, boxes: ArrayLike, **look: Any) -> None:
        """Rectangles (n, 4) of x, y, width, height."""
        from matplotlib.collections import PolyCollection

        x, y, width, height = np.asarray(boxes, float).T
        corners = np.stack((x, y, x + width, y, x + width, y + height, x, y + height), axis=1).reshape(
            -1, 4, 2
        )
        self.axes.add_collection(PolyCollection(list(corners), zorder=self._over(), **look), autolim=False)

    def lines(self, lines: ArrayLike, role: str, width: float, **look: Any) -> None:
        """Straight lines (n, 4) of x1, y1, x2, y2."""
        from matplotlib.collections import LineCollection

        ends = np.asarray(lines, float).reshape(-1, 2, 2)
        look |= {"colors": light_colour(role), "linewidths": width * POINTS, "zorder": self._over()}
        self.axes.add_collection(LineCollection(list(ends), **look), autolim=False)

    def write(
        self, x: float, y: float, text: str, role: str, size: float, anchor: str, bold: bool, mono: bool
    ) -> None:
        self.axes.text(
            x,
            y,
            text.replace("$", r"\$"),
            color=light_colour(role),
            fontsize=size * POINTS,
            fontweight="bold" if bold else "normal",
            fontfamily="DejaVu Sans Mono" if mono else "DejaVu Sans",
            horizontalalignment=ALIGN[anchor],
            verticalalignment="baseline",
            zorder=self._over(),
        )

    def image(self, rgba: ArrayLike, x: float, y: float, width: float, height: float) -> None:
        extent = (x, x + width, y + height, y)
        self.axes.imshow(rgba, extent=extent, interpolation="nearest", aspect="auto", zorder=self._over())

    def png(self) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image as pillow  # matplotlib's own writer of PNG files

        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        picture = pillow.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        # A table of 128 colours looks the same, and a notebook carries a quarter of the bytes.
        picture = picture.quantize(128, pillow.Quantize.FASTOCTREE, dither=pillow.Dither.NONE)
        out = BytesIO()
        picture.save(out, "PNG", optimize=True)
        return out.getvalue()


@singledispatch
def paint(shape: Shape, canvas: Canvas, x: float, y: float) -> None:
    """Paint a shape moved by (x, y)."""
    raise TypeError(f"no picture is known for {type(shape).__name__}")


@paint.register
def _(shape: Runs, canvas: Canvas, x: float, y: float) -> None:
    if not shape.runs:
        return
    rows, columns, lengths = np.array(shape.runs).T
    left, top = x + shape.x + columns * shape.width, y + shape.y + rows * shape.pitch
    wide = lengths * shape.width
    boxes = np.column_stack((left, top, wide, np.full(len(rows), shape.height)))
    # Without smoothing: no hairline may show between cells that touch.
    canvas.boxes(boxes, facecolors=light_colour(shape.role), linewidths=0, antialiaseds=False)
    if shape.hatch:
        hatch, middle = HATCHES[shape.hatch], top + shape.height / 2
        width = hatch.width * shape.height
        dash = [part * shape.width / width for part in hatch.dash] if hatch.dash else None
        style = (0, dash) if dash else "solid"
        canvas.lines(
            np.column_stack((left, middle, left + wide, middle)),
            "on-light",
            width,
            alpha=0.32,
            linestyles=style,
        )


@paint.register
def _(shape: Boxes, canvas: Canvas, x: float, y: float) -> None:
    if not len(shape.boxes):
        return
    colour = light_colour(shape.role)
    look: dict[str, Any] = {"facecolors": colour, "linewidths": 0}
    if shape.line:
        look = {"facecolors": "none", "edgecolors": colour, "linewidths": shape.line * POINTS}
    canvas.boxes(np.asarray(shape.boxes, float) + (x, y, 0, 0), alpha=shape.alpha, **look)


@paint.register
def _(shape: Strokes, canvas: Canvas, x: float, y: float) -> None:
    if not len(shape.lines):
        return
    lines: list[Any] = [*shape.lines, *(arrow_heads(shape.lines) if shape.arrow else ())]
    canvas.lines(np.asarray(lines, float) + (x, y, x, y), shape.role, shape.width)


@paint.register
def _(shape: Text, canvas: Canvas, x: float, y: float) -> None:
    at = (x + shape.x, y + shape.y)
    canvas.write(*at, shape.text, shape.role, shape.size, shape.anchor, shape.bold, shape.mono)


@paint.register
def _(shape: Letters, canvas: Canvas, x: float, y: float) -> None:
    for at, letter in zip(shape.xs, shape.text, strict=True):
        canvas.write(x + at, y + shape.y, letter, shape.role, shape.size, "middle", shape.bold, mono=True)


@paint.register
def _(shape: Image, canvas: Canvas, x: float, y: float) -> None:
    dots = np.frombuffer(shape.rgba, np.uint8).reshape(-1, shape.columns, 4)
    canvas.image(dots, x + shape.x, y + shape.y, shape.width, shape.height)


@paint.register
def _(shape: Group, canvas: Canvas, x: float, y: float) -> None:
    for inner in shape.shapes:
        paint(inner, canvas, x + shape.x, y + shape.y)
