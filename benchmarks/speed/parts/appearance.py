"""Appearance: the stage MeasureAppearance beside the notebook's few measures; look-alikes."""

from benchmarks.speed.looks import load_groups
from benchmarks.speed.ours import load_appearance
from benchmarks.speed.parts import Setting
from benchmarks.speed.peers.notebook_appearance import load_notebook_appearance
from benchmarks.speed.spread import Spread, spread
from benchmarks.speed.table import Row, time_rows
from benchmarks.speed.turns import Contender, cut_rounds, take_turns
from benchmarks.tables import Target

PART = "appearance"
_N_PICTURES = 64
_SIZES = (100_000, 1_000_000)
_TARGET = Target("≤", 5.9)  # 5 % of the 118 ms per picture of the whole job


def measure_appearance(setting: Setting) -> list[Row]:
    """Measure the time per picture, and how much of it is for more than the notebook measures."""
    ours = Contender("ours: all columns", load_appearance)
    theirs = Contender("the notebook's measures, the same decoder", load_notebook_appearance)
    contents = [picture.read_bytes() for picture in setting.pictures]
    rounds = cut_rounds(contents, setting.n_rounds, _N_PICTURES)
    contest = take_turns([ours, theirs], rounds, PART)
    rows = time_rows(PART, "picture", contest, {ours.name: setting.note})
    by_us, by_them = contest.find(ours), contest.find(theirs)
    if by_us and by_them:
        wall_ms, cpu_ms = (
            spread([1000 * (us - them) for us, them in zip(*times, strict=True)])
            for times in ((by_us.wall_s, by_them.wall_s), (by_us.cpu_s, by_them.cpu_s))
        )
        about = ("time per picture of the other columns", ours.name, by_us.cases)
        note = "at most 5 % of the whole job"
        target = setting.judge(_TARGET)
        rows.append(Row(PART, *about, wall_ms, cpu_ms, "ms", target, True, note))
    return [*rows, *_measure_groups()]


def _measure_groups() -> list[Row]:
    """Measure the time to group archives of two sizes."""
    ours = Contender("ours: duplicate_group", load_groups, n_warm_up=0)
    done = take_turns([ours], [[size] for size in _SIZES], PART).find(ours)
    return [
        Row(
            *(PART, "grouping thumbnails that look alike", ours.name, f"{size:,} thumbnails"),
            *(Spread(*[seconds] * 3) for seconds in (turn.wall_s, turn.cpu_s)),
            unit="s",
            note=f"{turn.result:,} groups",
        )
        for size, turn in zip(_SIZES, done.turns if done else (), strict=True)
    ]
