"""The parser of every command: errors of one line, defaults that are shown, and lists of what names mean."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from itertools import takewhile
from textwrap import wrap
from typing import Any, NoReturn

from freepages.engine.errors import FreepagesError, unknown

WIDTH = 100
BEFORE_NAME = "argument "
"""What argparse says before the name of an option."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that ends with an option's default, and leaves lists as they are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        unset = action.default in (None, argparse.SUPPRESS, "") or action.default is False
        if unset or not action.option_strings or isinstance(action.default, list):
            return action.help
        return f"{action.help} (default: %(default)s)"


class Parser(argparse.ArgumentParser):
    """ArgumentParser whose errors are one line.

    ``module`` is a command's: loaded when the command is given, it adds its ``options`` to the parser; its
    ``more()``, where it has one, makes what stands below them in the help.
    """

    def __init__(self, *args: Any, module: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": _Help, **kwargs})
        self._module, self._more = module, None
        # Negative amounts have units here. Taken for values, they are refused as what they are.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        raise FreepagesError(f"{message.removeprefix(BEFORE_NAME)} (see {self.prog} --help)")

    def load(self) -> None:
        """Add the command's options, once."""
        if self._module:
            command, self._module = import_module(self._module), ""
            command.options(self)
            self.set_defaults(run=command.run)
            self._more = getattr(command, "more", None)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """An option that is none is told first: what stands after it would be taken for something else."""
        self.load()
        args = list(sys.argv[1:] if args is None else args)
        names = [name for name in self._option_string_actions if name.startswith("--")]

        def is_option(text: str) -> bool:
            return text.startswith("--")

        of_a_command = bool(self._subparsers)  # whose options are not ours
        for text in takewhile(is_option, args) if of_a_command else filter(is_option, args):
            name = text.partition("=")[0]
            if not any(known.startswith(name) for known in names):
                self.error(str(unknown("option", name, names)))
        return super().parse_known_args(args, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            name = (action.option_strings or [str(action.metavar or action.dest).lower()])[0]
            raise argparse.ArgumentError(None, str(unknown(name, value, action.choices)))

    def format_help(self) -> str:
        if self._more:
            self.epilog = self._more()
        return super().format_help()


@cache
def installed() -> str | None:
    """The version that is installed; None in a checkout that is not. Looked up once: a sweep asks a thousand
    times."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("freepages")
    except PackageNotFoundError:
        return None


class Version(argparse.Action):
    """--version: what is installed, and on what it runs."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import numpy

        ours = installed() or "(a checkout, not installed)"
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
