"""Small tasks for tests with a real luigid."""

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
    """Runs until a file named ``broom`` is beside its own."""

    def run(self) -> None:
        while not Path(self.path).with_name("broom").exists():
            time.sleep(0.1)
        super().run()


class Stumble(luigi.Task):
    """Fails, and is not retried."""

    over: str = luigi.Parameter()
    retry_count = 1

    def run(self) -> None:
        raise RuntimeError("the bucket is empty")
