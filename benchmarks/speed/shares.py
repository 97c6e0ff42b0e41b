"""How much of a run is anything but a model."""

from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from benchmarks.speed.spread import extrapolate

MODEL_TABLES = ("words", "faces", "emotions", "embeddings", "appearance")
"""Of the stages whose seconds count as a model's."""


class Spent(NamedTuple):
    """One run of the whole job, with one worker: its stages do not overlap."""

    n_pictures: int
    wall_s: float
    stages_s: float
    """Of the stages that hold a model, decoding and the models' start-up included."""


class Within(NamedTuple):
    """What these stages do besides running their model."""

    start_up_s: float
    """Imports, weights, first calls."""
    decoding_s: float
    """Of one picture, in all stages together."""


def share_outside(spent: Spent) -> float:
    """The share of a run outside the stages that hold a model, 0 to 1."""
    return 1 - spent.stages_s / spent.wall_s


def share_without_models(spent: Spent, within: Within) -> float:
    """The share of a run that is not a model's arithmetic, 0 to 1: Luigi, files, start-up."""
    inside_s = within.start_up_s + within.decoding_s * spent.n_pictures
    return share_outside(spent) + inside_s / spent.wall_s


def extrapolate_run(small: Spent, large: Spent, n_pictures: int) -> Spent:
    """What a run over more pictures takes, if both parts of its time grow in a line."""
    sizes = (small.n_pictures, large.n_pictures)
    stages_s = extrapolate(sizes, (small.stages_s, large.stages_s), n_pictures)
    outside = (small.wall_s - small.stages_s, large.wall_s - large.stages_s)
    # With noise the smaller run may have more of it.
    outside_s = max(extrapolate(sizes, outside, n_pictures), outside[1])
    return Spent(n_pictures, stages_s + outside_s, stages_s)


def read_stage_seconds(data_dir: Path) -> float:
    """What the stages that hold a model took in all, as their files say."""
    files = [file for table in MODEL_TABLES for file in data_dir.glob(f"{table}/*/*.parquet")]
    return sum(float(pq.read_schema(file).metadata[b"seconds"]) for file in files)
