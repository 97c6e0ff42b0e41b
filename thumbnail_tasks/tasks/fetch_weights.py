"""Download models that are not shipped, once, into the caches of their own tools."""

import functools
import logging
import time

import luigi

from thumbnail_tasks import settings
from thumbnail_tasks.console import SECONDS_BETWEEN_LINES, TASK_LINE
from thumbnail_tasks.engines.embeddings import tensorflow_hub
from thumbnail_tasks.engines.interface import Weights
from thumbnail_tasks.engines.text import keras_ocr, ppocr_v5
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError, WeightsError
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.weights.cache import fetch_into_cache, is_cached

logger = logging.getLogger(__name__)


def known_weights() -> dict[str, Weights]:
    """The notebook's models under this process's settings, by name."""
    engines = (keras_ocr.ENGINE, tensorflow_hub.ENGINE)
    return {weights.name: weights for engine in engines for weights in engine.weights()}


class WeightsTarget(luigi.LocalTarget):
    """A model in its cache; a different file at its path does not count."""

    def __init__(self, weights: Weights) -> None:
        super().__init__(str(weights.path))
        self.weights = weights

    def exists(self) -> bool:
        """Whether the model is there; ``run`` reports a different file at its path."""
        try:
            return is_cached(self.weights)
        except (WeightsError, OSError):
            return False


class FetchWeights(luigi.Task):
    """Download models that are not shipped into the caches of their own tools.

    Run it alone to prepare a machine that will be offline. Only the notebook's engines and
    rapidocr-v5 need it.
    """

    weights: str = luigi.Parameter(
        default="",
        description="Models, comma-separated: keras-ocr-detector, keras-ocr-recognizer, "
        "tensorflow-hub-encoder (default: these three), or rapidocr-v5 for all of this engine "
        "(default if it is the selected one)",
    )

    resources = {"download": 1}
    retry_count = 1  # transient failures are retried during the download, from where it stopped

    def selected_weights(self) -> list[Weights]:
        """The models to fetch.

        Raises:
            SettingsError: A name is unknown.
        """
        by_default = known_weights()
        of_v5 = {weights.name: weights for weights in ppocr_v5.ENGINE.weights()}
        known = by_default | of_v5
        names = [name.strip() for name in self.weights.split(",") if name.strip()]
        if ppocr_v5.NAME in names:
            names = [name for name in names if name != ppocr_v5.NAME] + list(of_v5)
        is_v5 = settings.engine_name("text") == ppocr_v5.NAME
        names = names or list(of_v5 if is_v5 else by_default)
        for name in names:
            if name not in known:
                raise SettingsError(
                    f"FetchWeights --weights: expected some of "
                    f"{', '.join([*by_default, ppocr_v5.NAME])}; found: {name!r}"
                )
        return [known[name] for name in names]

    def output(self) -> list[WeightsTarget]:
        return [WeightsTarget(weights) for weights in self.selected_weights()]

    def complete(self) -> bool:
        """Whether all models are there; ``run`` reports errors in the settings."""
        try:
            return all(target.exists() for target in self.output())
        except ThumbnailTasksError:
            return False

    def run(self) -> None:
        failures = []
        for nth, weights in enumerate(self.selected_weights()):
            try:
                sha256 = fetch_into_cache(weights, _Transfer(self, weights, nth))
            except WeightsError as error:  # the others may come from other servers
                failures.append(str(error))
                continue
            pin = f"; to pin it: --tensorflow-hub-sha256 {sha256}" if not weights.sha256 else ""
            message = f"{weights.name} is at {weights.path}{pin if sha256 else ''}"
            logger.info(TASK_LINE, "FetchWeights", message)
        if failures:
            raise WeightsError("\n".join(failures))


@FetchWeights.event_handler(luigi.Event.DEPENDENCY_PRESENT)
@functools.cache  # once per process, not once per task that needs it
def _log_nothing_to_do(task: FetchWeights) -> None:
    for target in task.output():
        message = f"{target.weights.name} is already at {target.path}"
        logger.info(TASK_LINE, "FetchWeights", message)


@FetchWeights.event_handler(luigi.Event.PROCESS_FAILURE)
def _log_process_failure(task: FetchWeights, message: str) -> None:
    logger.error("FetchWeights: %s. The part downloaded so far is kept.", message)


class _Transfer:
    """Reports the progress of a download every few seconds, and at its end."""

    def __init__(self, task: FetchWeights, weights: Weights, nth: int) -> None:
        self._task, self._nth = task, nth
        self._n_files = len(task.selected_weights())
        is_archive = tensorflow_hub.handle_of(weights)
        self._name = weights.name if is_archive else weights.path.name
        self._start_s = self._last_line_s = time.monotonic()
        self._n_bytes_before: int | None = None

    def __call__(self, n_bytes: int, total: int | None) -> None:
        now_s = time.monotonic()
        if self._n_bytes_before is None or n_bytes < self._n_bytes_before:
            self._start_s, self._n_bytes_before = now_s, n_bytes
        if now_s - self._last_line_s < SECONDS_BETWEEN_LINES and n_bytes != total:
            return
        self._last_line_s = now_s
        rate = (n_bytes - self._n_bytes_before) / max(now_s - self._start_s, 1e-9)
        of_total = f"/{total / 1e6:.0f}" if total else ""
        share = (self._nth + n_bytes / (total or n_bytes * 2 or 1)) / self._n_files
        report_progress(
            self._task,
            f"{self._name} {n_bytes / 1e6:.0f}{of_total} MB ({rate / 1e6:.1f} MB/s)",
            share,
        )
