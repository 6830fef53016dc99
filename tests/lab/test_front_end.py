"""What is shipped to a browser, and which widgets are closed."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from freepages import Picture
from freepages.lab import front_end
from freepages.lab.front_end import FRONT, MODULES, script, style
from freepages.lab.page import page
from freepages.view import source as source_view
from freepages.view import svg as svg_view
from freepages.view.frame import Frame, PageMap

MOST = 40 << 10


def picture() -> Picture:
    return Picture(Frame("a frame", (PageMap("m", 0, "k·"),)))


def test_the_front_end_is_small_and_fetches_nothing() -> None:
    size = len((script() + style()).encode()) - len((svg_view.STYLE + source_view.STYLE).encode())
    assert size <= MOST
    assert not re.search(r"https?://(?!www\.w3\.org)|import\s*\(|^import ", script() + style(), re.MULTILINE)


def test_the_modules_are_all_and_import_only_from_earlier_ones() -> None:
    assert {path.stem for path in FRONT.glob("*.js")} == {*MODULES, "still"}
    for at, name in enumerate(MODULES):
        for wanted in re.findall(r'from "\./(\w+)\.js"', (FRONT / f"{name}.js").read_text(encoding="utf-8")):
            assert wanted in MODULES[:at]


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_the_module_laid_end_to_end_can_be_read(tmp_path: Path) -> None:
    for name, text in (("all", script()), ("still", script("keep", "still"))):
        (tmp_path / f"{name}.mjs").write_text(text, encoding="utf-8")
        subprocess.run(["node", "--check", tmp_path / f"{name}.mjs"], check=True)


def test_what_a_page_shows_cannot_end_its_script() -> None:
    written = page("a < b", "</pre>", {"words": "</script>"})
    assert "<title>a &lt; b</title>" in written and "&lt;/pre&gt;" in written
    [kept] = re.findall(r'type="application/json">(.*?)</script>', written)
    assert json.loads(kept) == {"words": "</script>"}


def test_what_an_earlier_run_of_a_cell_showed_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "_shown", {})
    where = ["cell", "run 1"]
    monkeypatch.setattr(front_end, "_running", lambda: tuple(where))

    def show(widget: Picture) -> Picture:
        widget._repr_mimebundle_()
        return widget

    first, second, elsewhere = show(picture()), show(picture()), picture()
    show(elsewhere)
    where[0] = "another cell"
    show(elsewhere)
    where[:] = ["cell", "run 2"]
    again = show(picture())
    assert [one.comm is None for one in (first, second, elsewhere, again)] == [True, True, False, False]
    where[1] = "run 3"
    show(again)
    assert again.comm is not None


PAINTS = """
import sys, threading
from types import SimpleNamespace
import IPython
IPython.get_ipython = lambda: SimpleNamespace(kernel=True)
import freepages.lab.front_end
for one in threading.enumerate():
    one is threading.current_thread() or one.join()
assert {"matplotlib.axes", "PIL.Image"} <= sys.modules.keys()
"""


def test_a_kernel_has_painted_before_the_first_still() -> None:
    """What a first picture costs more than others is paid beside the reader's own imports."""
    subprocess.run([sys.executable, "-c", PAINTS], check=True, timeout=60)


def test_without_a_cell_nothing_is_closed() -> None:
    one = picture()
    assert front_end._running() == ("", "")
    one._repr_mimebundle_()
    picture()._repr_mimebundle_()
    assert one.comm is not None
