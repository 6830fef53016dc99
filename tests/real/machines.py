"""The copies of real /proc files in tests/data, unpacked for a test."""

import gzip
import shutil
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent.parent / "data"
MACHINES = ("proc-pc-128m", "proc-numa-1g", "proc-i386-1536m")


def unpack(name: str, folder: Path) -> Path:
    """A folder as `freepages bitmap --proc` takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in (DATA / name).iterdir():
        if source.suffix == ".gz":
            (folder / source.stem).write_bytes(gzip.decompress(source.read_bytes()))
        else:
            shutil.copy(source, folder / source.name)
    return folder


def keep_heads_only(folder: Path) -> None:
    """Make kpageflags what a kernel before 4.6 would have said: BUDDY on the first page of each block."""
    from freepages.real.block_placement import blocks_of
    from freepages.real.kpageflags import read_buddy_bits

    path = folder / "kpageflags"
    flags = np.fromfile(path, "<u8")
    heads = np.concatenate(blocks_of(read_buddy_bits(path, len(flags)).runs()))
    flags &= ~np.uint64(1 << 10)
    flags[heads] |= np.uint64(1 << 10)
    flags.tofile(path)
