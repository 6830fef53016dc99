"""A migration as a picture: what was left to send, and below it who held the zone lock and who waited. And
many migrations as maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from freepages.engine.errors import FreepagesError
from freepages.migrate.timed_migration import Migrated
from freepages.pages.orders import PAGE_SIZE
from freepages.real.files import write_file
from freepages.view.palette import BLUE, GREEN, VERMILLION

FORMATS = ("png", "svg", "pdf")


def write_chart(done: Migrated, path: Path, title: str) -> None:
    """Write the picture to FILE.png, FILE.svg or FILE.pdf."""
    write_file(path, picture(done, title, kind_of(path)))


def kind_of(path: Path) -> str:
    """The kind of picture that a file's name asks for. Raises FreepagesError for one that is none."""
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise FreepagesError(f"{path}: a picture ends in {', '.join('.' + one for one in FORMATS)}")
    return kind


def picture(done: Migrated, title: str, kind: str = "svg") -> bytes:
    """The picture's bytes; the same migration gives the same."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    left, lock = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    draw_left(left, done, color=BLUE)
    for stage in done.stages:
        if stage.what == "sync":
            left.axvline(stage.start / 1e9, color=GREEN, linewidth=0.8, linestyle=":")
    left.set_title(f"{title}: {done.total / 1e9:.3g} s, dotted where the log is read")
    for spans, row, colour in ((done.held, 1, VERMILLION), (done.waits, 0, BLUE)):
        lock.broken_barh([(s.start / 1e9, s.ns / 1e9) for s in spans], (row - 0.4, 0.8), color=colour)
    lock.set_yticks([0, 1], ["a vCPU waits", "zone lock held"])
    lock.set_ylim(-0.6, 1.6)
    lock.set_xlabel("seconds")
    out = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "freepages"}):
        figure.savefig(out, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return out.getvalue()


def draw_left(axes: Any, done: Migrated, **style: Any) -> None:
    """On matplotlib axes: what was left to send, in MiB, by the seconds since the start."""
    pairs = [(0, max((s.left + s.pages for s in done.stages), default=0))]
    for stage in done.stages:
        pairs += [(stage.start, stage.left + stage.pages), (stage.end, stage.left)]
    axes.plot([at / 1e9 for at, _ in pairs], [of * PAGE_SIZE / (1 << 20) for _, of in pairs], **style)
    axes.set_ylabel("to send, MiB")
    axes.set_ylim(bottom=0)


def draw_throttle(axes: Any, done: Migrated, **style: Any) -> None:
    """On matplotlib axes: the share of their time that auto-converge took from the vCPUs, in percent, by the
    seconds since the start."""
    sends = [stage for stage in done.stages if stage.what == "send"]
    seconds = [stage.start / 1e9 for stage in sends] + [done.total / 1e9]
    axes.stairs([100 * stage.throttle for stage in sends], seconds, **style)
    axes.set_ylabel("taken, %")
    axes.set_ylim(0, 105)


def draw_lock(axes: Any, done: Migrated, title: str) -> None:
    """On matplotlib axes: when the driver held the zone lock, and when each vCPU waited for it, in ms."""
    rows = sorted({span.who for span in done.waits}, reverse=True) + ["the driver"]
    for spans, colour in ((done.held, VERMILLION), (done.waits, BLUE)):
        for span in spans:
            row = (rows.index(span.who) - 0.4, 0.8)
            axes.broken_barh([(span.start / 1e6, span.ns / 1e6)], row, color=colour, edgecolor="white")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("ms since the start of the migration", fontsize=8)


def heat_maps(
    maps: Mapping[str, Sequence[Sequence[float]]],
    across: Sequence[object],
    down: Sequence[object],
    what: str,
    of: str,
    marks: Mapping[str, Sequence[tuple[int, int, str]]],
) -> Any:
    """Maps side by side, by their titles: shares from 0 to 1, a row for each of ``down``.

    ``what`` is said below each, ``of`` beside the colours. ``marks`` has texts at (column, row) by title.
    The answer is a matplotlib figure.
    """
    from matplotlib import pyplot  # which tells a notebook how to show a figure

    figure, every = pyplot.subplots(1, len(maps), figsize=(9, 3), sharey=True, layout="constrained")
    pyplot.close(figure)
    for axes, (title, shares) in zip(every, maps.items(), strict=True):
        image = axes.imshow(shares, vmin=0, vmax=1, aspect="auto", cmap="cividis")
        axes.set(title=title, xlabel=what, xticks=range(len(across)), xticklabels=across)
        axes.set(yticks=range(len(down)), yticklabels=down)
        for x, y, text in marks.get(title, ()):
            axes.text(x, y, text, ha="center", va="center", fontsize=8)
    figure.colorbar(image, ax=every, label=of)
    return figure
