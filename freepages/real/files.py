"""Whole files: opened only if they are files, written only if all of it can be."""

from __future__ import annotations

import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

from freepages.engine.errors import FreepagesError

MOST = 1 << 26
"""Bytes of a text that is read whole; what is longer is another file than was meant."""
NONBLOCK = getattr(os, "O_NONBLOCK", 0)
"""Windows has no pipes among its files, and no such flag."""


class _File(FileIO):
    """A file whose errors of reading name it, as those of opening do."""

    def _named(self, error: OSError) -> OSError:
        error.filename = str(self.name)
        return error

    def readinto(self, buffer: Any) -> Any:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise self._named(error) from None

    def read(self, size: int | None = -1, /) -> Any:
        try:
            return super().read(-1 if size is None else size)
        except OSError as error:
            raise self._named(error) from None


def open_file(path: Path) -> FileIO:
    """Open a file to read; a FreepagesError for a pipe (which would wait) or a device, else the OSError."""
    file = _File(path, "rb", opener=lambda name, flags: os.open(name, flags | NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FreepagesError(f"{path}: not a file")
    return file


def read_file(path: Path, most: int = MOST) -> bytes:
    """All of a file. Raises FreepagesError, which names it, for one that cannot be read or is longer."""
    try:
        with BufferedReader(open_file(path)) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror}") from None
    if len(data) > most:
        raise FreepagesError(f"{path}: it has more than {most:,} bytes")
    return data


def check_output(path: Path, *read: Path | None) -> None:
    """Refuse, before the work is done, what cannot be written then: a folder, a file in a folder that is not
    there, and one of the files that are read."""
    if path.is_dir():
        raise FreepagesError(f"{path}: Is a directory")
    if not path.parent.is_dir():
        raise FreepagesError(f"{path}: there is no folder {path.parent}")
    if path.is_file() and any(some and some.exists() and some.samefile(path) for some in read):
        raise FreepagesError(f"{path}: it is read, and would be written over")


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
