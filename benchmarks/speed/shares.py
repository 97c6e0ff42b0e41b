"""The share of a run that is not spent in models."""

from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from benchmarks.speed.spread import extrapolate

MODEL_TABLES = ("words", "faces", "emotions", "embeddings", "appearance")
"""Tables of the stages that run a model."""


class JobTime(NamedTuple):
    """Duration of the whole job with one worker, whose stages do not overlap."""

    n_pictures: int
    wall_s: float
    stages_s: float
    """Duration of the stages with a model, including decoding and start-up of the model."""


class Overhead(NamedTuple):
    """Time in these stages outside of the model."""

    start_up_s: float
    """Imports, loading of weights, first calls."""
    decoding_s: float
    """Decoding of one picture, in all stages together."""


def share_outside(spent: JobTime) -> float:
    """The share of a run outside of the stages with a model, 0 to 1."""
    return 1 - spent.stages_s / spent.wall_s


def share_without_models(spent: JobTime, overhead: Overhead) -> float:
    """The share of a run outside of the models' arithmetic: Luigi, files, start-up; 0 to 1."""
    inside_s = overhead.start_up_s + overhead.decoding_s * spent.n_pictures
    return share_outside(spent) + inside_s / spent.wall_s


def extrapolate_run(small: JobTime, large: JobTime, n_pictures: int) -> JobTime:
    """Extrapolate to more pictures, assuming that both parts of the time grow linearly."""
    sizes = (small.n_pictures, large.n_pictures)
    stages_s = extrapolate(sizes, (small.stages_s, large.stages_s), n_pictures)
    outside = (small.wall_s - small.stages_s, large.wall_s - large.stages_s)
    # Because of noise, the smaller run may have more of it.
    outside_s = max(extrapolate(sizes, outside, n_pictures), outside[1])
    return JobTime(n_pictures, stages_s + outside_s, stages_s)


def read_stage_seconds(data_dir: Path) -> float:
    """Read the total duration of the stages with a model from their files."""
    files = [file for table in MODEL_TABLES for file in data_dir.glob(f"{table}/*/*.parquet")]
    return sum(float(pq.read_schema(file).metadata[b"seconds"]) for file in files)
