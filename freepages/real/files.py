"""Whole files: opened only if they are files, written only if all of it can be."""

from __future__ import annotations

import os
import stat
from io import FileIO
from pathlib import Path

from freepages.engine.errors import FreepagesError

NONBLOCK = getattr(os, "O_NONBLOCK", 0)
"""Windows has no pipes among its files, and no such flag."""


def open_file(path: Path) -> FileIO:
    """Open a file to read; a FreepagesError for a pipe (which would wait) or a device, else the OSError."""
    file = open(  # noqa: SIM115
        path, "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | NONBLOCK)
    )
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FreepagesError(f"{path}: not a file")
    return file


def write_file(path: Path, data: bytes | memoryview) -> None:
    """Write a file, or leave what was there as it was. A pipe or a device is written straight to."""
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # for a folder, the error
            return
        part = target.with_name(f".freepages.{os.getpid()}.part")
        try:
            with open(part, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                os.chmod(part, stat.S_IMODE(target.stat().st_mode))
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror}") from None
