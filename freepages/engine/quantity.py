"""Quantities as people write them: 8G, 512MiB, 1Gbit, 125MB/s, 300ms, 300k/s, 0.25.

A number is decimal digits with or without a fraction, and the unit says what they count, exactly: kB, MB, GB
and kbit, Mbit, Gbit are powers of 1000; KiB, MiB, GiB are powers of 1024, and so are the bare letters K, M, G
and T: "8G" is 8 GiB, as it is to QEMU's -m. A lone b could be bits or bytes, so it is no unit.

Every reader raises a FreepagesError of one line that has the value and the units it could have had.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

from freepages.engine.errors import FreepagesError, nearest

Units = dict[str, int | Fraction]

DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BINARY = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

BYTES: Units = {
    **{f"{letter}iB": size for letter, size in BINARY.items()},
    **{f"{letter}B": size for letter, size in DECIMAL.items()},
    **BINARY,
    "": 1,
}
BITS: Units = {f"{letter}bit": Fraction(size, 8) for letter, size in DECIMAL.items()}
RATES: Units = BITS | {unit: size for unit, size in BYTES.items() if unit}
SECONDS: Units = {"s": 1, "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6), "ns": Fraction(1, 10**9)}
COUNTS: Units = {f"{letter}/s": size for letter, size in DECIMAL.items()}
SHARES: Units = {"": 1, "%": Fraction(1, 100)}

# No more digits than any quantity needs: every number that passes is a finite float.
QUANTITY = re.compile(r"(-?)([0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20}) ?(\S*)", re.ASCII)


def parse_bytes(text: str) -> int:
    """A size in bytes, 1 or more, a part of a byte rounded up: "8G" is 8 GiB, "512MiB", "1.5GB", "4096"."""
    return ceil(_positive(text, "size", BYTES))


def parse_bandwidth(text: str) -> float:
    """Bytes per second, more than 0: "1Gbit" and "10Gbit/s" count bits, "125MB/s" and "32MiB/s" bytes.

    It must have a unit: a bare 125 is bytes a second to QMP, and MiB a second to virsh.
    """
    return float(_positive(text, "bandwidth", RATES, per="/s"))


def parse_seconds(text: str) -> float:
    """A time in seconds, 0 or more: "300ms", "2s". It must have a unit, for a bare 300 could be either."""
    return float(_quantity(text, "time", SECONDS))


def parse_rate(text: str) -> float:
    """Events per second, more than 0: "300k/s", "2M/s", "500/s"."""
    return float(_positive(text, "rate", COUNTS))


def parse_fraction(text: str) -> float:
    """A share of a whole, from 0 to 1: "0.25" or "25%"."""
    share = _quantity(text, "fraction", SHARES)
    if share > 1:
        raise FreepagesError(f"fraction {text!r} is more than 1")
    return float(share)


def _quantity(text: str, what: str, units: Units, per: str = "") -> Fraction:
    """The number times its unit, which may end with ``per`` or leave it out."""
    match = QUANTITY.fullmatch(text)
    unit = match[3].removesuffix(per) if match else None
    if match is None or unit not in units:
        known = ", ".join(filter(None, units)) + (f" (with or without {per})" if per else "")
        raise FreepagesError(
            f"{what} {text!r:.60} is not a decimal number and one of {known}{' or no unit' * ('' in units)}"
            + (nearest(unit, filter(None, units)) if unit else "")
        )
    if match[1]:
        raise FreepagesError(f"{what} {text!r} is negative")
    return Fraction(match[2]) * units[unit]


def _positive(text: str, what: str, units: Units, per: str = "") -> Fraction:
    value = _quantity(text, what, units, per)
    if not value:
        raise FreepagesError(f"{what} {text!r} is not more than 0")
    return value


def format_bytes(size: float) -> str:
    """A size in bytes for people, in powers of 1024 and four digits: "1.2 GiB", "512 B"."""
    return _format(size, [(1, "B"), *((step, f"{letter}iB") for letter, step in BINARY.items())])


def format_bandwidth(rate: float) -> str:
    """Bytes per second for people: "119.2 MiB/s"."""
    return format_bytes(rate) + "/s"


def format_seconds(seconds: float) -> str:
    """A time in seconds for people: "300 ms", "2.5 s"."""
    return _format(seconds, [(1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1, "s")])


def _format(value: float, units: list[tuple[float, str]]) -> str:
    """The value in the largest of ascending units that it has at least one of, or in the smallest."""
    step, unit = max((step_unit for step_unit in units if abs(value) >= step_unit[0]), default=units[0])
    count = value / step
    return f"{count:.4g} {unit}" if abs(count) < 1e4 else f"{count:.0f} {unit}"
