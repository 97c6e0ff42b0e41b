"""The progress of a task on Luigi's page."""

from collections.abc import Callable

import luigi
import pytest
from luigi.rpc import RPCError

from thumbnail_tasks.execution.executors import Done
from thumbnail_tasks.tasks.progress import BlockLines, ProgressLines, show_on_page

Shown = list[tuple[str, int]]


class Chore(luigi.Task):
    """Any task."""


def no_luigid(*about: object) -> None:
    raise RPCError("unreachable")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Messages and percentages of a ``Chore``, as Luigi forwards them."""
    shown: Shown = []
    messages: list[str] = []
    methods: dict[str, Callable[..., None]] = {
        "set_status_message": messages.append,
        "set_progress_percentage": lambda share: shown.append((messages[-1], share)),
    }
    for name, method in methods.items():
        monkeypatch.setattr(Chore(), name, method)
    return shown


def test_each_shard_of_a_batch_is_reported_and_all_of_them_at_the_end(shown: Shown) -> None:
    lines = ProgressLines(Chore(), n_parts=2)
    lines.begin(16, "2 of 5")
    lines.finish()
    lines.begin(4, "3 of 5")
    lines.finish()
    messages = [message.partition(" in ")[0] for message, _ in shown]
    assert messages[:4] == [
        *("16 thumbnails of shard 2 of 5", "16 thumbnails"),
        *("4 thumbnails of shard 3 of 5", "4 thumbnails"),
    ]
    assert shown[1][0].endswith("/s, shard 2 of 5)")
    assert shown[-1] == ("20 thumbnails in 2 shards", 100)
    assert [share for _, share in shown] == [0, 50, 50, 100, 100]


def test_a_continued_shard_says_how_much_was_left(shown: Shown) -> None:
    lines = ProgressLines(Chore())
    lines.begin(43, "1 of 1", n_before=16)
    lines(27)
    lines.finish()
    messages = [message for message, _ in shown]
    assert messages[1] == "continued at 16/43 thumbnails (shard 1 of 1)"
    assert messages[-1].startswith("27 of 43 thumbnails in ")


def test_an_unreachable_luigid_loses_the_message_and_not_the_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Chore(), "set_status_message", no_luigid)
    show_on_page(Chore(), "half of it", 0.5)


def test_a_block_is_reported_with_its_nodes(shown: Shown) -> None:
    lines = BlockLines(Chore(), 3, "block 2 of 38")
    for node in ("10.0.0.3", "10.0.0.2", "10.0.0.3"):
        lines.add(Done("shard", node, 5, 1.0))
    messages = [message for message, _ in shown]
    assert messages[0].startswith("block 2 of 38: 1/3 shards, 5 thumbnails (")
    assert messages[0].endswith("; by node: 10.0.0.3 1)")  # one is no rate
    assert messages[-1].startswith("block 2 of 38: 3/3 shards, 15 thumbnails (")
    assert messages[-1].endswith("/s; by node: 10.0.0.2 1, 10.0.0.3 2)")
    assert [share for _, share in shown] == [33, 100]  # the second within the same seconds
