"""How much a migration's time hangs on each cost: it is run again with every one of them a quarter off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import Any, NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import format_bytes
from freepages.engine.text_table import columns
from freepages.engine.working import working
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import Migrated, migrate

OFF = 0.25
MATTERS = 0.001
"""The change of the total, as a share of it, from which on a cost is told of."""


class Sensitive(NamedTuple):
    """By how much the total changes, as a share of it, when a cost is a quarter less and a quarter more;
    infinite where the migration then has no end."""

    name: str
    value: float
    less: float
    more: float

    def as_json(self) -> dict[str, Any]:
        """The fields; null for what is infinite, which JSON has no number for."""
        return {name: None if value == inf else value for name, value in self._asdict().items()}


def sensitivity(run: Callable[[Costs], Migrated], costs: Costs) -> list[Sensitive]:
    """The costs that matter, those that matter most first; ``run`` migrates the same guest again."""
    asked, total = _asked_for(run, costs)
    found = []
    for told in working(costs.table(), "costs tried"):
        if told.source == "none" or told.name not in asked:  # a time that was reckoned is no cost
            continue
        changes = [
            _total(run, replace(costs, **{told.name: told.value * (1 + off)})) / total - 1
            for off in (-OFF, OFF)
        ]
        if max(map(abs, changes)) >= MATTERS:
            found.append(Sensitive(told.name, told.value, *changes))
    return sorted(found, key=lambda one: -max(abs(one.less), abs(one.more)))


def _asked_for(run: Callable[[Costs], Migrated], costs: Costs) -> tuple[set[str], int]:
    """The costs that a run asks for, as the others cannot change it; and its total time."""
    names = set()

    class Noting(Costs):
        def __getattribute__(self, name: str) -> Any:
            names.add(name)
            return super().__getattribute__(name)

    total = run(Noting(**vars(costs))).total
    return names, total


def _total(run: Callable[[Costs], Migrated], costs: Costs) -> float:
    try:
        return run(costs).total
    except FreepagesError:  # the downtime is not reached
        return inf


def spread(
    figure: Callable[[Costs], float], names: Iterable[str], costs: Costs | None = None
) -> tuple[float, float]:
    """The least and the most that a figure is while one of the named costs is a quarter less or more."""
    costs = costs or Costs()
    found = [figure(costs)]
    for name in names:
        value = getattr(costs, name)
        found += [figure(replace(costs, **{name: value * (1 + off)})) for off in (-OFF, OFF)]
    return min(found), max(found)


class Saving(NamedTuple):
    """One guest migrated with everything sent, and as a proposal has it.

    ``least`` and ``most`` are by how much less time that takes, as a share, while a cost is a quarter off.
    """

    everything: Migrated
    skipping: Migrated
    least: float
    most: float

    def __repr__(self) -> str:
        both = [
            f"{done.total / 1e9:.1f} s and {format_bytes(done.transferred_bytes)}"
            for done in (self.everything, self.skipping)
        ]
        low, high = (round(100 * share) for share in (self.least, self.most))
        return f"everything {both[0]}, skipping {both[1]}: {low}{f' to {high}' * (low < high)} % less time"


def saving(
    guest: Guest,
    workload: str = "idle",
    name: str = "snapshot",
    names: Sequence[str] = ("link", "zero_scan", "walk_page"),
    **how: Any,
) -> Saving:
    """What a proposal saves of a guest's migration; ``names`` are the costs that may be a quarter off, and
    ``how`` is as in :func:`freepages.migrate.timed_migration.prepare`. The guest is not used up."""

    def both(costs: Costs) -> tuple[Migrated, Migrated]:
        with_all = migrate(guest.copy(), "everything", workload, costs=costs, keep=False, **how)
        return with_all, migrate(guest.copy(), name, workload, costs=costs, keep=False, **how)

    def share(costs: Costs) -> float:
        everything, skipping = both(costs)
        return 1 - skipping.total / everything.total

    return Saving(*both(Costs()), *spread(share, names))


def as_text(found: list[Sensitive]) -> str:
    """A table that says what each cost is, or a sentence where none matters."""
    if not found:
        return f"no cost changes the total by {MATTERS:.1%} when it is {OFF:.0%} off"
    told = {one.name: one for one in Costs().table()}
    rows = [["cost", "value", "unit", f"{-OFF:+.0%}", f"{OFF:+.0%}", "what it is"]]
    for name, value, *changes in found:
        rows.append([name, f"{value:.4g}", told[name].unit, *map(_said, changes), told[name].what])
    return "\n".join(["how the total changes:", *columns(rows, (1, 3, 4))])


def _said(change: float) -> str:
    """A change of the total, as text."""
    if change == inf:
        return "no end"
    return f"{change:+.0%}" if abs(change) >= 0.01 else f"{change:+.1%}"
