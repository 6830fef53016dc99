"""One table: every state and mark has one colour, one hatch and one name, every mark one sign, everywhere.

The colours are Okabe and Ito's (Color Universal Design, 2008), the same in the light and the dark theme; only
paper, ink and lines change with the theme. Nothing is told by colour alone: small maps write the letter into
each page, larger ones hatch, and the text form has the letters. A state's letter is its code, ``State`` of
:mod:`freepages.view.frame`.
"""

from __future__ import annotations

from typing import NamedTuple

from freepages.pages.orders import Migratetype
from freepages.view.frame import State

ORANGE, SKY, GREEN = "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILLION, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
GREY = "#9a9a9a"


class Look(NamedTuple):
    """How a state looks: its colour's role and value, its hatch, the ink on it, its name in a legend."""

    role: str
    colour: str  # "" is the paper's own
    hatch: str
    ink: str
    words: str


STATES: dict[State, Look] = {
    State.FREE: Look("free", "", "", "free-ink", "free"),
    State.ANONYMOUS: Look("anonymous", ORANGE, "", "on-light", "anonymous"),
    State.PAGE_CACHE: Look("cache", SKY, "line", "on-light", "page cache"),
    State.SLAB: Look("slab", PURPLE, "dots", "on-light", "slab"),
    State.KERNEL: Look("kernel", BLUE, "", "on-dark", "kernel"),
    State.PER_CPU: Look("percpu", GREEN, "dashes", "on-light", "per-CPU"),
    State.BALLOON: Look("balloon", VERMILLION, "bar", "on-light", "balloon"),
    State.IN_USE: Look("used", GREY, "", "on-light", "in use"),
    State.HOLE: Look("hole", "", "", "dim", "hole"),
    State.UNSEEN: Look("unseen", "#dcdcdc", "dots", "on-light", "not seen yet"),
}


class MarkLook(NamedTuple):
    sign: str
    role: str


MARK_LOOKS: dict[str, MarkLook] = {
    "in the bitmap": MarkLook("1", "bit"),
    "dirty": MarkLook("×", "vermillion"),
    "sent": MarkLook("→", "blue"),
    "skipped": MarkLook("○", "green"),
    "discarded": MarkLook("–", "violet"),
}

MIGRATETYPE_NAMES: dict[int, str] = {
    Migratetype.UNMOVABLE: "Unmovable",
    Migratetype.MOVABLE: "Movable",
    Migratetype.RECLAIMABLE: "Reclaimable",
    Migratetype.HIGHATOMIC: "HighAtomic",
    Migratetype.CMA: "CMA",
    Migratetype.ISOLATE: "Isolate",
}
"""As /proc/pagetypeinfo spells them; the first letters differ."""

MIGRATETYPE_ROLES: dict[int, str] = {
    Migratetype.UNMOVABLE: "blue",
    Migratetype.MOVABLE: "orange",
    Migratetype.RECLAIMABLE: "sky",
    Migratetype.HIGHATOMIC: "vermillion",
    Migratetype.CMA: "purple",
    Migratetype.ISOLATE: "grey",
}

MIGRATETYPE_INKS: dict[int, str] = {
    migratetype: "on-dark" if role == "blue" else "on-light"
    for migratetype, role in MIGRATETYPE_ROLES.items()
}

THEMED: dict[str, tuple[str, str]] = {
    "paper": ("var(--jp-layout-color0, #fff)", "#ffffff"),
    "shade": ("var(--jp-layout-color2, #eee)", "#eeeeee"),
    "line": ("var(--jp-border-color1, #bdbdbd)", "#bdbdbd"),
    "faint": ("#767676", "#767676"),
    "dim": ("var(--jp-ui-font-color2, #666)", "#666666"),
    "ink": ("var(--jp-ui-font-color1, #1f1f1f)", "#1f1f1f"),
    "free": ("rgb(0 158 115 / 14%)", "#dbf1eb"),
}
"""Roles that follow JupyterLab's theme: (the CSS value, the colour of the static picture).

JupyterLab's own faint letters are too faint; the style sheet has them lighter on a dark ground.
"""

FIXED: dict[str, str] = {
    "orange": ORANGE,
    "sky": SKY,
    "green": GREEN,
    "yellow": YELLOW,
    "blue": BLUE,
    "vermillion": VERMILLION,
    "purple": PURPLE,
    "grey": GREY,
    "violet": "#a4508b",
    "bit": "#55606e",
    "free-ink": "#00745a",
    "on-light": "#111111",
    "on-dark": "#ffffff",
} | {look.role: look.colour for look in STATES.values() if look.colour}


def css_colour(role: str) -> str:
    """The CSS value of a role; holes are the paper."""
    return THEMED[role][0] if role in THEMED else FIXED.get(role, THEMED["paper"][0])


def light_colour(role: str) -> str:
    """The colour of a role in the static picture, ``"#rrggbb"``."""
    return THEMED[role][1] if role in THEMED else FIXED.get(role, THEMED["paper"][1])


def rgba(colour: str, alpha: int) -> tuple[int, int, int, int]:
    return (*(int(colour[at : at + 2], 16) for at in (1, 3, 5)), alpha)  # type: ignore[return-value]


RGBA: dict[int, bytes] = {
    state: bytes(rgba(look.colour, 255) if look.colour else 4) for state, look in STATES.items()
}
RGBA[State.FREE] = bytes(rgba(GREEN, 36))
"""State code -> red, green, blue, alpha. The paper of any theme shows through free pages and holes."""

HOLE_LINE = bytes(rgba(GREY, 255))
