"""Notebook 22: which claims are bugs; and which row of the review explains what was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freepages.engine import Run
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.pages.orders import MAX_ORDER, PAGE_SIZE
from freepages.pages.pc_memory import GIB
from freepages.review import row
from freepages.review.rows_host import not_sent
from freepages.review.symptoms import request_lost
from freepages.scenarios.balloon import Machine

LARGEST_BLOCK = PAGE_SIZE << (MAX_ORDER - 1)
"""Bytes; each of its bits is a page, and GIB counts in pages."""
ASKED = ("B10", "B12", "B21")

prediction = Forecast(
    lambda: {"B8": LARGEST_BLOCK * 8 // GIB} | {name: row(name).verdict for name in ASKED},
    why={name: row(name).claim for name in ("B8", *ASKED)},
    wrong={
        "B8": {
            16: "A byte has 8 bits, and each bit is a page.",
            4: "4 MiB is the bitmap. Each of its bits stands for 4 KiB.",
            32: "4 MiB are 32 million bits. How much memory is a bit?",
        },
        "B10": {
            "bug": "A guest of 64 bits sends 8 bytes, which is what the host reads.",
            "harmless": "A guest of 32 bits sends 4 bytes. The host begins the bitmap 4 bytes too far on.",
        },
        "B12": {
            "bug": "The place of each bit does not depend on the CPU. That is what the host needs.",
            "conditional": "It is right on every CPU. B10's length before it is not.",
        },
        "B21": {
            "bug": "A page that was free since the request may be reported. A later write is logged.",
            "conditional": "It holds for every guest with two zones, and no page is lost by it.",
        },
    },
)
"""Up to how many GiB there is a bitmap, and the verdicts of three rows."""

SYMPTOMS: dict[str, tuple[str, Callable[[Run], object]]] = {
    "hangs": ("the host waits for ever for the answer to its second request", request_lost),
    "dies": ("the guest's kernel has crashed", lambda run: run.world.kernel.crashed),
    "corrupts": (
        "a guest of 64 bits has a hole in its memory, and pages that were never free will not be sent",
        lambda run: "ram" in run.world.notes and not_sent(run.world) & run.world.never_free(),
    ),
    "gives up": (
        "the device marks the queue as broken and serves it no more",
        lambda run: run.world.device.broken("free_pages"),
    ),
}
"""What was seen, by a word for it: as a sentence, and as a property of the last state of a run."""


def _judge(answer: Any) -> str:
    if not isinstance(answer, dict):
        raise Wrong(f"the answer is {{'hangs': 'B1', ...}}, not {answer!r:.60}.")
    for word, (seen, shows) in SYMPTOMS.items():
        if answer.get(word, ...) is ...:
            raise Wrong(f"nothing is said of {word!r} yet.")
        shown = row(answer[word]).run()
        if not isinstance(shown.run.world, Machine) or not shows(shown.run):
            raise Wrong(f"{word}: {seen}. But the run of {answer[word]} ends like this: {shown.sentence}.")
    return f"the runs of {', '.join(answer[word] for word in SYMPTOMS)} end in what was seen."


diagnose = Exercise(
    "Four things were seen. Which row explains each? Answer with its id.\n"
    + ";\n".join(f"- {word}: {seen}" for word, (seen, _) in SYMPTOMS.items())
    + ".",
    _judge,
    (
        "look for a word of each sentence: review_table(words='request'), review_table(words='device').",
        "words that find them: 'unanswered', 'kills', 'hole', 'no bytes'.",
        "{'hangs': 'B3', 'dies': 'B13 one entry', 'corrupts': 'B18', 'gives up': 'B9'}",
    ),
)
