"""A Dask cluster of this machine, whose workers are started as searches and migrations want them.

Dask has a worker give freed memory back to the system at once (M_TRIM_THRESHOLD of mallopt(3)). A migration
takes and frees its bitmaps again and again; paged in anew each time, they take it twice the time.
"""

from __future__ import annotations

import logging
import signal
from typing import Any

ENVIRON = "distributed.nanny.pre-spawn-environ"


def local_client(jobs: int | None = None) -> Any:
    """A client of a new cluster with so many workers, one a processor if not given; a context that ends both.

    Raises ImportError where Dask is not installed.
    """
    import dask
    from distributed import Client

    environ = dict(dask.config.get(ENVIRON, {}))
    environ.pop("MALLOC_TRIM_THRESHOLD_", None)
    with dask.config.set({ENVIRON: environ}):
        client = Client(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
    client.run(_quiet)
    return client


def _quiet() -> None:
    """Ctrl-C reaches every process of the terminal; what it ends is the first one's to decide and to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
