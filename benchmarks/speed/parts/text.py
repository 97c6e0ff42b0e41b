"""Words: the stage RecognizeText, RapidOCR with its defaults, and keras-ocr."""

from benchmarks.accuracy.peers.plain_rapidocr import plain_rapidocr
from benchmarks.speed.ours import load_text
from benchmarks.speed.parts import Setting
from benchmarks.speed.peers import keras_ocr_pipeline
from benchmarks.speed.peers.plain import load_one_by_one
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, cut_rounds, take_turns
from benchmarks.tables import Target
from thumbnail_tasks.stages.words import RecognizeText

PART = "text"
_N_PICTURES = 16
_NOTE = "make accuracy compares the words"
_TARGET_RAPIDOCR, _TARGET_KERAS = Target("≥", 2), Target("≥", 8)


def measure_text(setting: Setting) -> list[Row]:
    """Measure the time per picture: ours in batches without bars, the peers on whole pictures."""
    name = f"ours: {RecognizeText.selected_engine().name()}"
    ours = Contender(name, load_text, n_warm_up=_N_PICTURES)
    plain = plain_rapidocr()
    rapidocr = Contender(plain.name, load_one_by_one, (plain.load,))
    keras = Contender("keras-ocr, Pipeline().recognize", keras_ocr_pipeline.load_each, max_items=1)
    contents = [picture.read_bytes() for picture in setting.pictures]
    rounds = cut_rounds(contents, setting.n_rounds, _N_PICTURES)
    contest = take_turns([ours, rapidocr, keras], rounds, PART)
    notes = {name: setting.note}
    by_keras = contest.find(keras)
    if by_keras:
        boxes = sum(turn.result for turn in by_keras.turns) / len(by_keras.turns)
        notes[keras.name] = (
            f"{keras_ocr_pipeline.describe_weights()}: they do not affect the networks' time, but "
            f"determine the number of boxes to recognise, {boxes:.0f} per picture"
        )
    rows = time_rows(PART, "picture", contest, notes)
    by_us = contest.find(ours)
    for peer, target in ((rapidocr, _TARGET_RAPIDOCR), (keras, _TARGET_KERAS)):
        by_peer = contest.find(peer)
        if by_us and by_peer:
            rows.append(ratio_row(PART, "time per picture, ratio", by_peer, by_us, target, _NOTE))
    return rows
