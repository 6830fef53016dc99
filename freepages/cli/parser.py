"""The parser of every command: errors of one line, defaults that are shown, and lists of what names mean."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from textwrap import wrap
from typing import Any, NoReturn

WIDTH = 100


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that ends with an option's default, and leaves lists as they are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        unset = action.default in (None, argparse.SUPPRESS, "") or action.default is False
        if unset or not action.option_strings or isinstance(action.default, list):
            return action.help
        return f"{action.help} (default: %(default)s)"


class Parser(argparse.ArgumentParser):
    """ArgumentParser whose errors are one line. ``more`` makes what stands below the options in the help."""

    def __init__(self, *args: Any, more: Callable[[], str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": _Help, **kwargs})
        self._more = more
        # Negative amounts have units here. Taken for values, they are refused as what they are.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"freepages: {message} (see {self.prog} --help)\n")

    def format_help(self) -> str:
        if self._more:
            self.epilog = self._more()
        return super().format_help()


class Version(argparse.Action):
    """--version: what is installed, and on what it runs."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        import numpy

        try:
            ours = version("freepages")
        except PackageNotFoundError:
            ours = "(a checkout, not installed)"
        python = ".".join(map(str, sys.version_info[:3]))
        print(f"freepages {ours}, Python {python}, numpy {numpy.__version__}")
        parser.exit()


def listed(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Names and what they mean, below a title; what is long goes on below itself."""
    lines = [title]
    rows = list(rows)
    width = min(max(len(name) for name, _ in rows), 24)
    for name, text in rows:
        first, *rest = wrap(text, WIDTH - width - 4)
        if len(name) > width:
            lines, name = [*lines, f"  {name}"], ""
        lines.append(f"  {name:<{width}}  {first}")
        lines += [f"  {'':{width}}  {line}" for line in rest]
    return "\n".join(lines)
