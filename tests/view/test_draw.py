"""Any frame can be drawn, painted and written; and the picture shows each page once."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.pages.orders import Migratetype
from freepages.view.band import MOST_OUTLINES, together
from freepages.view.draw import draw
from freepages.view.frame import Bits, Facts, Frame, FreeLists, LockRow, Locks, PageMap, State
from freepages.view.palette import FIXED, MARK_LOOKS, MIGRATETYPE_NAMES, STATES
from freepages.view.png import png
from freepages.view.scene import WIDTH, Boxes, Group, Image, Runs, Scene, Shape, Text
from freepages.view.svg import STYLE, svg
from freepages.view.text import text
from tests.view.frames import frames, memories, sample, zooms

SVG = "{http://www.w3.org/2000/svg}"


def flat(shapes) -> list[Shape]:
    return [
        inner for shape in shapes for inner in (flat(shape.shapes) if isinstance(shape, Group) else [shape])
    ]


def maps(scene: Scene, kind: str = "pagemap") -> list[Shape]:
    """The shapes of the maps, without the three cells of five pixels of each swatch of their legends."""
    groups = [s for s in scene.shapes if isinstance(s, Group) and kind in s.kind.split()]
    return [shape for shape in flat(groups) if not (isinstance(shape, Runs) and shape.width == 5)]


def dots(image: Image) -> np.ndarray:
    """Red, green, blue and alpha: (rows, columns, 4)."""
    return np.frombuffer(image.rgba, np.uint8).reshape(-1, image.columns, 4)


@given(frames(), zooms())
@settings(max_examples=25)
def test_any_frame_is_well_formed_svg_and_text(frame: Frame, zoom: tuple[int, int] | None) -> None:
    painted = ElementTree.fromstring(svg(draw(frame, zoom), 7))
    assert painted.tag == f"{SVG}svg"
    assert painted.get("data-step") == "7"
    assert painted.get("role") == "img"
    assert painted.get("aria-label", "").startswith(frame.title)
    written = text(frame, zoom)
    assert frame.title.rstrip() in written and frame.note.rstrip() in written
    assert not re.search(" $", written, re.MULTILINE)


@given(frames(most=100))
@settings(max_examples=3)
def test_any_frame_is_a_png_of_the_scenes_shape(frame: Frame) -> None:
    scene = draw(frame)
    picture = png(scene)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    assert width / height == pytest.approx((scene.width + 16) / (scene.height + 16), rel=0.02)


def test_the_same_frame_gives_the_same_bytes() -> None:
    assert svg(draw(sample()), 3) == svg(draw(sample()), 3)
    assert png(draw(sample())) == png(draw(sample()))


def test_a_png_carries_no_date_and_no_program() -> None:
    picture = png(draw(sample()))
    assert b"tEXt" not in picture and b"tIME" not in picture and b"matplotlib" not in picture


@given(st.data())
@settings(max_examples=25)
def test_the_runs_of_a_map_cover_each_page_once(data: st.DataObject) -> None:
    start, pages = data.draw(st.integers(0, 300)), data.draw(st.integers(1, 5000))
    memory = data.draw(memories(start, pages))
    scene = draw(Frame("", (PageMap("m", start, memory.states),)))
    covered = np.zeros((600, 600), int)
    for shape in maps(scene):
        if isinstance(shape, Runs):
            for row, column, length in shape.runs:
                covered[row, column : column + length] += 1
    assert covered.max() == 1 and covered.sum() == pages


@given(st.data())
@settings(max_examples=40)
def test_the_svg_covers_as_many_pages_of_a_state_as_have_it(data: st.DataObject) -> None:
    memory = data.draw(memories(data.draw(st.integers(0, 300)), data.draw(st.integers(17, 3000))))
    painted = svg(draw(Frame("", (PageMap("m", memory.start, memory.states),))))
    for state, look in STATES.items():
        paths = re.findall(
            rf'<path class="s-{look.role}" transform="[^"]*" stroke-width="[^"]*" d="(M[^"]*)"', painted
        )
        lengths = [sum(int(length) for length in re.findall(r"h(\d+)", path)) for path in paths]
        count = memory.states.count(state)
        # The legend's swatch is a run of three.
        assert sorted(lengths) == sorted([3, count] if count else []), state


def test_a_map_of_many_runs_is_one_image_and_of_few_is_none() -> None:
    mixed = np.array([State.SLAB, State.FREE], np.uint8)[np.arange(65536) % 2]
    images = [shape for shape in maps(draw(Frame("", (PageMap("m", 0, mixed),)))) if isinstance(shape, Image)]
    assert [dots(image).shape for image in images] == [(128, 512, 4)]
    assert dots(images[0])[0, 0].tolist() == [0xCC, 0x79, 0xA7, 255]
    assert dots(images[0])[0, 1].tolist() == [0x00, 0x9E, 0x73, 36]  # free: the paper shows through
    plain = PageMap("m", 0, np.sort(mixed))
    assert not [shape for shape in maps(draw(Frame("", (plain,)))) if isinstance(shape, Image)]


def test_millions_of_pages_are_drawn_in_proportion() -> None:
    states = np.full(6_500_000, State.FREE, np.uint8)
    states[: 6_500_000 // 4] = State.ANONYMOUS
    frame = Frame("", (PageMap("m", 0, states), Bits("b", 0, (states == State.FREE).tobytes())))
    memory, bits = (shape for shape in maps(draw(frame)) if isinstance(shape, Image))
    orange = (dots(memory) == (0xE6, 0x9F, 0x00, 255)).all(axis=2).sum()
    painted = (dots(bits)[:, :, 3] == 255).sum()
    assert orange / (orange + painted) == pytest.approx(0.25, abs=0.001)
    assert len(svg(draw(frame))) < 40_000
    assert len(text(frame)) < 3000


def test_a_mixed_cell_has_the_mixture_of_its_colours() -> None:
    states = np.full(1 << 17, State.KERNEL, np.uint8)
    states[0:8:2] = State.SLAB  # half of the first dot
    [image] = [
        shape for shape in maps(draw(Frame("", (PageMap("m", 0, states),)))) if isinstance(shape, Image)
    ]
    assert dots(image)[0, 0].tolist() == [(0xCC + 0x00) // 2, (0x79 + 0x72) // 2, (0xA7 + 0xB2) // 2, 255]
    assert dots(image)[0, 1].tolist() == [0x00, 0x72, 0xB2, 255]


@given(st.integers(0, 1000), st.integers(1, 500))
def test_zoomed_in_every_page_has_its_letter(lo: int, length: int) -> None:
    states = np.array(list(State), np.uint8)[np.arange(100_000) // 3 % len(State)]
    frame = Frame("", (PageMap("m", 0, states),))
    wanted = states[lo : lo + length].tobytes().decode("latin-1")
    rows = text(frame, (lo, lo + length)).splitlines()[2:]
    assert "".join(re.sub("^ *[0-9,]+", "", row) for row in rows).replace(" ", "") == wanted
    painted = ElementTree.fromstring(svg(draw(frame, (lo, lo + length))))
    letters = [node.text or "" for node in painted.iter(f"{SVG}text") if node.get("class", "").endswith(" m")]
    assert sum(map(len, (t for t in letters if set(t) <= set(wanted) and len(t) > 0))) >= length


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 9)), max_size=1200))
def test_of_very_many_changes_the_outlines_cover_all_and_are_few(found: list[tuple[int, int]]) -> None:
    begins = np.cumsum([0, *(gap + size for gap, size in found)])[:-1].tolist()
    ranges = [(begin, begin + size) for begin, (_, size) in zip(begins, found, strict=True)]
    covering = together(ranges)
    assert len(covering) <= max(1, MOST_OUTLINES) and (len(ranges) > MOST_OUTLINES or covering == ranges)
    assert all(any(lo <= first and last <= hi for lo, hi in covering) for first, last in ranges[::37])
    assert {lo for lo, _ in covering} <= {lo for lo, _ in ranges}


def test_a_legend_that_is_too_long_goes_on_in_another_line() -> None:
    scene = draw(sample())
    swatches = [s for s in flat(scene.shapes) if isinstance(s, Runs) and s.width == 5]
    assert len({swatch.y for swatch in swatches}) == 2
    words = [s for s in flat(scene.shapes) if isinstance(s, Text) and any(s.y == w.y + 12 for w in swatches)]
    for swatch in swatches:
        before = [text for text in words if text.y == swatch.y + 12 and text.x < swatch.x]
        assert all(text.x + 7.3 * len(text.text) < swatch.x for text in before)
    assert all(text.x + 7.3 * len(text.text) < WIDTH for text in words if text.anchor == "start")


def test_a_row_is_named_after_the_page_from_which_its_ruler_counts() -> None:
    """Zone [48, 80): page 58 is at +26 of the row that begins at 32, where no page is drawn before 48."""
    written = [
        s.text for s in flat(draw(Frame("", (PageMap("zone", 48, "·" * 32),))).shapes) if isinstance(s, Text)
    ]
    assert {"32", "64", "+24"} <= set(written) and "48" not in written


def test_nothing_moves_when_only_values_change() -> None:
    """Same panels, the same states elsewhere, other values: the same size, and every part in its place."""
    first = sample().panels[0]
    assert isinstance(first, PageMap)
    array = first.states[::-1]
    types = [Migratetype.MOVABLE] * 4
    changed = Frame(
        "another title",
        (
            PageMap(
                "zone Normal",
                0,
                array,
                marks={"dirty": "1" * 64},
                tokens=[""] * 64,
                migratetypes=types,
                pageblock=16,
            ),
            Bits("bitmap", 0, [state != State.FREE for state in array], limit=1),
            FreeLists("free_area", [9, 9, 9, 9], {}),
            Locks((LockRow("zone Normal's lock"), LockRow("another", "host", 9))),
            Facts("watermarks", {"min": 99, "low": "none"}),
        ),
        "another note",
    )
    old, new = draw(sample()), draw(changed)
    assert (old.width, old.height) == (new.width, new.height) and old.width == WIDTH
    places = [[(s.kind, s.x, s.y) for s in scene.shapes if isinstance(s, Group)] for scene in (old, new)]
    assert places[0] == places[1]


def test_no_two_states_and_no_two_marks_look_alike() -> None:
    assert set(STATES) == set(State)
    assert len({(look.colour, look.hatch, look.role) for look in STATES.values()}) == len(State)
    assert len({state.letter for state in State}) == len(State)
    assert len({look.sign for look in MARK_LOOKS.values()}) == len(MARK_LOOKS)
    assert len({name[0] for name in MIGRATETYPE_NAMES.values()}) == len(MIGRATETYPE_NAMES)


@given(frames())
@settings(max_examples=30)
def test_every_role_that_is_used_has_a_colour(frame: Frame) -> None:
    for prefix, role in set(re.findall(r'class="([fs])-([a-z-]+)', svg(draw(frame)))):
        assert f".fp-svg .{prefix}-{role}{{" in STYLE
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in FIXED.values())


def test_a_highlight_and_a_lost_page_are_ringed() -> None:
    shapes = maps(draw(sample()))
    rings = [shape for shape in shapes if isinstance(shape, Boxes) and shape.line > 1.5]
    assert {ring.role for ring in rings} == {"sky", "vermillion"}
