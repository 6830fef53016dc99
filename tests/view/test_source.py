import re
from html import unescape
from pathlib import Path

from freepages.engine import Lock, Process, Steps
from freepages.view.source import listing, source


def lines_of(html: str) -> list[str]:
    text = re.sub("<[^>]*>", "", re.sub("</div>", "\n", html))
    return [line for line in text.splitlines() if line]


def outer(lock: Lock) -> Steps:
    """The first line of the docstring.

    The rest of it is folded away.
    """
    for number in range(3):
        yield from inner(lock, number)


def inner(lock: Lock, number: int) -> Steps:
    yield "begins {0}", number
    if number < 2 and lock.holder is None:
        yield from lock.acquire("<cpu>")
        yield "works"
        yield from lock.release("<cpu>")


def lit(html: str) -> list[str]:
    found = re.findall(r'<div class="line now"><span class="number">▶ \d+</span>(.*?)</div>', html)
    return [unescape(re.sub("<[^>]*>", "", line)).strip() for line in found]


def test_the_line_about_to_run_is_lit_in_every_running_function() -> None:
    process = Process("g", "guest", outer(Lock("lock")))
    html = source(process.position(), 20)
    caller, running = (lit(part) for part in html.split('"running"'))
    assert caller == ["yield from inner(lock, number)"]
    assert running == ['yield "begins {0}", number']
    process.go()
    deeper = source(process.position(), 30)
    assert "def acquire" in "".join(lines_of(deeper))


def test_the_outermost_function_is_shown_in_little_room() -> None:
    process = Process("g", "guest", outer(Lock("lock")))
    for room in range(6, 20):
        html = source(process.position(), room)
        assert len(lines_of(html)) <= room
        caller, running = (lit(part) for part in html.split('"running"'))
        assert caller == ["yield from inner(lock, number)"]
        assert running == ['yield "begins {0}", number']
    assert "def outer" not in source(process.position(), 5)


def test_the_numbers_are_those_of_the_file() -> None:
    shown = listing(inner.__code__)
    file = Path(__file__).read_text(encoding="utf-8").splitlines()
    for number, html in zip(shown.numbers, shown.html, strict=True):
        plain = unescape(re.sub("<[^>]*>", "", html))
        assert plain.strip() == file[number - 1].strip()


def test_of_a_docstring_only_the_first_line_is_shown() -> None:
    text = "\n".join(listing(outer.__code__).html)
    assert "The first line" in text and "folded away" not in text


def test_a_function_that_does_not_fit_is_shown_around_its_line() -> None:
    position = [(inner.__code__, inner.__code__.co_firstlineno + 5)]
    for room in range(3, 9):
        shown = lines_of(source(position, room))
        assert len(shown) <= room
        assert "def inner" in shown[0]
        assert len(lit(source(position, room))) == 1


def test_a_function_without_source_is_named() -> None:
    space: dict = {}
    exec("def made_up():\n    yield 'x'", space)  # no file, no line cache
    html = source([(space["made_up"].__code__, 2)], 5)
    assert "made_up" in html and len(lit(html)) == 1


def test_a_process_that_is_done_has_no_lines() -> None:
    process = Process("g", "guest", inner(Lock("l"), 9))
    process.go()
    assert process.done
    assert lines_of(source(process.position(), 5)) == []


def test_the_line_of_the_last_step_is_marked_where_it_is_still_to_be_seen() -> None:
    process = Process("g", "guest", outer(Lock("lock")))
    stood = process.position()
    process.go()
    html = source(process.position(), 30, did=stood)
    marked = re.findall(
        r'<div class="line did[a-z ]*"><span class="number">(\S+) \d+</span>(.*?)</div>', html
    )
    assert [(mark, unescape(re.sub("<[^>]*>", "", line)).strip()) for mark, line in marked] == [
        ("▷", 'yield "begins {0}", number')
    ]
    assert lit(html)[-1].startswith("yield TAKES_LOCK")
    assert "did" not in source(process.position(), 30)
