"""The text of a file of /proc, also after a mail, a pager or Windows had it: its lines, for errors to name.

What such a way does to a text is undone where every line shows it: a byte order mark, UTF-16 (what PowerShell
writes), CR LF, the fences of a code block, quoting ("> ") and indentation.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.real.files import open_file

TEXT_LIMIT = 1 << 26  # bytes; the zoneinfo of a machine with 8 nodes and 1,024 CPUs has a few million

_QUOTED = re.compile(r"[ \t]*[>|] ?")
_FENCE = re.compile(r"\s*(```|~~~)\w*\s*")
_COMPLAINT = re.compile(r".*: (Permission denied|Operation not permitted|No such file or directory)\s*")


class EmptyFile(FreepagesError):
    """A file with nothing in it: what is left where a file of /proc was copied that may not be read."""


class ProcLine(NamedTuple):
    """A line of a file, for the error that names it; only a file's last may lack the newline that ends it."""

    path: Path
    number: int
    text: str
    ended: bool

    def fault(self, what: str) -> FreepagesError:
        return FreepagesError(f"{self.path}: line {self.number}: {what}")

    def unlike(self, what: str) -> FreepagesError:
        """The error for a line that is not of the kind ``what``; it shows how the line begins."""
        return self.fault(f"not {what}; it begins with {self.text[:40]!a}")

    def check_last_column(self, width: int) -> None:
        """Refuse a file's end within a number: the kernel pads it to `width`, and puts a space before it."""
        if not self.ended and len(self.text) - len(self.text.rstrip("0123456789").rstrip()) <= width:
            raise self.fault("cut short within its last number")


def text_lines(path: Path) -> list[ProcLine]:
    """The lines of a file of /proc that are not blank. Raises EmptyFile, or FreepagesError for no text."""
    with io.BufferedReader(open_file(path)) as file:
        data = file.read(TEXT_LIMIT + 1)
    if len(data) > TEXT_LIMIT:
        raise FreepagesError(f"{path}: longer than {TEXT_LIMIT} bytes, no file of /proc")
    text = _decoded(path, data)
    for odd, plain in (("\r\n", "\n"), ("\r", "\n"), ("\xa0", " "), ("\t", " ")):
        text = text.replace(odd, plain)
    parts = dedent("\n".join(_unquoted(text.split("\n")))).split("\n")
    lines = [ProcLine(path, at, part, at < len(parts)) for at, part in enumerate(parts, 1) if part.strip()]
    if not lines:
        raise EmptyFile(f"{path}: empty")
    if len(lines) == 1 and _COMPLAINT.fullmatch(lines[0].text):
        raise EmptyFile(f"{path}: not the file, but what a command said: {lines[0].text[:80]!a}")
    return lines


def _decoded(path: Path, data: bytes) -> str:
    """The text of the bytes, which are ASCII but for the names of devices."""
    code = "utf-8-sig"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        code = "utf-16"
    elif b"\0" in data[:2] and data[:2].strip(b"\0"):  # without a mark every other byte is 0
        if not any(data[1:64:2]):
            code = "utf-16-le"
        elif not any(data[:64:2]):
            code = "utf-16-be"
    try:
        text = data.decode(code)
    except UnicodeDecodeError as error:
        told = "UTF-16 in which " if "16" in code else ""
        raise FreepagesError(f"{path}: {told}byte {error.start} is not text") from None
    if "\0" in text:
        raise FreepagesError(f"{path}: byte {data.index(0)} is not text")
    return text


def _unquoted(lines: list[str]) -> list[str]:
    """The lines without what quotes all of them; a line that is only a fence becomes blank."""
    lines = ["" if _FENCE.fullmatch(line) else line for line in lines]
    while all(_QUOTED.match(line) for line in lines if line.strip()) and any(map(str.strip, lines)):
        lines = [_QUOTED.sub("", line, count=1) for line in lines]
    return lines
