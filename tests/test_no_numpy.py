"""What is stepped needs neither numpy nor matplotlib: without them it goes, looks and reads as with them."""

from __future__ import annotations

import subprocess
import sys

WITHOUT = "import sys\nsys.modules.update(numpy=None, matplotlib=None)  # as if they were not installed\n"

STEPS = """
from hashlib import sha256
from freepages import Picture, Stepper, compare
from freepages.lab.player import Player
from freepages.lab.shipped import shipped_scenario
from freepages.lab.still import words
from freepages.scenarios.debate import debate
from freepages.search.plain import search
from freepages.view.draw import draw
from freepages.view.svg import svg

names = ("zone", "zone-two-cpus", "free-page-bitmap", "virtqueue", "rounds", "no_wait")
for name in names:
    player = Player(shipped_scenario(name))
    player.go(len(player.story))
    drawn = svg(draw(player.frame, None, player.changed))
    print(name, player.position, sha256(drawn.encode()).hexdigest(), words(player), sep="\\n")
print(compare({1, 2}, [1, 2]), compare("yes", True))
print(search(debate("no_wait", pages=1)), Stepper("··aa·s··"), Picture("a" * 5000 + "·" * 3192), sep="\\n")
bundle, _ = Stepper("zone")._repr_mimebundle_()
"""
"""A zone, the bitmap's builder, an exchange over a ring, a proposal; the plain search, and a stepper."""


def told(source: str) -> str:
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_zones_bitmap_ring_debate_and_plain_search_are_the_same_without_numpy() -> None:
    without = told(WITHOUT + STEPS + "print('image/png' in bundle)")
    assert without == told(STEPS + "print('image/png' not in bundle)")
    assert "REFUTED" in without and without.endswith("False\n")


def test_what_needs_numpy_says_so() -> None:
    said = told(
        WITHOUT + "from freepages.pages.bitmap import PageBitmap\n"
        "try: PageBitmap(64)\nexcept ValueError as error: print(error)"
    )
    assert said == "this needs numpy, which is not installed here\n"


def test_numpy_is_not_loaded_for_what_does_not_need_it() -> None:
    loaded = "import sys\nprint(*sorted({'numpy', 'matplotlib', 'bitarray', 'IPython'} & {*sys.modules}))"
    for source in (
        "import freepages.cli.main",
        "import freepages.search.plain, freepages.scenarios.zones, freepages.scenarios.virtqueue",
    ):
        assert told(f"{source}\n{loaded}").split() in ([], ["bitarray"]), source
    assert "numpy" not in told(f"from freepages import Stepper\nStepper('zone')\n{loaded}").split()
