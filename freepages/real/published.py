"""Published measurements, as data with their sources: what the mails and papers print, in their own numbers.

The tables are data/published/*.json, one row a line; data/published/README.md says where each comes from and
what in it does not add up. A reduction is never stored but reckoned from its two numbers; `printed` is the
percentage that the mail gives, right or wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.text_table import columns
from freepages.real.data_path import data_path


@dataclass(frozen=True, repr=False)
class Table:
    """One published table.

    ``columns`` is the unit of each column, "" where it has none, by its name, the key of its value in a row.
    ``source`` and ``date`` (YYYY-MM or YYYY-MM-DD) are the table's; a row whose numbers stand elsewhere has a
    ``source`` of its own. ``setup`` is the machine: words, and for the computer ``ram_bytes``, ``link_bits``
    (a second), ``limit_bytes`` (the speed limit, a second), ``downtime_ms`` (its limit) and ``vcpus``, each
    only where the source says it; a row's own goes before. A value that the source does not give is None.
    """

    name: str
    title: str
    source: str
    date: str
    author: str
    setup: Mapping[str, Any]
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    remarks: Sequence[str]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every address that the numbers come from, each once, in the order of the rows."""
        return tuple(dict.fromkeys(row.get("source", self.source) for row in self.rows))

    def cells(self) -> list[list[str]]:
        """The headings and the rows as texts; after each pair original, optimised how much less it is."""
        shown = []
        for name, unit in self.columns.items():
            heading = f"{name} {unit}".strip().replace("_", " ")
            shown.append([heading, *_texts([row[name] for row in self.rows])])
            kind, _, what = name.partition("_")
            if kind == "optimised":
                pairs = [(row[name.replace(kind, "original")], row[name]) for row in self.rows]
                less = [None if None in pair else round(reduction(*pair), 1) for pair in pairs]
                shown.append([f"less {what}".strip() + " %", *_texts(less)])
        return [list(row) for row in zip(*shown, strict=True)]

    def text(self) -> str:
        """The table with its source, its set-up and the remarks, as text."""
        about = [["date", self.date], ["author", self.author]]
        about += [["source", source] for source in self.sources]
        about += [[key, str(value)] for key, value in self.setup.items()]
        cells = self.cells()
        right = {at for at, under in enumerate(zip(*cells[1:], strict=True)) if all(map(_is_number, under))}
        return "\n".join(
            [f"{self.name}: {self.title}", *columns(about), "", *columns(cells, right, rule=True), ""]
            + [f"- {remark}" for remark in self.remarks]
        )

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        head, *rows = ["| " + " | ".join(cells) + " |" for cells in self.cells()]
        rule = "|" + " --- |" * (head.count("|") - 1)
        sources = ", ".join(f"<{source}>" if "://" in source else source for source in self.sources)
        told = f"**{self.title}** ({self.author}, {self.date})"
        remarks = [f"- {remark}" for remark in self.remarks]
        return "\n".join([told, "", head, rule, *rows, "", *remarks, "", f"Source: {sources}"])


@dataclass(frozen=True)
class Case:
    """One published migration, with and without skipping free pages; None is what the source does not say.

    ``total_ms`` and ``ram_kib`` (sent) are by what was migrated with: ``everything`` and one of ``snapshot``
    (the RFC of March 2016), ``list_walk`` (v3 to v34, the free lists walked and told in some other way) or
    ``free_page_hint`` (from v36 on, blocks allocated). ``workload`` is ``idle``, ``hog-ended`` or
    ``kernel-build``. ``link_bits`` is bits, ``limit_bytes`` (the speed limit) bytes a second.
    """

    table: str
    name: str
    workload: str
    ram_bytes: int | None
    vcpus: int | None
    link_bits: int | None
    limit_bytes: int | None
    downtime_ms: int | None
    total_ms: Mapping[str, int]
    ram_kib: Mapping[str, int]


def tables() -> tuple[str, ...]:
    """The names of the published tables, the oldest first."""
    names = [path.stem for path in data_path("published").glob("*.json")]
    return tuple(sorted(names, key=lambda name: (_read(name)["date"], name)))


def table(name: str) -> Table:
    """The published table of this name; FreepagesError names the nearest where there is none."""
    if name not in tables():
        raise unknown("published table", name, tables())
    return Table(name=name, **_read(name))


def cases() -> Iterator[Case]:
    """Every migration of the tables, those whose rows have a workload, the oldest first."""
    known = ("ram_bytes", "vcpus", "link_bits", "limit_bytes", "downtime_ms")
    for one in map(table, tables()):
        for row in one.rows:
            if "workload" in row:
                told, by = {**one.setup, **row}, {"everything": "original", row["by"]: "optimised"}
                yield Case(
                    table=one.name,
                    name=row["case"],
                    workload=row["workload"],
                    total_ms={way: row[which] for way, which in by.items()},
                    ram_kib={way: row[f"{which}_ram"] for way, which in by.items() if f"{which}_ram" in row},
                    **{key: told.get(key) for key in known},
                )


def reduction(original: float, optimised: float) -> float:
    """How much less `optimised` is than `original`, in percent; FreepagesError unless `original` is > 0."""
    if not original > 0:
        raise FreepagesError(f"no reduction of {original}: it must be more than 0")
    return 100 * (1 - optimised / original)


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(data_path("published", f"{name}.json").read_text(encoding="utf-8"))
    return read


def _texts(values: Sequence[str | float | None]) -> list[str]:
    """The values as texts, those with a decimal point to the same number of decimals."""
    decimals = max((len(str(v).partition(".")[2]) for v in values if isinstance(v, float)), default=0)
    return ["-" if v is None else f"{v:.{decimals}f}" if isinstance(v, float) else str(v) for v in values]


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "", 1).isdigit()
