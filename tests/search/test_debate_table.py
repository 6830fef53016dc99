"""The table of the debate: the shipped one is what the searches say, and both its forms show all of it."""

import json
from html import escape

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.debate.world import PURPOSES
from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.scenarios.debate import debate
from freepages.search import Checked, check
from freepages.search.check_many import processes
from freepages.search.debate_table import DebateTable, questions
from freepages.search.delay import delay
from freepages.search.price import price

SHIPPED = DebateTable.load()
SMALL = 6000  # states: a second or so
SOME = [row for at, row in enumerate(SHIPPED.answers.values()) if not row.assumptions or at % 7 == 0]


def said(answer: Checked) -> dict[str, object]:
    """What does not depend on how the search counts."""
    told = answer.as_json()
    for counted in ("states", "depth"):
        del told[counted]
    return told


def test_it_has_every_row_and_every_single_assumption_that_can_matter() -> None:
    asked = {(q.proposal, q.purpose, ",".join(q.assume)) for q in questions()}
    assert set(SHIPPED.answers) == asked and len(asked) > 200
    assert SHIPPED.proposals == tuple(PROPOSALS) and set(SHIPPED.delays) == set(PROPOSALS)


def test_no_row_is_left_undetermined() -> None:
    assert {answer.verdict for answer in SHIPPED.answers.values()} == {"PROVED", "REFUTED"}


@pytest.mark.parametrize("row", [row for row in SOME if row.states <= SMALL], ids=lambda row: row.text()[:40])
def test_a_small_row_searched_now_is_the_shipped_one(row: Checked) -> None:
    assert said(check(row.proposal, row.purpose, row.assumptions)) == said(row)


@pytest.fixture(scope="module")
def now() -> DebateTable:
    with processes(2) as executor:
        table = DebateTable.compute(executor)
    assert table is not None
    return table


@pytest.mark.slow
def test_every_row_searched_now_is_the_shipped_one(now: DebateTable) -> None:
    assert [*map(said, now.answers.values())] == [*map(said, SHIPPED.answers.values())]
    assert now.delays == SHIPPED.delays


@pytest.mark.slow
def test_a_dask_cluster_computes_the_same_bytes(now: DebateTable) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        there = DebateTable.compute(client.get_executor())
    assert there is not None and there.json() == now.json()


@pytest.mark.parametrize("name", PROPOSALS)
def test_where_a_silent_guest_delays_for_ever_the_host_can_at_most_sync(name) -> None:
    way = delay(name)
    assert SHIPPED.delays[name] == (str(way) if way else None)
    if way:
        run = Run(debate(name, assume=["silent-guest"]), way)
        assert set(run.processes["h"].options()) <= {"0y"} and not run.world.host.stopped
        assert not run.processes["g"].options()


def test_text_and_html_show_each_verdict_with_its_flips() -> None:
    text, html = SHIPPED.text(), SHIPPED._repr_html_()
    unwrapped = " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100
    for name in PROPOSALS:
        assert name in text and f"<b>{name}</b></a>" in html and PROPOSALS[name].source in html
        assert PROPOSALS[name].said in unwrapped and escape(PROPOSALS[name].said) in html
        for purpose in PURPOSES:
            answer = SHIPPED.answer(name, purpose)
            assert answer.verdict in text
            assert answer.schedule is None or f"<code>{answer.schedule}</code>" in html
            for verdict, switches in SHIPPED.flips(name, purpose).items():
                assert verdict != answer.verdict
                for switch in switches:
                    assert SHIPPED.answer(name, purpose, switch).verdict == verdict
                    assert switch in text and f"<code>{switch}</code>" in html
        for cell in price(name).cells:
            assert cell in unwrapped and f"<td>{cell}</td>" in html.replace("&nbsp;", " ")
    for words in SHIPPED.terms:
        assert words in unwrapped and words in html
    assert "prefers-color-scheme" not in html and "var(--jp-" in html  # it follows the notebook's theme


def test_it_survives_its_file(tmp_path) -> None:
    (path := tmp_path / "table.json").write_text(SHIPPED.json(), encoding="utf-8")
    again = DebateTable.load(path)
    assert (again.answers, again.delays) == (SHIPPED.answers, SHIPPED.delays)
    assert sum(line.startswith('  {"proposal"') for line in SHIPPED.json().splitlines()) == len(again.answers)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"answers": [{}], "delays": {}}', '{"answers": 3}'])
def test_another_file_is_refused_by_name(content, tmp_path) -> None:
    (path := tmp_path / "other.json").write_text(content, encoding="utf-8")
    with pytest.raises(FreepagesError, match=r"other\.json: not a table of the debate"):
        DebateTable.load(path)


def test_what_is_not_in_it_is_said() -> None:
    with pytest.raises(FreepagesError, match="no row snapsot"):
        SHIPPED.answer("snapsot")
    assert SHIPPED.answer("snapshot", "discard", "log-bit-late") == SHIPPED.answer("snapshot", "discard")
    json.loads(SHIPPED.json())
