"""Notebook 00: is everything here that the notebooks need?"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from freepages.engine.errors import FreepagesError
from freepages.real.data_path import data_path


class Installed:
    """One line for each thing the notebooks need: whether it is there, and what to do if not.

    Versions are in ``found``, not in the text: the text is the same on every machine that is well.
    """

    def __init__(self) -> None:
        self.found = {"python": sys.version.split()[0]}
        self.lines: list[str] = []
        for wanted in requires("freepages") or ():
            if ";" in wanted:  # an extra, which the notebooks do without
                continue
            name, _, least = wanted.partition(">=")
            try:
                have = self.found[name] = version(name)
            except PackageNotFoundError:
                self._say(False, name, f"is not installed: pip install '{wanted}'")
                continue
            fits = _numbers(have) >= _numbers(least)
            self._say(fits, name, "" if fits else f"is {have}: pip install --upgrade '{wanted}'")
        try:
            data_path("snapshots")
            self._say(True, "data/snapshots")
        except FreepagesError as error:
            self._say(False, "data/snapshots", f"is missing: {error}")

    def _say(self, fits: bool, what: str, why: str = "") -> None:
        self.lines.append(f"{'✓' if fits else '✗'} {what} {why}".rstrip())

    @property
    def ok(self) -> bool:
        return all(line.startswith("✓") for line in self.lines)

    def __repr__(self) -> str:
        end = (
            "All is well: go on to 01."
            if self.ok
            else "Mend the lines with ✗, restart the kernel, run this again."
        )
        return "\n".join([*self.lines, end])


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def check() -> Installed:
    """Look for everything the notebooks need."""
    return Installed()
