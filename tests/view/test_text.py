from freepages.view.frame import Frame, PageMap
from freepages.view.text import text
from tests.view.frames import sample

WRITTEN = """\
zone Normal builds its bitmap
zone Normal: pages [0, 64), free 32, anonymous 8, page cache 2, slab 2, kernel 8, per-CPU 2, \
balloon 2, in use 2, hole 6
  pageblocks of 16 pages: Unmovable, Movable, Movable, CMA
  page 5 lost its content: it should hold B
bitmap: 32 of 64 set, limit 60
       0  kkkkkkkk ··aa··cc pp····aa aaaabbuu
   holds  AAAAAAAA
   dirty  ×······· ·····×·· ········ ··×·····
  bitmap  00000000 11001100 00111100 00000000
      32  ss////// ········ ········ ········
   holds
   dirty  ·······× ········ ····×··· ········
  bitmap  00000000 11111111 11111111 11111111
free_area: nr_free 0 3 1 2
  order 1 Movable: 12, 8, 18
  order 2 Unmovable: 20
zone Normal's lock: held by guest since step 4, workload waits
another: free
watermarks: min 2, low 3
the limit is max_pfn"""


def test_the_text_says_all_that_the_picture_shows() -> None:
    assert text(sample()) == WRITTEN


def test_a_row_begins_at_a_multiple_of_its_length() -> None:
    rows = text(Frame("", (PageMap("m", 30, "ka·"),))).splitlines()
    assert rows[1:] == ["  30" + " " * 2 + " " * 33 + "ka", "  32  ·"]  # three groups of 8, and 6 of the next


def test_a_zoom_that_shows_nothing_says_so() -> None:
    assert text(Frame("", (PageMap("m", 0, "ka"),)), (10, 20)).endswith("outside the range shown")
