"""What several commands list below their options: proposals, workloads, costs."""

from __future__ import annotations

from freepages.cli.parser import listed
from freepages.debate.proposals import PROPOSALS
from freepages.engine.costs import Costs
from freepages.migrate.workload import FORMS


def workloads() -> str:
    """How a workload is written."""
    return listed("workloads; several are joined with +:", FORMS.items())


def costs() -> str:
    """Every cost that has a source, with its value."""
    costs = [
        (one.name, f"{one.what}: {_value(one.value, one.unit)}")
        for one in Costs().table()
        if one.source != "none"
    ]
    return listed("costs (--cost NAME=VALUE), with their values:", costs)


def _value(value: float, unit: str) -> str:
    """A cost as --cost takes it."""
    return f"{value:.10g} {'B/s' if unit == 'bytes/s' else unit.replace('bytes', 'B')}"


def proposals() -> str:
    """Every proposal, and whose it is."""
    return listed("proposals:", [(one.name, f"{one.claim} ({one.said})") for one in PROPOSALS.values()])
