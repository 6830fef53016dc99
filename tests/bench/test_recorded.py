"""What data/bench/README.md says is what data/bench/results.json holds."""

import json

from freepages.bench import record


def test_the_tables_are_made_from_the_recorded_results() -> None:
    results = json.loads(record.RESULTS.read_text())
    recorded = record.README.read_text().partition(record.BEGIN)[2].partition(record.END)[0]
    assert recorded == record.rendered(results)


def test_every_figure_to_reach_is_recorded() -> None:
    results = json.loads(record.RESULTS.read_text())
    for what, sign, _, of in record.REACH:
        assert sign in ("<=", ">=")
        assert of(results) > 0, what


def test_the_picture_is_shown_and_its_sizes_are_recorded() -> None:
    results = json.loads(record.RESULTS.read_text())
    sizes = [size for size, _, _ in record.by_size(results)]
    assert sizes == [8 * 2**step for step in range(8)]
    assert f"({record.PICTURE.name})" in record.README.read_text() and record.PICTURE.is_file()
