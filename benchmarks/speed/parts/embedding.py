"""Text vectors: our encoder, MiniLM, and the original of our encoder if it is installed.

Then the task that embeds a table's own texts: the first time, and from the vectors that are kept.
"""

import shutil

from benchmarks.accuracy.peers import original_use
from benchmarks.speed.ours import load_columns, load_encoder, load_minilm
from benchmarks.speed.parts import Setting
from benchmarks.speed.peers.original_encoder import load_original
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, cut_rounds, take_turns
from thumbnail_tasks.engines.embeddings import minilm
from thumbnail_tasks.stages.embeddings import EmbedText

PART = "embedding"
_N_TITLES = 256
_N_ROWS = 1_024


def measure_embedding(setting: Setting) -> list[Row]:
    """Measure the time per title, with one thread each."""
    table, titles = setting.read_titles()
    ours = Contender(f"ours: {EmbedText.selected_engine().name()}", load_encoder)
    peers = [
        Contender(minilm.ENGINE.name(), load_minilm),
        Contender(f"the original ({original_use.PACKAGE})", load_original),
    ]
    rounds = cut_rounds(titles, setting.n_rounds, _N_TITLES)
    contest = take_turns([ours, *peers], rounds, PART)
    by_us = contest.find(ours)
    notes = {}
    if by_us:
        n_texts, seconds = len(by_us.wall_s), sum(by_us.wall_s)
        notes[ours.name] = f"titles of {table}; {n_texts / seconds:,.0f} per second"
    rows = time_rows(PART, "title", contest, notes)
    for peer in peers:
        by_it = contest.find(peer)
        if by_us and by_it:
            rows.append(ratio_row(PART, "time per title, ratio", by_it, by_us))
    return [*rows, *_measure_columns(setting, titles)]


def _measure_columns(setting: Setting, titles: list[str]) -> list[Row]:
    """Measure the task, each time with a table of other titles, and then with a grown one."""
    folder = setting.out / PART
    contenders = [
        Contender("EmbedColumns, the first time", load_columns, (folder, 0)),
        Contender("EmbedColumns, again: of another table", load_columns, (folder, 1)),
    ]
    try:
        contest = take_turns(contenders, cut_rounds(titles, setting.n_rounds, _N_ROWS), PART)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    notes = {
        done.name: f"{len(done.wall_s) / sum(done.wall_s):,.0f} texts per second"
        for done in contest.outcomes
    }
    return time_rows(PART, "distinct title of a table", contest, notes)
