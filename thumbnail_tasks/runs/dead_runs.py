"""Find runs that ended without recording how: their process was killed, or the machine failed."""

import contextlib
import dataclasses
import logging

from thumbnail_tasks.runs import notifications
from thumbnail_tasks.runs.record_files import N_RECENT, read_records, write_record
from thumbnail_tasks.storage.locks import hold_lock

logger = logging.getLogger(__name__)


class _StillRunningError(Exception):
    """The run's process holds its lock."""


def lock_name(run_id: str) -> str:
    """The lock that the process of a run holds until it ends."""
    return f"runs/{run_id}"


def mark_dead_runs(data_dir: str) -> None:
    """Mark the runs that died as such, and report each once.

    Raises:
        StorageError: A record cannot be written.
    """
    for record in read_records(data_dir, N_RECENT):
        if record.state == "running":
            with contextlib.suppress(_StillRunningError):
                with hold_lock(data_dir, lock_name(record.run_id), _refuse):
                    record = dataclasses.replace(record, state="died")
                    write_record(data_dir, record)
                logger.warning("the run of %s UTC died", f"{record.started_at:%Y-%m-%d %H:%M}")
                notifications.send_if_needed(data_dir, record, is_written=True)


def _refuse() -> None:
    raise _StillRunningError
