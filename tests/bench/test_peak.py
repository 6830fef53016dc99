"""A process's peak is its own, also where a larger one has started it."""

import subprocess
import sys

import numpy as np

from freepages.bench.peak import peak_mib

TELL = "from freepages.bench.peak import peak_mib; print(peak_mib())"
MIB = 400


def test_the_peak_counts_what_was_used_and_is_not_handed_on() -> None:
    before = peak_mib()
    np.ones(MIB << 20, np.uint8)
    assert peak_mib() >= max(before, MIB)
    child = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    assert 0 < float(child.stdout) < MIB
