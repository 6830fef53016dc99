import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from freepages.lab.picture import Explorer, Window
from freepages.view.frame import Bits, Facts, Frame, PageMap, State
from freepages.view.text import text


def large(pages: int = 1_000_000, start: int = 0) -> Frame:
    states = np.array(list(State), np.uint8)[np.arange(pages) // 1000 % len(State)]
    return Frame("large", (PageMap("memory", start, states), Bits("bitmap", start, states == State.FREE)))


def test_a_small_frame_needs_no_window() -> None:
    for frame in (Frame("small", (PageMap("m", 0, "k" * 64),)), Frame("no map", (Facts("f", {}),))):
        window = Window(frame)
        assert (window.as_json(), window.range) == (None, None)


def test_it_begins_with_the_range_that_was_asked_for() -> None:
    explorer = Explorer(large(), (262_144, 262_144 + 300))
    assert explorer.window.range == (262_144, 262_444)
    assert repr(explorer) == text(large(), (262_144, 262_444))
    assert "shown [262,144, 262,444)" in explorer.kept["svg"]


def test_another_range_is_another_picture() -> None:
    explorer = Explorer(large())
    sent: list[dict] = []
    explorer.send = sent.append  # type: ignore[method-assign]
    explorer._heard({"do": "zoom", "lo": 8192, "hi": 12288})
    assert "shown [8,192, 12,288)" in sent[0]["svg"]
    assert (sent[0]["window"]["from"], sent[0]["window"]["to"]) == (8192, 12288)
    explorer._heard({"do": "zoom", "lo": 0, "hi": 1_000_000})
    assert sent[1]["svg"] == explorer.kept["svg"]


@given(
    st.integers(0, 5000), st.lists(st.tuples(st.integers(-9, 200_000), st.integers(-9, 200_000)), max_size=6)
)
def test_the_range_is_always_within_the_frame(start: int, looks: list[tuple[int, int]]) -> None:
    window = Window(Frame("", (PageMap("m", start, b"k" * 100_000),)))
    for look in looks:
        window.look(*look)
        lo, hi = window.range or (window.lo, window.hi)
        assert start <= lo < hi <= start + 100_000


def test_the_strip_has_the_colours_of_its_pages() -> None:
    states = np.full(6000, State.FREE, np.uint8)
    states[3000:] = State.KERNEL
    whole, free = (Window(Frame("", (PageMap("m", 9, part),))).image for part in (states, states[:3000]))
    assert whole.startswith("data:image/png;base64,") and whole != free


def test_the_bundle_is_the_view_the_picture_and_the_text() -> None:
    bundle, _ = Explorer(large(), (0, 64))._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
