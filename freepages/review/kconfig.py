"""Kconfig: from the answers that make a .config to every option's value, and why it is that.

Models scripts/kconfig/conf.c and symbol.c of Linux 4.6 for bool and tristate options: prompts, defaults,
depends on, select, and ``option allnoconfig_y``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from freepages.engine.errors import FreepagesError

VALUES = "nmy"  # a tristate's values in their order; a bool knows the outer two


class KbuildError(FreepagesError):
    """A tree or a config that names what does not exist."""


@dataclass(frozen=True)
class Option:
    """One entry of a Kconfig file.

    ``asked`` is the option that must be on for anybody to be asked ("EXPERT" in ``bool "..." if EXPERT``), ""
    where everybody is, None where there is no prompt. ``forced`` marks ``option allnoconfig_y``.
    """

    name: str
    tristate: bool = False
    asked: str | None = ""
    default: str = "n"
    depends: tuple[str, ...] = ()
    selects: tuple[str, ...] = ()
    forced: bool = False


@dataclass(frozen=True)
class Kconfig:
    """How a .config is made: ``answers`` to some options, ``otherwise`` to the others ("": the default).

    The answer "m" to a bool is y. ``source`` says whose config it is.
    """

    name: str
    otherwise: str
    answers: Mapping[str, str]
    source: str


class Setting(NamedTuple):
    """An option's value, why it is that, and the options that this follows from."""

    value: str
    why: str
    causes: tuple[str, ...] = ()


class DotConfig(dict[str, Setting]):
    """Every option's setting."""

    def on(self, name: str) -> bool:
        return self.value(name) != "n"

    def value(self, name: str) -> str:
        """The value of an option; "y" itself is y, so that a rule obj-y needs no case of its own."""
        return name if name == "y" else self[name].value

    def explain(self, name: str) -> list[str]:
        """Why an option has its value, line by line down to what was answered."""
        lines, todo = [], [name]
        while todo:
            setting = self[name := todo.pop(0)]
            line = f"CONFIG_{name}={setting.value}: {setting.why}"
            if line not in lines:
                lines.append(line)
                todo = [*setting.causes, *todo]
        return lines


def settle(options: Sequence[Option], config: Kconfig) -> DotConfig:
    """The .config of these options, of which each stands after all it depends on and all that select it.

    Raises KbuildError for an answer to no option, and for an option before one that it needs.
    """
    settings = DotConfig()
    names = [option.name for option in options]
    for name in config.answers:
        if name not in names:
            raise KbuildError(f"config {config.name}: answers {name}, which is no option of the tree")
    for at, option in enumerate(options):
        needed = {*option.depends, *filter(None, (option.asked,))}
        needed |= {other.name for other in options if option.name in other.selects}
        if late := needed - set(names[:at]):
            raise KbuildError(f"option {option.name} stands before {', '.join(sorted(late))}, which it needs")
        settings[option.name] = _setting(option, options[:at], config, settings)
    return settings


def _setting(option: Option, before: Sequence[Option], config: Kconfig, settings: DotConfig) -> Setting:
    limit = min((settings.value(name) for name in option.depends), key=VALUES.index, default="y")
    limits = tuple(name for name in option.depends if settings.value(name) == limit)
    answer = config.answers.get(option.name, config.otherwise)
    if answer == "m" and not option.tristate:
        answer = "y"
    value, why = option.default, f"the default is {option.default}"
    causes: tuple[str, ...] = ()
    if limit == "n":
        value, why, causes = "n", f"depends on {' and '.join(limits)}", limits
    elif option.asked and not settings.on(option.asked):
        why, causes = f"{why}, and nobody is asked while {option.asked} is off", (option.asked,)
    elif option.asked is not None and option.forced and config.otherwise == "n":
        value, why = "y", "allnoconfig itself sets it, to be asked everything"
    elif option.asked is not None and answer:
        value, why = answer, f"the answer is {answer}"
        if option.asked:
            why, causes = f"{why}, asked because {option.asked} is on", (option.asked,)
    if option.tristate and VALUES.index(value) > VALUES.index(limit):
        value, why, causes = limit, f"depends on {' and '.join(limits)}", limits
    selectors = tuple(other.name for other in before if option.name in other.selects)
    strongest = max((settings.value(name) for name in selectors), key=VALUES.index, default="n")
    if VALUES.index(strongest) > VALUES.index(value):
        causes = tuple(name for name in selectors if settings.value(name) == strongest)
        value, why = strongest, f"selected by {' and '.join(causes)}"
    elif option.asked is None and selectors and value == "n":
        why, causes = f"only {' or '.join(selectors)} could select it", selectors
    modules = option.tristate and "MODULES" in settings and settings.on("MODULES")
    return Setting("y" if value == "m" and not modules else value, why, causes)
