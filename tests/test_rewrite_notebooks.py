"""The canonical form of a notebook: the same bytes whenever and wherever the same outputs were computed."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rewrite_notebooks import WIDGET_VIEW, canonical, main
from stored_notebooks import NotebookError, read

VIEW = {"model_id": "0123456789abcdef0123456789abcdef", "version_major": 2, "version_minor": 0}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def code(source: str, *outputs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": list(outputs),
        "source": source,
        **fields,
    }


def saved(path: Path, *cells: dict[str, Any], **metadata: Any) -> Path:
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
    return path


def rewritten(path: Path) -> Any:
    return nbformat.reads(canonical(read(path)), as_version=4)


def test_the_canonical_form_is_its_own_canonical_form(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.ipynb", code("1", stream("a"), stream("b\n")), code("1"), widgets={"state": {}}
    )
    once = canonical(read(path))
    path.write_text(once)
    assert canonical(read(path)) == once


def test_the_kernel_that_wrote_it_leaves_no_trace(tmp_path: Path) -> None:
    spec = {"name": "mine", "display_name": "Mine", "language": "python"}
    version = {"name": "python", "version": "3.99"}
    one = saved(
        tmp_path / "a.ipynb", code("1"), kernelspec=spec, language_info=version, widgets={"state": {}}
    )
    other = saved(tmp_path / "b.ipynb", code("1"))
    assert canonical(read(one)) == canonical(read(other))


def test_timings_go_and_tags_stay(tmp_path: Path) -> None:
    metadata = {"execution": {"iopub.status.busy": "2016-04-25"}, "scrolled": True, "tags": ["check"]}
    cell = rewritten(saved(tmp_path / "a.ipynb", code("1", metadata=metadata))).cells[0]
    assert cell.metadata == {"tags": ["check"]}


def test_a_widget_view_goes_where_something_stands_beside_it(tmp_path: Path) -> None:
    beside = shown(**{"text/plain": "zone", "image/png": "AAAA", WIDGET_VIEW: VIEW})
    alone = shown(**{WIDGET_VIEW: VIEW})
    outputs = rewritten(saved(tmp_path / "a.ipynb", code("1", beside, alone))).cells[0].outputs
    assert [set(output.data) for output in outputs] == [{"text/plain", "image/png"}, {WIDGET_VIEW}]


def test_what_was_printed_in_pieces_is_one_output(tmp_path: Path) -> None:
    pieces = [stream("a"), stream("b\n"), stream("warn", "stderr"), stream("c")]
    outputs = rewritten(saved(tmp_path / "a.ipynb", code("1", *pieces))).cells[0].outputs
    assert [(output.name, output.text) for output in outputs] == [
        ("stdout", "ab\n"),
        ("stderr", "warn"),
        ("stdout", "c"),
    ]


def test_cells_keep_their_ids_and_get_one_from_their_text(tmp_path: Path) -> None:
    cells = code("1", id="mine"), code("twin"), code("twin"), code("other")
    ids = [cell.id for cell in rewritten(saved(tmp_path / "a.ipynb", *cells)).cells]
    assert ids[0] == "mine"
    assert len(set(ids)) == 4
    assert ids == [cell.id for cell in rewritten(saved(tmp_path / "b.ipynb", *cells)).cells]


def test_a_notebook_is_run_and_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "a.ipynb", code("import os\nprint(os.listdir())"))
    assert main([str(path)]) == 0
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "['a.ipynb']\n"
    before = path.read_bytes()
    assert main([str(path)]) == 0
    assert path.read_bytes() == before
    assert capsys.readouterr().out.splitlines() == [f"{path}: written", f"{path}: unchanged"]


def test_a_failing_notebook_is_left_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "a.ipynb", code("1 / 0"))
    before = path.read_bytes()
    assert main([str(path)]) == 1
    assert path.read_bytes() == before
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"nbformat": 3}',
        '{"nbformat": 4, "cells": [{}]}',
        '{"nbformat": 4, "cells": 7}',
        "\udcff",
    ],
)
def test_what_is_no_notebook_is_named(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(NotebookError, match=r"a.ipynb"):
        read(path)
    assert main([str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_missing_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"none.ipynb: No such file"):
        read(tmp_path / "none.ipynb")
