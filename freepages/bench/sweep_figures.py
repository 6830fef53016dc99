"""What `freepages sweep` costs beside the bare loop: migrations of 8 GiB on two processes, and on Dask.

The bare loop migrates each guest and keeps nothing; it has its two processes before the clock starts. The
command is timed whole: it starts Python and its workers, and writes its table. A Dask cluster takes seconds
to start, however long the sweep is, so there is a row for one that runs already. A round has all in turn; the
figure is the median. Dask's rows are left out where it is not installed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from freepages.bench import Row
from freepages.engine.errors import FreepagesError
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate
from freepages.search.check_many import processes
from freepages.search.dask_cluster import local_client

WORKERS, ROUNDS, MIGRATIONS = 2, 3, 1000
PROPOSALS = ("everything", "snapshot")
WORKLOAD = "dirty:50MiB/s:256MiB"


def rows(migrations: int = MIGRATIONS, rounds: int = ROUNDS) -> Iterator[Row]:
    """A row a way to do it; ``ratio`` is to the bare loop."""
    seeds = range(migrations // len(PROPOSALS))
    with ExitStack() as stack:
        pool = stack.enter_context(processes(WORKERS))
        folder = stack.enter_context(TemporaryDirectory())
        file, name = Path(folder) / "grid.toml", count()
        file.write_text(
            f'[grid]\nram = "8GiB"\nworkload = "{WORKLOAD}"\n'
            f"proposal = {list(PROPOSALS)}\nseed = {list(seeds)}\n",
            encoding="utf-8",
        )

        def swept(on: str) -> None:
            words = [str(file), "--on", on, "--jobs", f"{WORKERS}", "--out", f"{folder}/{next(name)}.csv"]
            ended = subprocess.run([sys.executable, "-m", "freepages", "sweep", *words], capture_output=True)
            if ended.returncode:
                raise FreepagesError(f"bench sweep: {ended.stderr.decode().strip()}")

        ways: dict[str, Callable[[], object]] = {
            "bare loop": lambda: list(pool.map(migrated, [seeds[at::WORKERS] for at in range(WORKERS)])),
            "freepages sweep": lambda: swept("processes"),
        }
        if find_spec("distributed"):
            ways["freepages sweep --on dask"] = lambda: swept("dask")
            address = stack.enter_context(local_client(WORKERS)).scheduler.address
            ways["freepages sweep --on tcp://..., a cluster that runs"] = lambda: swept(address)
        list(pool.map(migrated, [range(1)] * WORKERS))  # started, and warm
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, run in ways.items():
                start = perf_counter()
                run()
                took[way].append(perf_counter() - start)
    bare = median(took["bare loop"])
    for way, times in took.items():
        wall = median(times)
        yield {
            "what": way,
            "migrations": migrations,
            "wall_s": round(wall, 2),
            "ratio": round(wall / bare, 3),
        }


def migrated(seeds: range) -> None:
    """Each proposal once for each seed, in a loop."""
    for seed in seeds:
        for proposal in PROPOSALS:
            migrate(Guest.made_up(8 << 30, 0.6, None, seed), proposal, WORKLOAD, seed=seed)
