"""The lines of a long text file, gzipped or not, as they are read."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from freepages.engine.errors import FreepagesError
from freepages.real.files import open_file

GZIP = b"\x1f\x8b"
EVERY = 1 << 12  # lines between two looks of who watches

Watch = Callable[[int], bool]
"""Called with how many bytes of the file are read; true where the reading is to stop."""


def unwatched(read: int) -> bool:
    return False


def text_lines(path: Path, watch: Watch = unwatched) -> Iterator[tuple[int, str]]:
    """The lines of a text file, gzipped or not, numbered from 1. Those that ``watch`` stops end early.

    Raises FreepagesError for a file that cannot be read, and for gzipped data that is cut or damaged: it
    names the line that is not whole.
    """
    number = 0
    try:
        with open_file(path) as raw:
            zipped = raw.read(2) == GZIP
            raw.seek(0)
            source: Any = gzip.GzipFile(fileobj=raw) if zipped else raw
            lines = io.TextIOWrapper(io.BufferedReader(source, 1 << 20), "utf-8", "replace")
            for number, line in enumerate(lines, 1):
                yield number, line
                if number % EVERY == 0 and watch(raw.tell()):
                    return
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FreepagesError(
            f"{path}, line {number + 1}: expected more: the gzipped data is cut or damaged"
        ) from None
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror or error}") from None


def first_line(path: Path) -> str:
    """The first line that is not empty, or nothing."""
    return next((line for _, line in text_lines(path) if line.strip()), "")
