"""What a long piece of work tells in a notebook: to a person, at once; to a program, nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from freepages.engine.working import working

LONG = """
import time
from freepages.engine.working import working
print("before")
for one in working(range(3), "pages sent"):
    time.sleep(0.6)
print("after")
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def said(kernel: BlockingKernelClient, *, watched: bool) -> list[tuple[str, str]]:
    """The kind and the text of each message that the cell sends."""
    messages: list[tuple[str, str]] = []

    def heard(message: dict[str, Any]) -> None:
        content = message["content"]
        text = content.get("text") or content.get("data", {}).get("text/plain")
        if text is not None:
            messages.append((message["msg_type"], text))

    kernel.execute_interactive(LONG, allow_stdin=watched, output_hook=heard, timeout=60)
    return messages


def test_a_person_sees_at_once_that_it_works_and_nothing_of_it_stays(kernel: BlockingKernelClient) -> None:
    before, first, *more, last, after = said(kernel, watched=True)
    assert (before[1], after[1]) == ("before\n", "after\n")
    assert first == ("display_data", "working: 0 pages sent, 0 s")
    assert any(text.startswith("working: 1 pages sent, ") for _, text in more)
    assert last == ("update_display_data", "")


def test_a_program_is_told_nothing(kernel: BlockingKernelClient) -> None:
    assert {kind for kind, _ in said(kernel, watched=False)} == {"stream"}


def test_outside_a_notebook_the_things_just_come() -> None:
    assert list(working("abc", "letters")) == ["a", "b", "c"]
