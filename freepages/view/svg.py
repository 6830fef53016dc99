"""Paint a scene as SVG text, coloured by the stylesheet of :data:`STYLE` that follows JupyterLab's theme."""

from __future__ import annotations

import base64
import struct
import zlib
from functools import singledispatch
from xml.sax.saxutils import escape, quoteattr

from freepages.view.palette import FIXED, STATES, THEMED, css_colour
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

_ROLES = [*THEMED, *FIXED, *(look.role for look in STATES.values() if not look.colour)]

DARK = "[data-jp-theme-light=false]"  # JupyterLab's mark on the page's body

STYLE = "\n".join(
    [
        ".fp-svg{display:block;width:100%;max-width:900px;height:auto;font-family:var(--jp-ui-font-family,sans-serif)}",
        ".fp-svg .m{font-family:var(--jp-code-font-family,monospace)}",
        ".fp-svg .b{font-weight:700}",
        ".fp-svg [class^=s-],.fp-svg .hatch{fill:none}",
        ".fp-svg .hatch{stroke:#111;stroke-opacity:.32}",
        ".fp-svg image{image-rendering:pixelated}",
        *(f".fp-svg .f-{role}{{fill:{css_colour(role)}}}" for role in _ROLES),
        *(f".fp-svg .s-{role}{{stroke:{css_colour(role)}}}" for role in _ROLES),
        f"{DARK} .fp-svg .f-faint{{fill:#9e9e9e}}",
        f"{DARK} .fp-svg .f-free-ink{{fill:#35d0a0}}",
        f"{DARK} .fp-svg .s-free-ink{{stroke:#1fb389}}",
    ]
)


def svg(scene: Scene, step: int | None = None) -> str:
    """The scene as an <svg> element; `step` is what its attribute ``data-step`` says."""
    at = "" if step is None else f' data-step="{step}"'
    size = f'viewBox="-4 -2 {_n(scene.width + 8)} {_n(scene.height + 6)}"'
    body = "".join(map(paint, scene.shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fp-svg" {size} role="img"'
        f" aria-label={quoteattr(scene.label)}{at}>{body}</svg>"
    )


def svg_file(scene: Scene, step: int | None = None) -> str:
    """The same as a file of its own: its size, the style sheet in light colours, and white paper under it."""
    size = f'<svg width="{_n(scene.width + 8)}" height="{_n(scene.height + 6)}" '
    paper = f'<rect x="-4" y="-2" width="100%" height="100%" fill="white"/><style>{escape(STYLE)}</style>'
    head, body = svg(scene, step).split(">", 1)
    return f"{head.replace('<svg ', size, 1)}>{paper}{body}"


def _n(value: float) -> str:
    whole = int(value)
    return str(whole) if whole == value else f"{value:.2f}".rstrip("0").rstrip(".")


@singledispatch
def paint(shape: Shape) -> str:
    raise TypeError(f"no SVG is known for {type(shape).__name__}")


@paint.register
def _(shape: Runs) -> str:
    if not shape.runs:
        return ""
    # One cell is one unit: a run is a stroke as wide as the cell is high, along the middle of its row.
    high = shape.height / shape.pitch
    d = "".join([f"M{column} {row}h{length}" for row, column, length in shape.runs])
    move = (
        f"translate({_n(shape.x)} {_n(shape.y + shape.height / 2)})scale({shape.width:.6g} {shape.pitch:.6g})"
    )
    painted = f'<path class="s-{shape.role}" transform="{move}" stroke-width="{high:.6g}" d="{d}"/>'
    if shape.hatch:
        hatch = HATCHES[shape.hatch]
        dash = f' stroke-dasharray="{hatch.dash[0]} {hatch.dash[1]}"' if hatch.dash else ""
        painted += (
            f'<path class="hatch" transform="{move}" stroke-width="{high * hatch.width:.6g}"{dash} d="{d}"/>'
        )
    return painted


@paint.register
def _(shape: Boxes) -> str:
    if not shape.boxes:
        return ""
    d = "".join(f"M{_n(x)} {_n(y)}h{_n(w)}v{_n(h)}h{_n(-w)}z" for x, y, w, h in shape.boxes)
    alpha = f' opacity="{shape.alpha}"' if shape.alpha != 1 else ""
    if shape.line:
        return f'<path class="s-{shape.role}" stroke-width="{shape.line}"{alpha} d="{d}"/>'
    return f'<path class="f-{shape.role}"{alpha} d="{d}"/>'


@paint.register
def _(shape: Strokes) -> str:
    if not len(shape.lines):
        return ""
    lines = list(shape.lines)
    if shape.arrow:
        lines += arrow_heads(shape.lines)
    d = "".join(f"M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}" for x1, y1, x2, y2 in lines)
    return f'<path class="s-{shape.role}" stroke-width="{shape.width}" d="{d}"/>'


def _classes(role: str, bold: bool, mono: bool) -> str:
    return f"f-{role}" + (" b" if bold else "") + (" m" if mono else "")


@paint.register
def _(shape: Text) -> str:
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    return (
        f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{shape.size}"{anchor}'
        f' class="{_classes(shape.role, shape.bold, shape.mono)}">{escape(shape.text)}</text>'
    )


@paint.register
def _(shape: Letters) -> str:
    xs = " ".join(map(_n, shape.xs))
    return (
        f'<text x="{xs}" y="{_n(shape.y)}" font-size="{shape.size}" text-anchor="middle"'
        f' class="{_classes(shape.role, shape.bold, True)}">{escape(shape.text)}</text>'
    )


@paint.register
def _(shape: Image) -> str:
    data = base64.b64encode(png_file(shape.columns, shape.rgba)).decode()
    return (
        f'<image x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}"'
        f' preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
    )


@paint.register
def _(shape: Group) -> str:
    move = f' transform="translate({_n(shape.x)} {_n(shape.y)})"' if shape.x or shape.y else ""
    kind = " class=" + quoteattr(" ".join(f"fp-{k}" for k in shape.kind.split())) if shape.kind else ""
    name = f" data-name={quoteattr(shape.name)}" if shape.name else ""
    high = f' data-high="{_n(shape.high)}"' if shape.high else ""
    return f"<g{move}{kind}{name}{high}>{''.join(map(paint, shape.shapes))}</g>"


def png_file(columns: int, rgba: bytes) -> bytes:
    """A PNG file of rows of so many dots, 4 bytes each."""
    wide = 4 * columns
    lines = [b"\0" + rgba[at : at + wide] for at in range(0, len(rgba), wide)]  # 0 is a line's filter: none
    head = struct.pack(">IIBBBBB", columns, len(lines), 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines), 1)), (b"IEND", b""))
    )
