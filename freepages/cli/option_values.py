"""What options take. Each value is read as the option is, so what is wrong with it is told with the option's
name: ``--free: fraction '1.8' is more than 1``.

    add("--free", type=taken(parse_fraction))
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.quantity import parse_bandwidth, parse_fraction

T = TypeVar("T")

MOST_DIGITS = 18
"""Of a whole number. What is longer is a mistake, and Python refuses some thousands."""


def taken(read: Callable[[str], T]) -> Callable[[str], T]:
    """An option's ``type``: its value is what ``read`` makes of the text."""

    def value(text: str) -> T:
        try:
            return read(text)
        except FreepagesError as error:
            raise ArgumentTypeError(str(error)) from None

    return value


def whole(least: int = 0, most: int | None = None) -> Callable[[str], int]:
    """An option's ``type``: a whole number, so much at least, and at most."""
    wanted = f"of {least} or more" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        digits = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
        if not digits or not least <= int(text) <= (int(text) if most is None else most):
            raise FreepagesError(f"{text!r:.60} is not a whole number {wanted}")
        return int(text)

    return taken(read)


def file_or_share(text: str) -> Path | float:
    """The path of a file that is there, or a share from 0 to 1."""
    if text and Path(text).exists():
        return Path(text)
    try:
        return parse_fraction(text)
    except FreepagesError as error:
        raise FreepagesError(f"there is no file {text!r:.60}, and {error}") from None


def machine(text: str) -> str:
    """The name of a machine."""
    from freepages.pages.pc_memory import BELOW_4G

    if text not in BELOW_4G:
        raise unknown("machine", text, BELOW_4G)
    return text


def qemu(text: str) -> str:
    """The name of a version of QEMU."""
    from freepages.host.qemu import qemu as version

    return version(text).version


def workload(text: str) -> str:
    """The text of a workload."""
    from freepages.migrate.workload import Workload

    return Workload.parse(text).text


def cost(text: str) -> str:
    """A cost and its value, as NAME=VALUE."""
    from freepages.engine.costs import Costs

    Costs().changed([text])
    return text


def link(text: str) -> str:
    """The value of the cost of that name."""
    parse_bandwidth(text)
    return text
