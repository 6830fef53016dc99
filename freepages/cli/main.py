"""The command line: `freepages COMMAND`, or `python -m freepages COMMAND`.

Whatever is wrong with what a command was given is a FreepagesError: one line on stderr, and exit status 2.
A command whose ``run`` returns true has failed: exit status 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from freepages.cli.parser import Parser, Version

COMMANDS = {
    "lab": "copy the notebooks into a folder and open them in JupyterLab",
    "capture": "write this machine's free pages to a file; as root every page, else only block counts",
    "bitmap": "the free-page bitmap of a snapshot",
    "ring": "what a dumped virtqueue says",
    "check": "search every interleaving of a proposal: can it lose a page, and how",
    "migrate": "migrate a guest by the clock: what it takes, what is sent",
    "compare": "lay a prediction beside QEMU's own counters, and fit costs to them",
    "zeros": "which pages of a guest's memory file hold zeros: the bitmap that --zero takes",
    "replay": "replay a recorded allocator: compare it with the model, or see a running kernel's pages",
    "sweep": "migrate or check for every cell of a grid, over all cores or a Dask cluster",
    "scenarios": "what there is to step through: names, and the letters of processes",
    "export": "a page that plays a scenario offline, or a picture of a step",
    "bench": "measure how fast freepages is on this machine",
}
"""The commands, each with what it does. A module of this room has the command's name. In it are its
``options``, what it does (``run``), and where there is more to say below the options, ``more``. Only the
module of the command that is given is loaded."""


def parser() -> Parser:
    """The parser of the whole command line."""
    top = Parser(
        prog="freepages",
        description="Free pages of a guest, and a migration that skips them.",
        epilog="freepages COMMAND --help says more; freepages migrate --help, how to migrate your own guest.",
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the versions, and end")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, does in COMMANDS.items():
        commands.add_parser(name, help=does, module=f"freepages.cli.{name}")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    from freepages.engine.errors import FreepagesError

    closed = _ready_streams()
    try:
        args = parser().parse_args(argv)
        failed = args.run(args)
        sys.stdout.flush()
        if closed:
            raise FreepagesError("the output cannot be written: standard output is closed")
    except FreepagesError as error:
        return _told(str(error))
    except BrokenPipeError:  # the reader of our output had enough
        _drop_output()
        return 1
    except OSError as error:
        if error.filename is not None:
            return _told(f"{error.filename}: {error.strerror}")
        _drop_output()  # what is read or written by name says so: this is our own output
        return _told(f"the output cannot be written: {error.strerror}")
    except MemoryError:
        return _told("there is not enough memory for this (or a limit on it: ulimit -v)")
    except KeyboardInterrupt:
        return 130
    return int(bool(failed))


def _ready_streams() -> bool:
    """Make what a terminal cannot encode an escape, and give a closed stream a place to write to; whether
    standard output is closed."""
    closed = sys.stdout is None
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return closed


def _drop_output() -> None:
    """What is still to be written goes nowhere, or it would be an error again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(what: str) -> int:
    print(f"freepages: {what}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
