"""Which pages of a guest's memory hold zeros, read from the file that QEMU keeps it in.

The file is that of `-object memory-backend-file`: page after page of ram_addr, as the migration
bitmap counts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import PAGE_SIZE
from freepages.real.files import open_file

AT_A_TIME = 8 << 20
"""Bytes that are read at a time."""


def of_file(path: Path) -> tuple[bytes, int, int]:
    """A bit for each page, set where it holds zeros (bit i is bit i % 8 of byte i // 8); how many pages there
    are, and how many hold zeros. Raises FreepagesError for a file that is not made of whole pages."""
    found = []
    try:
        with open_file(path) as file:
            while some := file.read(AT_A_TIME):
                if len(some) % PAGE_SIZE:
                    raise FreepagesError(f"{path}: its size is not a multiple of {PAGE_SIZE} bytes")
                found.append(~np.frombuffer(some, np.uint64).reshape(-1, PAGE_SIZE // 8).any(axis=1))
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror}") from None
    if not found:
        raise FreepagesError(f"{path}: it is empty")
    zero = np.concatenate(found)
    return np.packbits(zero, bitorder="little").tobytes(), len(zero), int(zero.sum())
