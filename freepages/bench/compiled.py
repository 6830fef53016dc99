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

from freepages.errors import FreepagesError
from freepages.pages import MAX_ORDER, PageBitmap

Heads = Sequence[NDArray[np.uint32]]
Method = Callable[[Heads, PageBitmap], object]

FUNCTIONS = ("patch_loop", "plain_bits", "per_block", "word_wise")


def c_methods() -> dict[str, Method]:
    """The functions of patch_loop.c by name, compiled with `cc -O2` ($CC, if set).

    Raises FreepagesError where there is no C compiler, or it fails.
    """
    compiler = os.environ.get("CC", "cc")
    if not shutil.which(compiler):
        raise FreepagesError(f"no C compiler ({compiler})")
    with TemporaryDirectory() as folder:
        library = Path(folder) / "patch_loop.so"
        source = library.with_suffix(".c")
        source.write_bytes(resources.files(__package__).joinpath("patch_loop.c").read_bytes())
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            complaint = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
            raise FreepagesError(f"{' '.join(command[:4])} patch_loop.c: {complaint}")
        loaded = ctypes.CDLL(str(library))
    return {name: _method(getattr(loaded, name)) for name in FUNCTIONS}


def _method(function: ctypes._NamedFuncPointer) -> Method:
    function.restype = None
    function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_uint64]

    def method(heads: Heads, bitmap: PageBitmap) -> None:
        pointers = (ctypes.c_void_p * MAX_ORDER)(*(part.ctypes.data for part in heads))
        lengths = (ctypes.c_uint64 * MAX_ORDER)(*map(len, heads))
        function(pointers, lengths, bitmap.bytes.ctypes.data, bitmap.pages)

    return method
