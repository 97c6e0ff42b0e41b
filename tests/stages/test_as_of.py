"""The plan of an earlier day."""

import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.stages.as_of import plan_as_of


def test_a_day_that_is_yet_to_come_is_refused(tmp_path: Path) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    ids = pa.Table.from_pylist([{"thumbnail_id": "a"}], schemas.THUMBNAIL_IDS)
    with pytest.raises(InputError, match=r"expected \d+-\d+-\d+ \(today in UTC\) or an earlier"):
        plan_as_of(ids, str(tmp_path), "hqdefault", today + datetime.timedelta(2))
    with pytest.raises(InputError, match="expected thumbnails of the table that were fetched"):
        plan_as_of(ids, str(tmp_path), "hqdefault", today)
