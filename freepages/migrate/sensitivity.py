"""How much a migration's time hangs on each cost: it is run again with every one of them a quarter off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.text_table import columns
from freepages.migrate.timed_migration import Migrated

OFF = 0.25
MATTERS = 0.001
"""The change of the total, as a share of it, from which on a cost is told of."""


class Sensitive(NamedTuple):
    """By how much the total changes, as a share of it, when a cost is a quarter less and a quarter more."""

    name: str
    value: float
    less: float
    more: float


def sensitivity(run: Callable[[Costs], Migrated], costs: Costs, total: int) -> list[Sensitive]:
    """The costs that matter, those that matter most first; ``run`` migrates the same guest again."""
    found = []
    for told in costs.table():
        if told.source == "none":  # a time that was reckoned is no cost
            continue
        changes = [
            run(replace(costs, **{told.name: told.value * (1 + off)})).total / total - 1
            for off in (-OFF, OFF)
        ]
        if max(map(abs, changes)) >= MATTERS:
            found.append(Sensitive(told.name, told.value, *changes))
    return sorted(found, key=lambda one: -max(abs(one.less), abs(one.more)))


def as_text(found: list[Sensitive]) -> str:
    """A table, or a sentence where none matters."""
    if not found:
        return f"no cost changes the total by {MATTERS:.1%} when it is {OFF:.0%} off"
    rows = [["cost", "value", f"{-OFF:+.0%}", f"{OFF:+.0%}"]]
    rows += [[one.name, f"{one.value:g}", f"{one.less:+.1%}", f"{one.more:+.1%}"] for one in found]
    return "\n".join(["how the total changes:", *columns(rows, range(1, 4))])
