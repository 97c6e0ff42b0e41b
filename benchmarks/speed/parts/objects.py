"""Objects: the stage DetectObjects, which the whole job leaves out unless it is asked for."""

from benchmarks.speed.ours import load_objects
from benchmarks.speed.parts import Setting
from benchmarks.speed.table import Row, time_rows
from benchmarks.speed.turns import Contender, cut_rounds, take_turns
from thumbnail_tasks.stages.objects import DetectObjects

PART = "objects"
_N_PICTURES = 32


def measure_objects(setting: Setting) -> list[Row]:
    """Measure the time per picture."""
    name = f"ours: {DetectObjects.selected_engine().name()}"
    ours = Contender(name, load_objects, n_warm_up=_N_PICTURES)
    contents = [picture.read_bytes() for picture in setting.pictures]
    rounds = cut_rounds(contents, setting.n_rounds, _N_PICTURES)
    contest = take_turns([ours], rounds, PART)
    return time_rows(PART, "picture", contest, {name: setting.note})
