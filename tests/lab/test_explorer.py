import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from freepages.lab.explorer import Explorer, Zoom
from freepages.view.frame import Bits, Facts, Frame, PageMap, State
from freepages.view.text import text


def large(pages: int = 1_000_000, start: int = 0) -> Frame:
    states = np.array(list(State), np.uint8)[np.arange(pages) // 1000 % len(State)]
    return Frame("large", (PageMap("memory", start, states), Bits("bitmap", start, states == State.FREE)))


def test_a_small_frame_needs_no_zoom() -> None:
    zoom = Zoom(Frame("small", (PageMap("m", 0, "k" * 64),)), None, lambda: None)
    assert (zoom.layout.display, zoom.range) == ("none", None)
    assert Zoom(Frame("no map", (Facts("f", {}),)), None, lambda: None).layout.display == "none"


def test_it_begins_with_the_range_that_was_asked_for() -> None:
    explorer = Explorer(large(), (262_144, 262_144 + 300))
    assert explorer.zoom.range == (262_144, 262_444)
    assert repr(explorer) == text(large(), (262_144, 262_444))
    assert "shown [262,144, 262,444)" in explorer._picture.value


def test_another_range_is_another_picture() -> None:
    explorer = Explorer(large())
    whole = explorer._picture.value
    explorer.zoom._size.value = 4096
    assert "shown [0, 4,096)" in explorer._picture.value
    explorer.zoom._from.value = 8192
    assert "shown [8,192, 12,288)" in explorer._picture.value
    explorer.zoom._size.value = 0
    assert explorer._picture.value == whole


@given(
    st.integers(0, 5000),
    st.lists(st.tuples(st.booleans(), st.integers(0, 2_000_000)), max_size=6),
)
def test_the_range_is_always_within_the_frame(start: int, choices: list[tuple[bool, int]]) -> None:
    frame = large(100_000, start)
    zoom = Zoom(frame, None, lambda: None)
    sizes = list(zoom._size.options.values())
    for resize, number in choices:
        if resize:
            zoom._size.value = sizes[number % len(sizes)]
        else:
            zoom._from.value = number
        lo, hi = zoom.range or (start, start + 100_000)
        assert start <= lo < hi <= start + 100_000
        assert hi - lo == (zoom._size.value or 100_000)


def test_the_bundle_is_the_view_the_picture_and_the_text() -> None:
    bundle = Explorer(large(), (0, 64))._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
