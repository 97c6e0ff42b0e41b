"""Small tasks for a real luigid to schedule."""

import time
from pathlib import Path

import luigi


class Sweep(luigi.Task):
    """Writes its file."""

    path: str = luigi.Parameter()

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(self.path)

    def run(self) -> None:
        Path(self.path).touch()


class WaitForBroom(Sweep):
    """Runs until a file named ``broom`` lies beside its own."""

    def run(self) -> None:
        while not Path(self.path).with_name("broom").exists():
            time.sleep(0.1)
        super().run()


class Stumble(luigi.Task):
    """Fails, and is not tried again."""

    over: str = luigi.Parameter()
    retry_count = 1

    def run(self) -> None:
        raise RuntimeError("the bucket is empty")
