"""Kill the whole DAG with SIGKILL again and again, at random moments, and let it finish.

    make torture                      # a hundred kills
    make torture KILLS=20 SEED=3      # fewer, and the same ones again
    make torture DATA_DIR=s3://bucket/prefix   # in a bucket, as the AWS_* variables say

A round begins in an empty data directory, kills once to four times (the whole process group, one of
its processes, or luigid itself, which is then started again with its state), and then lets the
command finish. After each round: the same content as an undisturbed run, no file that had been
published written again, nothing left over by writers, and nothing to do for one more run.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.conftest import EXAMPLES, STAGE_TABLES
from tests.dag.contents import content_of
from tests.dag.runs import sample_ids, start, write_videos
from tests.docker.box import Luigid
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import is_s3, join, name_of

_PROCESS_LOST = 30
"""Luigi's exit code when a task was retried, although all results exist in the end."""
_NOT_MISSED_YET = (20, 40)
"""The same while luigid has not pruned the killed run: already running, or not run."""


class HarmError(AssertionError):
    """A kill did harm."""


class KilledLuigid:
    """A central scheduler with its state in a file; it may be killed and restarted."""

    def __init__(self, folder: Path, more: str = "") -> None:
        """``folder`` has its files; ``more`` goes into its luigi.cfg."""
        config = folder / "luigid.cfg"
        config.write_text(
            f"[scheduler]\nstate_path = {folder}/state\nworker_disconnect_delay = 10\n{more}"
        )
        self._luigid = Luigid(folder, {"LUIGI_CONFIG_PATH": str(config)})
        self._stack = contextlib.ExitStack()
        self.port = self._luigid.port

    def start(self) -> None:
        """Start it, with the state of the last one."""
        self._process = self._stack.enter_context(self._luigid.running(subprocess.DEVNULL))

    def ask(self, method: str, **arguments: Any) -> Any:
        """What it answers to a call of its interface."""
        return self._luigid.ask(method, **arguments)

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._stack.close()


@dataclass
class Tally:
    """Counts of what was done."""

    kills: Counter[str] = field(default_factory=Counter)
    rounds: int = 0


@dataclass
class Torture:
    """Rounds of kills over one table of videos."""

    folder: Path
    flags: tuple[str, ...]
    """Flags of the command, besides its data directory."""
    chance: random.Random
    data_dir: str = ""
    """Where the data directories are; default: in ``folder``."""
    tally: Tally = field(default_factory=Tally)
    longest_s: float = 0.0

    def _place(self, name: str) -> str:
        return join(self.data_dir or str(self.folder), name)

    def run_undisturbed(self) -> dict[str, str]:
        """Run once without a kill, for the content to compare with and the duration."""
        started = time.monotonic()
        place = self._place("undisturbed")
        process = start(place, *self.flags)
        printed, _ = process.communicate(timeout=1800)
        if process.returncode:
            raise HarmError(f"the undisturbed run ended with {process.returncode}:\n{printed}")
        self.longest_s = time.monotonic() - started
        self.expected = content_of(place)
        return self.expected

    def run_round(self, n_kills: int, with_luigid: bool) -> None:
        """Kill this often in a fresh data directory, let it finish, and look for harm.

        Raises:
            HarmError: There is some; the data directory is kept.
        """
        data_dir = self._place(f"round{self.tally.rounds}")
        published: dict[str, str] = {}
        with self._scheduler(with_luigid) as luigid:
            flags, how = self.flags, dict[str, Any]()
            if luigid:
                flags += ("--scheduler-port", str(luigid.port))
                how = {"environment": {"LUIGI_CONFIG_PATH": "docker/luigi.cfg"}}
            for _ in range(n_kills):
                process = start(data_dir, *flags, **how)
                self._kill_one(process, luigid)
                published |= _published(data_dir)
                if process.poll() is None:
                    process.communicate(timeout=1800)
                published |= _published(data_dir)
            _make_old(data_dir)
            finish(data_dir, flags, how)
            self._look_for_harm(data_dir, published)
            printed = finish(data_dir, flags, how)
            if "Nothing to do" not in printed:
                raise HarmError(f"{data_dir}: one more run had something to do:\n{printed}")
        self.tally.rounds += 1
        if is_s3(data_dir):
            files.remove([entry.address for entry in files.list_files(data_dir, below=True)])
        else:
            shutil.rmtree(data_dir)

    @contextlib.contextmanager
    def _scheduler(self, is_wanted: bool) -> Iterator[KilledLuigid | None]:
        if not is_wanted:
            yield None
            return
        folder = self.folder / f"luigid{self.tally.rounds}"
        folder.mkdir()
        luigid = KilledLuigid(folder)
        luigid.start()
        try:
            yield luigid
        finally:
            luigid.kill()

    def _kill_one(self, process: subprocess.Popen[str], luigid: KilledLuigid | None) -> None:
        """Wait for a random moment of the run, and kill something."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.chance.uniform(0, self.longest_s))
        if process.poll() is not None:  # it ended first: its results are checked all the same
            process.communicate()
            return
        what = self.chance.choice(["group", "process", *(["luigid"] if luigid else [])])
        if what == "luigid":
            assert luigid is not None
            luigid.kill()
            time.sleep(self.chance.uniform(0, 2))
            luigid.start()
        elif what == "process":
            children = psutil.Process(process.pid).children(recursive=True)
            if not children:
                what = "group"
            else:
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.chance.choice(children).kill()
        if what == "group":
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self.tally.kills[what] += 1

    def _look_for_harm(self, data_dir: str, published: dict[str, str]) -> None:
        content = content_of(data_dir)
        if content != self.expected:
            differing = sorted(
                name
                for name in content.keys() | self.expected.keys()
                if content.get(name) != self.expected.get(name)
            )
            raise HarmError(f"{data_dir}: another content than undisturbed: {differing}")
        now = _published(data_dir)
        again = [address for address, state in published.items() if now.get(address) != state]
        if again:
            raise HarmError(f"{data_dir}: published, and computed again: {again}")
        listed = [entry.address for entry in files.list_files(data_dir, below=True)]
        left = [address for address in listed if "/.writing-" in address]
        if left:
            raise HarmError(f"{data_dir}: left over by writers: {left}")


def finish(data_dir: str, flags: tuple[str, ...], how: Mapping[str, Any]) -> str:
    """Run the command to its end; returns what it printed.

    Raises:
        HarmError: It failed, or for three minutes luigid said that another runs it.
    """
    deadline = time.monotonic() + 180
    while True:
        process = start(data_dir, *flags, **how)
        printed, _ = process.communicate(timeout=1800)
        if process.returncode in (0, _PROCESS_LOST):
            return printed
        if process.returncode not in _NOT_MISSED_YET or time.monotonic() > deadline:
            raise HarmError(f"a run ended with {process.returncode}:\n{printed}")
        time.sleep(1)


def _published(data_dir: str) -> dict[str, str]:
    """Each shard's published file, with what changes when it is written again."""
    found = (files.list_files(join(data_dir, table), below=True) for table in STAGE_TABLES)
    return {
        entry.address: entry.revision
        for entries in found
        for entry in entries
        if not name_of(entry.address).startswith(".")
    }


def _make_old(data_dir: str) -> None:
    """Make leftovers of killed writers two days old."""
    if not is_s3(data_dir):
        for path in Path(data_dir).rglob(".writing-*"):
            os.utime(path, (time.time() - 2 * 86_400,) * 2)


def torture(torture: Torture, n_kills: int, seconds: float) -> Tally:
    """Run rounds until this number of kills is reached, or the time is over.

    Raises:
        HarmError: A kill did harm.
    """
    deadline = time.monotonic() + seconds
    torture.run_undisturbed()
    while torture.tally.kills.total() < n_kills and time.monotonic() < deadline:
        left = n_kills - torture.tally.kills.total()
        torture.run_round(min(left, torture.chance.randint(1, 4)), torture.chance.random() < 0.5)
        say(torture.tally)
    return torture.tally


def say(tally: Tally) -> None:
    """A progress line."""
    kinds = ", ".join(f"{n} × {what}" for what, n in sorted(tally.kills.items()))
    print(f"torture: {tally.kills.total()} kills survived ({kinds}) in {tally.rounds} rounds")


def sample_flags(folder: Path, n_pictures: int, workers: int) -> tuple[str, ...]:
    """The command on the first pictures of the drawn sample, three to a shard."""
    videos = write_videos(folder / "videos.csv", sample_ids(n_pictures))
    return (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "3", "--workers", str(workers)),
    )


def main() -> None:
    """Run with the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, metavar="N")
    parser.add_argument("--seconds", type=float, default=3600, help="no new round after")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--pictures", type=int, default=9, metavar="N")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--data-dir", default="", metavar="ADDRESS", help="a folder, or s3://…")
    chosen = parser.parse_args()
    seed = random.randrange(1_000_000) if chosen.seed is None else chosen.seed
    print(f"torture: seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    flags = sample_flags(folder, chosen.pictures, chosen.workers)
    try:
        rounds = Torture(folder, flags, random.Random(seed), chosen.data_dir)
        tally = torture(rounds, chosen.kills, chosen.seconds)
    except HarmError as harm:
        sys.exit(f"torture: {harm}\nseed {seed}; all is kept in {folder}")
    shutil.rmtree(folder)
    say(tally)


if __name__ == "__main__":
    main()
