"""What is written can be read on what lies behind it."""

import pytest

from freepages.view.palette import MIGRATETYPE_INKS, MIGRATETYPE_ROLES, STATES, light_colour


def luminance(colour: str) -> float:
    """As WCAG 2 has it, of "#rrggbb"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, ground: str) -> float:
    dark, light = sorted((luminance(light_colour(ink)), luminance(light_colour(ground))))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("ink", "least"), [("ink", 7), ("dim", 4.5), ("free-ink", 4.5), ("faint", 3.5)])
def test_letters_stand_out_from_the_paper_from_bits_and_from_free_pages(ink: str, least: float) -> None:
    assert min(contrast(ink, ground) for ground in ("paper", "shade", "free")) >= least


def test_letters_stand_out_from_the_states_and_the_migratetypes() -> None:
    pairs = [(look.ink, look.role) for look in STATES.values()]
    pairs += [(MIGRATETYPE_INKS[one], role) for one, role in MIGRATETYPE_ROLES.items()]
    assert {pair: ratio for pair in pairs if (ratio := contrast(*pair)) < 3} == {}
