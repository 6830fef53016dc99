"""The C side of the benchmarks, compiled where it is measured."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import MAX_ORDER

Heads = Sequence[NDArray[np.uint32]]
Method = Callable[[Heads, PageBitmap], object]

FUNCTIONS = ("patch_loop", "plain_bits", "per_block", "word_wise")


def c_methods() -> dict[str, Method]:
    """The functions of patch_loop.c by name, compiled with `cc -O2` ($CC, if set).

    Raises FreepagesError where there is no C compiler, or it fails.
    """
    loaded = compiled("patch_loop.c", "-O2")
    return {name: _method(getattr(loaded, name)) for name in FUNCTIONS}


def compiled(source: str, *flags: str) -> ctypes.CDLL:
    """A C file of this folder, compiled with `cc` ($CC, if set) and loaded.

    Raises FreepagesError where there is no C compiler, or it fails.
    """
    compiler = os.environ.get("CC", "cc")
    if not shutil.which(compiler):
        raise FreepagesError(f"no C compiler ({compiler})")
    with TemporaryDirectory() as folder:
        path = Path(folder) / source
        library = path.with_suffix(".so")
        path.write_bytes(resources.files(__package__).joinpath(source).read_bytes())
        command = [compiler, *flags, "-shared", "-fPIC", "-o", str(library), str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            complaint = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
            raise FreepagesError(f"{' '.join(command[:-3])} {source}: {complaint}")
        return ctypes.CDLL(str(library))


def _method(function: ctypes._NamedFuncPointer) -> Method:
    function.restype = None
    function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_uint64]

    def method(heads: Heads, bitmap: PageBitmap) -> None:
        pointers = (ctypes.c_void_p * MAX_ORDER)(*(part.ctypes.data for part in heads))
        lengths = (ctypes.c_uint64 * MAX_ORDER)(*map(len, heads))
        function(pointers, lengths, bitmap.bytes.ctypes.data, bitmap.pages)

    return method
