"""`freepages ring`: what a dumped virtqueue says."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from freepages.balloon.decoded_dump import as_json, as_text, decode
from freepages.balloon.messages import MEANINGS
from freepages.virtqueue.dump import read_dump


def options(command: ArgumentParser) -> None:
    command.add_argument(
        "dump",
        metavar="DUMP",
        type=Path,
        help="the dump, a JSON file (data/rings/README.md); or QEMU's answer to x-query-virtio-queue-status",
    )
    command.add_argument(
        "--queue", choices=list(MEANINGS), help="the balloon's queue: say what its buffers mean"
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def run(args: Namespace) -> None:
    dump = read_dump(args.dump)
    state = decode(dump)
    print(json.dumps(as_json(dump, state, args.queue)) if args.json else as_text(dump, state, args.queue))
