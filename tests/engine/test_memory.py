"""A process's peak is its own, also where a larger one has started it."""

import subprocess
import sys

import numpy as np

from freepages.engine.memory import peak

TELL = "from freepages.engine.memory import peak; print(peak())"
MIB = 400


def test_the_peak_counts_what_was_used_and_is_not_handed_on() -> None:
    before = peak()
    np.ones(MIB << 20, np.uint8)
    assert peak() >= max(before, MIB << 20)
    child = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    assert 0 < float(child.stdout) < MIB << 20
