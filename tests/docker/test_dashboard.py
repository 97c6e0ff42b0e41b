"""The dashboard queries existing metrics, with their labels."""

import json
import re
from datetime import UTC, datetime

from tests.docker.box import DOCKER
from thumbnail_tasks.runs.metrics import exposition
from thumbnail_tasks.runs.records import FailureRecord, GpuRecord, Record, StageRecord

DASHBOARD = json.loads((DOCKER / "dashboard.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
"""``test_luigid`` checks the queries of luigid's metrics with a real luigid."""

NOW = datetime(2026, 11, 25, tzinfo=UTC)
STAGE = StageRecord(
    stage="DownloadThumbnails",
    engine="hqdefault-1",
    n_shards_left=2,
    n_thumbnails=3,
    statuses={"ok": 2, "not_found": 1},
    thumbnails_per_second=1.5,
)
RUN = Record(
    run_id="r",
    state="failed",
    task="Nightly",
    command="luigi Nightly",
    folder="/srv",
    host="box",
    started_at=NOW,
    updated_at=NOW,
    ended_at=NOW,
    exit_code=30,
    peak_memory_bytes=1,
    stages=[STAGE],
    failures=[FailureRecord(task="DetectFaces", count=1)],
    gpus=[GpuRecord(index="0", name="NVIDIA X", busy_share=0.5)],
)
"""Has a sample of each metric."""


def test_our_metrics_are_exposed_with_the_displayed_labels() -> None:
    page = exposition(RUN, {"0": 0.5})
    shown = set()
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            for name in re.findall(r"\bthumbnail_tasks_\w+", target["expr"]):
                (sample, *_) = re.findall(rf"^{name}(?:{{(.*)}})? ", page, re.MULTILINE) or [None]
                assert sample is not None, f"{panel['title']}: {name} is not exposed"
                labels = set(re.findall(r'(\w+)="', sample))
                used = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                used |= set(re.findall(r'(\w+)="', target["expr"]))
                assert used <= labels, f"{panel['title']}: {name} has {labels}"
                shown.add(name.removeprefix("thumbnail_tasks_"))
    assert shown >= {"shards_waiting", "thumbnails_per_second", "thumbnails", "gpu_busy_ratio"}


def test_every_query_has_a_known_metric() -> None:
    for query in QUERIES:
        assert re.search(r"\b(?:thumbnail_tasks_|luigi_)\w+|\bup{", query), query


def test_panels_have_distinct_ids_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for position in (panel["gridPos"] for panel in panels)
        for x in range(position["x"], position["x"] + position["w"])
        for y in range(position["y"], position["y"] + position["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
